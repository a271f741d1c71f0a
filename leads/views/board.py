from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline_crm.accounts.models import User
from pipeline_crm.accounts.opening import first_view, views_of
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, for_everyone_signed_in

from .. import queries
from ..domain.recycling import local_date
from ..filters import LeadFilter
from ..forms import ActivityForm, NewLeadForm
from ..models import OPEN_STAGES, DisqualifyReason, HandBackReason, Lead, LeadStage
from .answers import answer


@for_everyone_signed_in
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    if chosen := first_view(request, LeadFilter):
        return chosen
    context = board_of(request, LeadFilter.asked_by(request))
    return render_page(request, "leads/board.html", context, fragments=["board"])


def board_of(request: HttpRequest, filter: LeadFilter) -> dict:
    """What the board's page shows under that filter."""
    at = timezone.now()
    return {
        "board": queries.board(user=request.user, filter=filter, at=at),
        "filter": filter,
        **views_of(request, "leads:board", "", filter),
        "new_lead_form": NewLeadForm(auto_id="new_%s"),
        "disqualify_reasons": DisqualifyReason.objects.filter(archived_at=None),
        "handback_reasons": HandBackReason.objects.filter(archived_at=None),
        "bulk": {
            "url": reverse("leads:bulk"),
            "stages": [(stage.value, stage.label) for stage in OPEN_STAGES if stage != LeadStage.WAITING],
            "owners": User.objects.filter(is_active=True),
            "plan_form": ActivityForm(auto_id="plan_%s"),
        },
        "today": local_date(at),
        "at": at,
    }


@for_everyone_signed_in
@require_GET
def column(request: HttpRequest, stage: str) -> HttpResponse:
    """The next cards of a column."""
    if stage not in OPEN_STAGES:
        raise Http404
    filter = LeadFilter.asked_by(request)
    after = request.GET.get("after", "")
    cards = queries.more_cards(stage, user=request.user, filter=filter, after=after, at=timezone.now())
    return render_page(
        request, "leads/column.html", {"cards": cards, "stage": stage, "filter": filter}, fragments=["cards"]
    )


@acts_on(Lead)
@require_GET
def card(request: HttpRequest, lead: Lead) -> HttpResponse:
    """One card and the heads, for boards that heard of a change; typed by hand, the lead's page."""
    if not request.htmx:
        return redirect("leads:lead", lead.pk)
    return answer(request, lead)
