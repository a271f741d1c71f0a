from django.urls import path

from . import improvement_pages, judgement_pages, print_pages, target_pages, views, what_if_pages

app_name = "analytics"
urlpatterns = [
    path("settings/targets/", target_pages.targets, name="targets"),
    path("settings/targets/<int:pk>/withdrawal/", target_pages.withdrawal, name="target_withdrawal"),
    path("insight/", views.home, name="home"),
    path("insight/cards/", views.cards, name="cards"),
    path("insight/judgement/", judgement_pages.judgement, name="judgement"),
    path("insight/judgement/submissions/", judgement_pages.submissions, name="submissions"),
    path("insight/judgement/overrides/", judgement_pages.overrides, name="overrides"),
    path("insight/judgement/<slug:table>.json", judgement_pages.table_as_json, name="judgement_as_json"),
    path("insight/judgement/<slug:table>.csv", judgement_pages.table_as_csv, name="judgement_as_csv"),
    path("insight/improvements/", improvement_pages.improvements, name="improvements"),
    path("insight/improvements/<int:pk>/giving-up/", improvement_pages.giving_up, name="giving_up"),
    path("insight/printed/", print_pages.all_printed, name="all_printed"),
    path("insight/printed.pdf", print_pages.all_printed_as_pdf, name="all_printed_as_pdf"),
    path("insight/<slug:name>/printed/", print_pages.printed, name="printed"),
    path("insight/<slug:name>.pdf", print_pages.printed_as_pdf, name="printed_as_pdf"),
    path("insight/what-if/", what_if_pages.what_if, name="what_if"),
    path("insight/what-if/answer/", what_if_pages.answer, name="what_if_answer"),
    path("insight/what-if/exactly/", what_if_pages.exactly, name="what_if_exactly"),
    path("insight/what-if/scenarios/", what_if_pages.kept, name="scenarios"),
    path("insight/what-if/scenarios/<int:pk>/removal/", what_if_pages.removal, name="scenario_removal"),
    path("insight/what-if/scenarios/<int:pk>/return/", what_if_pages.coming_back, name="scenario_return"),
    path("insight/<slug:name>/", views.report, name="report"),
    path("insight/<slug:name>.json", views.report_as_json, name="report_as_json"),
    path("insight/<slug:name>.csv", views.report_as_csv, name="report_as_csv"),
    path("insight/<slug:name>/<slug:table>.json", views.table_as_json, name="table_as_json"),
    path("insight/<slug:name>/<slug:table>.csv", views.table_as_csv, name="table_as_csv"),
]
