"""Several leads at once: one POST, one transaction, and a word about every lead that did not follow."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pipeline_crm.foundation.answers import back, first_error, page_query
from pipeline_crm.foundation.bulk import happening, tell
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.permissions import for_everyone_signed_in
from pipeline_crm.foundation.requests import once
from pipeline_crm.foundation.together import Outcome

from ..domain import together
from ..filters import LeadFilter
from ..forms import TogetherForm
from ..models import Batch, Lead, LeadStage
from .board import board_of


@for_everyone_signed_in
@require_POST
@once
def bulk(request: HttpRequest) -> HttpResponse:
    """Move, assign, plan for or disqualify the chosen leads; each is asked for its own rights."""
    form = TogetherForm(request.POST)
    if not form.is_valid():
        raise first_error(form)
    outcome = _act(request, form.cleaned_data)
    say = _what_happened(form.cleaned_data, len(outcome.done))
    undo = reverse("leads:bulk_undoing", args=[outcome.batch.pk]) if outcome.batch else ""
    return answered(request, outcome, say=say, undo=undo)


@for_everyone_signed_in
@require_POST
@once
def undoing(request: HttpRequest, batch_pk: int) -> HttpResponse:
    """Take a batch of one's own back."""
    batch = get_object_or_404(Batch, pk=batch_pk, by=request.user, kind__in=together.KINDS.values())
    outcome = together.undo(batch, **_common(request))
    n = len(outcome.done)
    return answered(request, outcome, say=ngettext("Undone for %(n)s lead.", "Undone for %(n)s leads.", n) % {"n": n})


def answered(request: HttpRequest, outcome: Outcome, *, say: str, undo: str = "") -> HttpResponse:
    """The board anew, and word of what was done; a plain form goes back."""
    if not is_fragment_request(request):
        tell(request, outcome, say=say)
        return back(request, reverse("leads:board"))
    filter = LeadFilter(page_query(request))
    filter = filter if filter.is_valid() else LeadFilter.none()
    triggers = {"bulk-done": happening(outcome, say=say, undo=undo)}
    return render_page(request, "leads/board.html", board_of(request, filter), fragments=["board"], triggers=triggers)


def _act(request: HttpRequest, sent: dict) -> Outcome:
    asked, common = sent["cards"], _common(request)
    match sent["action"]:
        case together.MOVE:
            return together.move(asked, to=sent["to"], reason=sent["reason"], **common)
        case together.OWNER:
            return together.assign(asked, owner=sent["owner"], **common)
        case together.PLAN:
            step = {name: sent[name] for name in ("kind", "subject", "due_on")}
            return together.plan(asked, **step, **common)
        case _disqualify:
            return together.move(asked, to=LeadStage.DISQUALIFIED, reason=sent["reason"], **common)


def _common(request: HttpRequest) -> dict:
    return {
        "among": Lead.objects.visible_to(request.user).select_related("organisation", "person"),
        "may": lambda lead: request.user.has_perm("leads.change_lead", lead),
        "by": request.user,
        "at": timezone.now(),
    }


def _what_happened(sent: dict, n: int) -> str:
    if not n:
        return _("Nothing was changed.")
    match sent["action"]:
        case together.MOVE:
            words = ngettext("%(n)s lead moved to %(stage)s.", "%(n)s leads moved to %(stage)s.", n)
        case together.OWNER:
            words = ngettext("%(n)s lead is now %(owner)s's.", "%(n)s leads are now %(owner)s's.", n)
        case together.PLAN:
            words = ngettext("Next step planned for %(n)s lead.", "Next step planned for %(n)s leads.", n)
        case _disqualify:
            words = ngettext("%(n)s lead is disqualified.", "%(n)s leads are disqualified.", n)
    stage = LeadStage(sent["to"]).label if sent["to"] else ""
    return words % {"n": n, "stage": stage, "owner": sent["owner"]}
