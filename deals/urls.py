from django.urls import path

from .views import board, deal, pipelines, steps

app_name = "deals"
urlpatterns = [
    path("", board.home, name="home"),
    path("sales/<int:pk>/", board.board, name="board"),
    path("sales/<int:pk>/columns/<int:stage_pk>/", board.column, name="column"),
    path("leads/<int:pk>/acceptance/", deal.acceptance, name="acceptance"),
    path("deals/new/", deal.new, name="new"),
    path("deals/<int:pk>/", deal.deal, name="deal"),
    path("deals/<int:pk>/card/", board.card, name="card"),
    path("deals/<int:pk>/stage/", steps.stage, name="stage"),
    path("deals/<int:pk>/closure/", steps.closure, name="closure"),
    path("deals/<int:pk>/reopening/", steps.reopening, name="reopening"),
    path("deals/<int:pk>/recycling/", steps.recycling_, name="recycling"),
    path("deals/<int:pk>/undoing/", steps.undoing_, name="undoing"),
    path("deals/<int:pk>/corrections/", steps.corrections, name="corrections"),
    path("deals/<int:pk>/facts/", deal.facts, name="facts"),
    path("deals/<int:pk>/activities/", deal.activities, name="activities"),
    path("deals/<int:pk>/activities/<int:activity_pk>/outcome/", deal.activity_done, name="activity_done"),
    path("deals/<int:pk>/activities/<int:activity_pk>/date/", deal.activity_rescheduling, name="activity_rescheduling"),
    path("deals/<int:pk>/notes/", deal.notes, name="notes"),
    path("settings/pipelines/", pipelines.pipelines, name="pipelines"),
    path("settings/pipelines/new/", pipelines.new_pipeline, name="new_pipeline"),
    path("settings/pipelines/<int:pk>/stages/", pipelines.new_stage, name="new_stage"),
    path("settings/stages/<int:pk>/", pipelines.stage, name="stage_rules"),
    path("settings/stages/<int:pk>/order/", pipelines.order, name="stage_order"),
    path("settings/stages/<int:pk>/kind/", pipelines.kind, name="stage_kind"),
    path("settings/stages/<int:pk>/retirement/", pipelines.retirement, name="stage_retirement"),
]
