"""How a change of a deal is answered: fragments of the board and the panel for htmx, a redirect otherwise."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from leads.domain.recycling import local_date, was_let_go
from leads.models import LeadStage
from pipeline_crm.foundation.answers import back, first_error, page_path, page_query
from pipeline_crm.foundation.board import Arrival
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.revision import ChangedMeanwhile

from .. import queries
from ..domain.admitting import FieldsMissing
from ..domain.recycling import proposed_day
from ..filters import DealFilter
from ..forms import ActivityForm, FactsForm, LineForm, NoteForm, OrganisationForm
from ..models import Deal, LostReason, Pipeline, StageKind


def moved(request: HttpRequest, deal: Deal, *, say: str, undo: bool = True) -> HttpResponse:
    """The deal's card, where its board still shows it, the heads of all columns, and words to announce."""
    if not is_fragment_request(request):
        return back(request, page_of(deal))
    happening = {
        "id": deal.pk,
        "version": deal.version,
        "stage": deal.stage_id,
        "kind": deal.stage.kind,
        "say": say,
        "undo": reverse("deals:undoing", args=[deal.pk]) if undo else "",
    }
    return answer(request, deal, triggers={"card-moved": happening})


def not_moved(request: HttpRequest, deal: Deal, refusal: Refusal, missing: FactsForm | None = None) -> HttpResponse:
    """The card as it really is, why nothing was changed, and the form of what the stage asks for."""
    if not is_fragment_request(request):
        raise refusal
    deal = Deal.objects.select_related("stage", "pipeline").get(pk=deal.pk)
    if isinstance(refusal, FieldsMissing):
        missing = FactsForm.asking_for(refusal.facts["fields"], deal)
    response = answer(request, deal, status=refusal.status, missing=missing)
    why = {
        "message": str(refusal),
        "status": refusal.status,
        "fields": refusal.facts.get("fields", []),
        "anyway": refusal.facts.get("meanwhile", False),
        "id": deal.pk,
        "stage": deal.stage_id,
        "kind": deal.stage.kind,
    }
    return trigger_client_event(response, "refused", why)


def invalid(request: HttpRequest, deal: Deal, form) -> HttpResponse:
    return not_moved(request, deal, first_error(form))


def answer(request: HttpRequest, deal: Deal, *, status: int = 200, **more) -> HttpResponse:
    """The card and the column heads, under the filter of the page the request came from."""
    return arrivals(request, deal.pipeline, [deal.pk], status=status, **more)


def arrivals(
    request: HttpRequest,
    pipeline: Pipeline,
    ids: list[int],
    *,
    status: int = 200,
    triggers=None,
    missing: FactsForm | None = None,
) -> HttpResponse:
    """The same for several deals of one board; the caller has made sure that the person may see them."""
    at = timezone.now()
    filter = DealFilter(page_query(request))
    filter = filter if filter.is_valid() else DealFilter.none()
    board = queries.board(pipeline, user=request.user, filter=filter, at=at, with_cards=False)
    deals = Deal.objects.filter(pk__in=ids)
    admitted = filter.apply(deals, user=request.user, at=at, today=local_date(at)).values_list("pk", flat=True)
    inside = set(admitted)
    found = [
        Arrival(face.pk, face.version, face if face.stage.kind != StageKind.LOST else None, face.pk not in inside)
        for face in queries.faces(deals, at=at, order=filter.order)
    ]
    context = {"board": board, "arrivals": found, "filter": filter, "missing": missing}
    return render_page(request, "deals/board.html", context, fragments=["answer"], status=status, triggers=triggers)


def panel_or_page(request: HttpRequest, deal: Deal, *, status: int = 200, triggers=None, **forms) -> HttpResponse:
    """The deal's page, or its panel when htmx asks."""
    at = timezone.now()
    panel = queries.panel(deal, user=request.user, at=at)
    context = {
        "panel": panel,
        "deal": panel.deal,
        "tries": queries.tries(panel.deal, user=request.user),
        "may_change": request.user.has_perm("deals.change_deal", deal),
        "was_let_go": panel.deal.stage.kind == StageKind.LOST
        and panel.deal.lead.stage == LeadStage.DISQUALIFIED
        and was_let_go(panel.deal.lead),
        "may_try_anyway": request.user.has_perm("deals.try_anyway", deal),
        "activity_form": ActivityForm(auto_id="activity_%s"),
        "organisation_form": OrganisationForm(
            initial=vars(panel.deal.organisation) if panel.deal.organisation else None, auto_id="organisation_%s"
        ),
        "note_form": NoteForm(auto_id="note_%s"),
        "line_form": LineForm(deal=panel.deal, auto_id="line_%s"),
        "facts_form": FactsForm(instance=panel.deal, auto_id="fact_%s"),
        "lost_reasons": [
            (reason, proposed_day(reason, at))
            for reason in LostReason.objects.filter(archived_at=None).select_related("norm")
        ],
        **forms,
    }
    return render_page(request, "deals/deal.html", context, fragments=["panel"], status=status, triggers=triggers)


def contested(request: HttpRequest, deal: Deal, form: FactsForm, refusal: ChangedMeanwhile) -> HttpResponse:
    """Somebody else was quicker at the same fact: what was typed stays, beside what it is now and two ways on."""
    if _from_table(request, deal):
        raise refusal
    return panel_or_page(request, deal, facts_form=form.against(deal, refusal.facts["by"]), status=refusal.status)


def not_fitting(request: HttpRequest, deal: Deal, form: FactsForm) -> HttpResponse:
    """The panel with what is wrong beside its field; the table, which has no panel, is told in a sentence."""
    if _from_table(request, deal):
        raise first_error(form)
    return panel_or_page(request, deal, facts_form=form, status=422)


def _from_table(request: HttpRequest, deal: Deal) -> bool:
    return page_path(request) == reverse("deals:table", args=[deal.pipeline_id])


def changed(request: HttpRequest, deal: Deal, say: str = "") -> HttpResponse:
    """After a change inside the panel: the panel anew, and word to the board that the card looks different."""
    if not is_fragment_request(request):
        return back(request, page_of(deal))
    happening = {"id": deal.pk, "version": deal.version, "say": say or _("Saved.")}
    return panel_or_page(request, deal, triggers={"card-changed": happening})


def page_of(deal: Deal) -> str:
    return reverse("deals:deal", args=[deal.pk])
