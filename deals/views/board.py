from datetime import date, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from leads.domain.recycling import local_date
from pipeline_crm.accounts.models import User
from pipeline_crm.accounts.opening import first_view, views_of
from pipeline_crm.foundation.answers import page_path
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, for_everyone_signed_in

from .. import queries
from ..domain import recycling
from ..filters import DealFilter
from ..forms import ActivityForm, NewDealForm
from ..models import Deal, LostReason, Pipeline, StageKind
from .answers import answer


@for_everyone_signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Sales people start on their board; without any pipeline the settings show how to make one."""
    pipeline = Pipeline.objects.visible_to(request.user).first()
    return redirect("deals:board", pipeline.pk) if pipeline else redirect("deals:pipelines")


@acts_on(Pipeline)
@require_GET
def board(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    if chosen := first_view(request, DealFilter):
        return chosen
    context = board_of(request, pipeline, DealFilter.asked_by(request))
    return render_page(request, "deals/board.html", context, fragments=["board"])


def board_of(request: HttpRequest, pipeline: Pipeline, filter: DealFilter) -> dict:
    """What the board's page shows under that filter."""
    at = timezone.now()
    board = queries.board(pipeline, user=request.user, filter=filter, at=at)
    return {
        "board": board,
        "filter": filter,
        "pipeline": pipeline,
        **views_of(request, "deals:board", "deals:table", filter, pipeline.pk),
        "pipelines": Pipeline.objects.visible_to(request.user),
        "new_deal_form": NewDealForm(user=request.user, initial={"pipeline": pipeline.pk}, auto_id="new_%s"),
        "lost_reasons": lost_reasons(at),
        "bulk": chosen_bar(pipeline) | {"stages": [(column.key, column.name) for column in board.columns]},
        "today": local_date(at),
        "at": at,
    }


def lost_reasons(at: datetime) -> list[tuple[LostReason, date]]:
    """Each reason with the day to contact again that it proposes."""
    return [
        (reason, recycling.proposed_day(reason, at))
        for reason in LostReason.objects.filter(archived_at=None).select_related("norm")
    ]


def chosen_bar(pipeline: Pipeline) -> dict:
    """What the bar that acts on several deals offers."""
    return {
        "url": reverse("deals:bulk", args=[pipeline.pk]),
        "stages": pipeline.stages.in_use().exclude(kind=StageKind.LOST).values_list("pk", "name"),
        "owners": User.objects.filter(is_active=True),
        "plan_form": ActivityForm(auto_id="plan_%s"),
    }


@acts_on(Pipeline)
@require_GET
def column(request: HttpRequest, pipeline: Pipeline, stage_pk: int) -> HttpResponse:
    """The next cards of a column."""
    stage = pipeline.stages.in_use().filter(pk=stage_pk).first()
    if stage is None:
        raise Http404
    filter = DealFilter.asked_by(request)
    at = timezone.now()
    cards = queries.more_cards(stage, user=request.user, filter=filter, after=request.GET.get("after", ""), at=at)
    context = {"cards": cards, "stage": stage, "pipeline": pipeline, "filter": filter}
    return render_page(request, "deals/column.html", context, fragments=["cards"])


@acts_on(Deal.objects.select_related("pipeline", "stage"))
@require_GET
def card(request: HttpRequest, deal: Deal) -> HttpResponse:
    """One card and the heads, for boards that heard of a change; typed by hand, the deal's page."""
    if not request.htmx:
        return redirect("deals:deal", deal.pk)
    if page_path(request) != reverse("deals:board", args=[deal.pipeline_id]):
        return HttpResponse(status=204)  # it is on the board of another pipeline
    return answer(request, deal)
