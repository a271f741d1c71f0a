"""What a board that is open asks, to follow what others change."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from pipeline_crm.foundation import catching_up, sharing
from pipeline_crm.foundation.board import CARDS_AT_ONCE
from pipeline_crm.foundation.permissions import for_everyone_signed_in

from ..models import Lead
from .answers import arrivals


@for_everyone_signed_in
@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """Which leads have changed since the cursor, and which of the `shown` ones one may see no more."""
    leads = Lead.objects.all()
    shown = catching_up.ids(request.GET.get("shown", ""), most=catching_up.MOST)
    visible = leads.visible_to(request.user)
    return JsonResponse(catching_up.changes(leads, visible, since=request.GET.get("since", ""), shown=shown))


@for_everyone_signed_in
@require_GET
def cards(request: HttpRequest) -> HttpResponse:
    """Several cards and the heads, for boards that heard of changes; those one may not see are left out."""
    if not request.htmx:
        return redirect("leads:board")
    asked = catching_up.ids(request.GET.get("ids", ""), most=CARDS_AT_ONCE)
    held = catching_up.cursor_now()
    ids = sorted(Lead.objects.filter(pk__in=asked).visible_to(request.user).values_list("pk", flat=True))
    key = ("leads", held, *ids, sharing.asked_by(request), Lead.objects.sight_of(request.user))
    return sharing.shared(key, lambda: arrivals(request, ids))
