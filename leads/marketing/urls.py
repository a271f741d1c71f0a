from django.urls import path

from .views import contact, distance, mails, templates, unsubscribing

app_name = "marketing"
urlpatterns = [
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
    path("unsubscribe/<str:token>/", unsubscribing.unsubscription, name="unsubscription"),
]
