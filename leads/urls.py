from django.urls import path

from .views import adding, board, bulk, changes, lead, steps

app_name = "leads"
urlpatterns = [
    path("marketing/", board.board, name="board"),
    path("marketing/changes/", changes.changes, name="changes"),
    path("marketing/cards/", changes.cards, name="cards"),
    path("marketing/columns/<slug:stage>/", board.column, name="column"),
    path("marketing/bulk/", bulk.bulk, name="bulk"),
    path("marketing/bulk/<int:batch_pk>/undoing/", bulk.undoing, name="bulk_undoing"),
    path("leads/new/", adding.new, name="new"),
    path("leads/<int:pk>/", lead.lead, name="lead"),
    path("leads/<int:pk>/card/", board.card, name="card"),
    path("leads/<int:pk>/stage/", steps.stage, name="stage"),
    path("leads/<int:pk>/waking/", steps.waking, name="waking"),
    path("leads/<int:pk>/undoing/", steps.undoing_, name="undoing"),
    path("leads/<int:pk>/corrections/", steps.corrections, name="corrections"),
    path("leads/<int:pk>/organisation/", lead.organisation, name="organisation"),
    path("leads/<int:pk>/facts/", lead.facts, name="facts"),
    path("leads/<int:pk>/checklist/", lead.checklist, name="checklist"),
    path("leads/<int:pk>/activities/", lead.activities, name="activities"),
    path("leads/<int:pk>/activities/<int:activity_pk>/outcome/", lead.activity_done, name="activity_done"),
    path("leads/<int:pk>/activities/<int:activity_pk>/date/", lead.activity_rescheduling, name="activity_rescheduling"),
    path("leads/<int:pk>/notes/", lead.notes, name="notes"),
]
