"""What a board that is open asks, to follow what others change."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from pipeline_crm.foundation import catching_up, sharing
from pipeline_crm.foundation.board import CARDS_AT_ONCE
from pipeline_crm.foundation.permissions import acts_on

from ..models import Deal, Pipeline
from .answers import arrivals


@acts_on(Pipeline)
@require_GET
def changes(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    """Which deals have changed since the cursor, and which of the `shown` ones one may see no more."""
    deals = Deal.objects.filter(pipeline=pipeline)
    shown = catching_up.ids(request.GET.get("shown", ""), most=catching_up.MOST)
    visible = deals.visible_to(request.user)
    return JsonResponse(catching_up.changes(deals, visible, since=request.GET.get("since", ""), shown=shown))


@acts_on(Pipeline)
@require_GET
def cards(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    """Several cards and the heads, for boards that heard of changes; those one may not see are left out."""
    if not request.htmx:
        return redirect("deals:board", pipeline.pk)
    asked = catching_up.ids(request.GET.get("ids", ""), most=CARDS_AT_ONCE)
    deals = Deal.objects.filter(pipeline=pipeline)
    held = catching_up.cursor_now()
    ids = sorted(deals.filter(pk__in=asked).visible_to(request.user).values_list("pk", flat=True))
    key = ("deals", held, pipeline.pk, *ids, sharing.asked_by(request), deals.sight_of(request.user))
    return sharing.shared(key, lambda: arrivals(request, pipeline, ids))
