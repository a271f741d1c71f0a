from django.urls import path

from . import target_pages, views

app_name = "analytics"
urlpatterns = [
    path("settings/targets/", target_pages.targets, name="targets"),
    path("settings/targets/<int:pk>/withdrawal/", target_pages.withdrawal, name="target_withdrawal"),
    path("insight/", views.home, name="home"),
    path("insight/cards/", views.cards, name="cards"),
    path("insight/<slug:name>/", views.report, name="report"),
    path("insight/<slug:name>.json", views.report_as_json, name="report_as_json"),
    path("insight/<slug:name>.csv", views.report_as_csv, name="report_as_csv"),
]
