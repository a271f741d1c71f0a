"""How a change of a deal is answered: fragments of the board and the panel for htmx, the deal's page otherwise."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request

from .. import queries
from ..filters import DealFilter
from ..forms import ActivityForm, FactsForm, NoteForm
from ..models import Deal, LostReason, StageKind


def moved(request: HttpRequest, deal: Deal, *, say: str, undo: bool = True) -> HttpResponse:
    """The deal's card, where its board still shows it, the heads of all columns, and words to announce."""
    if not is_fragment_request(request):
        return back(request, deal)
    happening = {
        "id": deal.pk,
        "version": deal.version,
        "stage": deal.stage_id,
        "kind": deal.stage.kind,
        "say": say,
        "undo": reverse("deals:undoing", args=[deal.pk]) if undo else "",
    }
    return render_page(
        request,
        "deals/board.html",
        board_context(request, deal),
        fragments=["answer"],
        triggers={"card-moved": happening},
    )


def not_moved(request: HttpRequest, deal: Deal, refusal: Refusal) -> HttpResponse:
    """The card as it really is, and why nothing was changed."""
    if not is_fragment_request(request):
        raise refusal
    deal = Deal.objects.select_related("stage__pipeline").get(pk=deal.pk)
    response = render_page(
        request, "deals/board.html", board_context(request, deal), fragments=["answer"], status=refusal.status
    )
    facts = {"fields": refusal.facts.get("fields", []), "stage": deal.stage_id, "id": deal.pk, "kind": deal.stage.kind}
    return trigger_client_event(response, "refused", {"message": str(refusal), "status": refusal.status, **facts})


def invalid(request: HttpRequest, deal: Deal, form) -> HttpResponse:
    """What was sent does not fit: say it in the first error's words."""
    field, errors = next(iter(form.errors.items()))
    label = form.fields[field].label if field in form.fields and form.fields[field].label else field
    sentence = str(errors[0]) if field in ("__all__", "reason") else f"{label}: {errors[0]}"
    refusal = Refusal(sentence, fields=[field])
    refusal.status = 422
    return not_moved(request, deal, refusal)


def board_context(request: HttpRequest, deal: Deal) -> dict:
    """The card and the column heads under the filter of the page the request came from."""
    at = timezone.now()
    filter = filter_of_page(request)
    board = queries.board(deal.pipeline, user=request.user, filter=filter, at=at, with_cards=False)
    shown = deal.stage.kind != StageKind.LOST
    return {"board": board, "deal": queries.face(deal, at=at) if shown else None, "filter": filter}


def filter_of_page(request: HttpRequest) -> DealFilter:
    """The filter in the address bar of the page that sent the request, or none."""
    query = urlsplit(request.htmx.current_url or "").query if request.htmx else ""
    form = DealFilter(QueryDict(query))
    return form if form.is_valid() else DealFilter.none()


def panel_or_page(request: HttpRequest, deal: Deal, *, status: int = 200, triggers=None, **extra) -> HttpResponse:
    """The deal's page, or its panel when htmx asks."""
    panel = queries.panel(deal, at=timezone.now())
    context = {
        "panel": panel,
        "deal": panel.deal,
        "may_change": request.user.has_perm("deals.change_deal", deal),
        "activity_form": ActivityForm(auto_id="activity_%s"),
        "note_form": NoteForm(auto_id="note_%s"),
        "facts_form": FactsForm(instance=panel.deal, auto_id="fact_%s"),
        "lost_reasons": LostReason.objects.filter(archived_at=None),
        **extra,
    }
    return render_page(request, "deals/deal.html", context, fragments=["panel"], status=status, triggers=triggers)


def changed(request: HttpRequest, deal: Deal, say: str = "") -> HttpResponse:
    """After a change inside the panel: the panel anew, and word to the board that the card looks different."""
    if not is_fragment_request(request):
        return back(request, deal)
    return panel_or_page(
        request, deal, triggers={"card-changed": {"id": deal.pk, "version": deal.version, "say": say or _("Saved.")}}
    )


def back(request: HttpRequest, deal: Deal) -> HttpResponse:
    """To where the plain form was, if that is a page of ours."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return redirect(target)
    return redirect("deals:deal", deal.pk)
