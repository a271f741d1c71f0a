"""Several deals at once: one POST, one transaction, and a word about every deal that did not follow."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from leads.models import Batch
from pipeline_crm.foundation.answers import back, first_error, page_path, page_query
from pipeline_crm.foundation.bulk import happening, tell
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.permissions import acts_on
from pipeline_crm.foundation.requests import once
from pipeline_crm.foundation.together import Outcome

from ..domain import together
from ..filters import DealFilter
from ..forms import TogetherForm
from ..models import Deal, Pipeline
from .board import board_of
from .table import filter_of_page, table_of


@acts_on(Pipeline)
@require_POST
@once
def bulk(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    """Move, assign, plan for, lose or nurture the chosen deals; each is asked for its own rights."""
    form = TogetherForm(request.POST, pipeline=pipeline)
    if not form.is_valid():
        raise first_error(form)
    outcome = _act(request, pipeline, form.cleaned_data)
    say = _what_happened(form.cleaned_data, len(outcome.done))
    undo = reverse("deals:bulk_undoing", args=[pipeline.pk, outcome.batch.pk]) if outcome.batch else ""
    return answered(request, pipeline, outcome, say=say, undo=undo)


@acts_on(Pipeline)
@require_POST
@once
def undoing(request: HttpRequest, pipeline: Pipeline, batch_pk: int) -> HttpResponse:
    """Take a batch of one's own back."""
    batch = get_object_or_404(Batch, pk=batch_pk, by=request.user, kind__in=together.KINDS.values())
    outcome = together.undo(batch, **_common(request, pipeline))
    n = len(outcome.done)
    say = ngettext("Undone for %(n)s deal.", "Undone for %(n)s deals.", n) % {"n": n}
    return answered(request, pipeline, outcome, say=say)


def answered(request: HttpRequest, pipeline: Pipeline, outcome: Outcome, *, say: str, undo: str = "") -> HttpResponse:
    """The part of the page that shows the cards, anew, and word of what was done; a plain form goes back."""
    if not is_fragment_request(request):
        tell(request, outcome, say=say)
        return back(request, reverse("deals:board", args=[pipeline.pk]))
    triggers = {"bulk-done": happening(outcome, say=say, undo=undo)}
    if page_path(request) == reverse("deals:table", args=[pipeline.pk]):
        context = table_of(request, pipeline, filter_of_page(request, pipeline))
        return render_page(request, "deals/table.html", context, fragments=["rows"], triggers=triggers)
    filter = DealFilter(page_query(request))
    context = board_of(request, pipeline, filter if filter.is_valid() else DealFilter.none())
    return render_page(request, "deals/board.html", context, fragments=["board"], triggers=triggers)


def _act(request: HttpRequest, pipeline: Pipeline, sent: dict) -> Outcome:
    asked, common = sent["cards"], _common(request, pipeline)
    lost = {"reason": sent["reason"], "note": sent["note"]}
    match sent["action"]:
        case together.MOVE:
            return together.move(asked, to=sent["to"], **common)
        case together.OWNER:
            return together.assign(asked, owner=sent["owner"], **common)
        case together.PLAN:
            step = {name: sent[name] for name in ("kind", "subject", "due_on")}
            return together.plan(asked, **step, **common)
        case together.LOSE if not sent["recycle"]:
            return together.lose(asked, **lost, **common)
        case _nurture:
            return together.nurture(asked, **lost, contact_again_on=sent["contact_again_on"], **common)


def _common(request: HttpRequest, pipeline: Pipeline) -> dict:
    deals = Deal.objects.filter(pipeline=pipeline).visible_to(request.user)
    return {
        "among": deals.select_related("stage", "organisation", "person"),
        "may": lambda deal: request.user.has_perm("deals.change_deal", deal),
        "by": request.user,
        "at": timezone.now(),
    }


def _what_happened(sent: dict, n: int) -> str:
    if not n:
        return _("Nothing was changed.")
    match sent["action"]:
        case together.MOVE:
            words = ngettext("%(n)s deal moved to %(stage)s.", "%(n)s deals moved to %(stage)s.", n)
        case together.OWNER:
            words = ngettext("%(n)s deal is now %(owner)s's.", "%(n)s deals are now %(owner)s's.", n)
        case together.PLAN:
            words = ngettext("Next step planned for %(n)s deal.", "Next step planned for %(n)s deals.", n)
        case together.LOSE if not sent["recycle"]:
            words = ngettext("%(n)s deal is lost.", "%(n)s deals are lost.", n)
        case _nurture:
            words = ngettext("%(n)s deal goes back to nurturing.", "%(n)s deals go back to nurturing.", n)
    return words % {"n": n, "stage": sent["to"], "owner": sent["owner"]}
