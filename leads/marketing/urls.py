from django.urls import path

from .views import cadences, contact, distance, mails, templates, unsubscribing

app_name = "marketing"
urlpatterns = [
    path("marketing/cadences/", cadences.cadences, name="cadences"),
    path("marketing/cadences/new/", cadences.new, name="new_cadence"),
    path("marketing/cadences/<int:pk>/", cadences.cadence, name="cadence"),
    path("marketing/cadences/<int:pk>/archiving/", cadences.archiving, name="cadence_archiving"),
    path("marketing/cadences/<int:pk>/steps/", cadences.steps, name="cadence_steps"),
    path("marketing/steps/<int:pk>/", cadences.step, name="cadence_step"),
    path("marketing/steps/<int:pk>/retirement/", cadences.retirement, name="cadence_step_retirement"),
    path("marketing/mails/", mails.mails, name="mails"),
    path("marketing/mails/<int:pk>/", mails.mail, name="mail"),
    path("marketing/mails/<int:pk>/cancellation/", mails.cancellation, name="mail_cancellation"),
    path("marketing/mails/<int:pk>/retrial/", mails.retrial, name="mail_retrial"),
    path("marketing/templates/", templates.templates, name="templates"),
    path("marketing/templates/new/", templates.new, name="new_template"),
    path("marketing/templates/<int:pk>/", templates.template, name="template"),
    path("marketing/templates/<int:pk>/archiving/", templates.archiving, name="template_archiving"),
    path("marketing/distance/", distance.distance, name="distance"),
    path("marketing/distance/rules/", distance.rules, name="distance_rules"),
    path("marketing/distance/holidays/", distance.holidays, name="holidays"),
    path("marketing/distance/holidays/<int:pk>/removal/", distance.holiday_removal, name="holiday_removal"),
    path("leads/<int:pk>/contact/", contact.contact, name="contact"),
    path("leads/<int:pk>/contact/mails/", contact.mails, name="contact_mails"),
    path("leads/<int:pk>/contact/consents/", contact.consents, name="contact_consents"),
    path("leads/<int:pk>/contact/withdrawal/", contact.withdrawal, name="contact_withdrawal"),
    path("leads/<int:pk>/contact/cadence/", contact.cadence, name="contact_cadence"),
    path("leads/<int:pk>/contact/cadence/<slug:act>/", contact.cadence_act, name="contact_cadence_act"),
    path("unsubscribe/<str:token>/", unsubscribing.unsubscription, name="unsubscription"),
]
