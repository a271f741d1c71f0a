from django.urls import path

from .views import contact, distance

app_name = "marketing"
urlpatterns = [
    path("marketing/distance/", distance.distance, name="distance"),
    path("marketing/distance/rules/", distance.rules, name="distance_rules"),
    path("marketing/distance/holidays/", distance.holidays, name="holidays"),
    path("marketing/distance/holidays/<int:pk>/removal/", distance.holiday_removal, name="holiday_removal"),
    path("leads/<int:pk>/contact/", contact.contact, name="contact"),
]
