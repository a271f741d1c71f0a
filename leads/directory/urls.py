from django.urls import path

from .views import forgetting, merging, organisations, people

app_name = "directory"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/facts/", people.facts, name="person_facts"),
    path("people/<int:pk>/merging/", merging.people, name="person_merging"),
    path("people/<int:pk>/export/", forgetting.export, name="person_export"),
    path("people/<int:pk>/erasure/", forgetting.erasure, name="person_erasure"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/<int:pk>/", organisations.organisation, name="organisation"),
    path("organisations/<int:pk>/merging/", merging.organisations, name="organisation_merging"),
    path("leads/<int:pk>/merging/", merging.leads, name="lead_merging"),
    path("merges/<int:pk>/undoing/", merging.undoing, name="merge_undoing"),
]
