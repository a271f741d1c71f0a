"""How a change of a lead is answered: fragments of the board and the panel for htmx, a redirect otherwise."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from pipeline_crm.foundation.answers import back, first_error, page_query
from pipeline_crm.foundation.board import Arrival
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.revision import ChangedMeanwhile

from .. import queries
from ..domain import checking
from ..domain.recycling import local_date
from ..filters import LeadFilter
from ..forms import ActivityForm, ChecklistForm, FactsForm, NoteForm, OrganisationForm
from ..marketing import scores
from ..marketing.pairs import pairs_of
from ..models import DisqualifyReason, HandBackReason, Lead


def moved(request: HttpRequest, lead: Lead, *, say: str, undo: bool = True) -> HttpResponse:
    """The lead's card, where the board still shows it, the heads of all columns, and words to announce."""
    if not is_fragment_request(request):
        return back(request, page_of(lead))
    happening = {
        "id": lead.pk,
        "version": lead.version,
        "stage": lead.stage,
        "kind": "open" if lead.is_open else "ended",
        "say": say,
        "undo": reverse("leads:undoing", args=[lead.pk]) if undo else "",
    }
    return answer(request, lead, triggers={"card-moved": happening})


def not_moved(request: HttpRequest, lead: Lead, refusal: Refusal) -> HttpResponse:
    """The card as it really is, why nothing was changed, and the form of what the checklist lacks."""
    if not is_fragment_request(request):
        raise refusal
    lead = Lead.objects.get(pk=lead.pk)
    missing = None
    if isinstance(refusal, checking.AnswersMissing):
        asked_for = refusal.facts["criteria"]
        missing = ChecklistForm(items=checking.checklist(lead), ask_for=asked_for, auto_id="missing_%s")
    response = answer(request, lead, status=refusal.status, missing=missing)
    why = {
        "message": str(refusal),
        "status": refusal.status,
        "fields": refusal.facts.get("fields", []),
        "anyway": refusal.facts.get("meanwhile", False),
        "id": lead.pk,
        "stage": lead.stage,
        "kind": "open" if lead.is_open else "ended",
    }
    return trigger_client_event(response, "refused", why)


def invalid(request: HttpRequest, lead: Lead, form) -> HttpResponse:
    return not_moved(request, lead, first_error(form))


def answer(request: HttpRequest, lead: Lead, *, status: int = 200, **more) -> HttpResponse:
    """The card and the column heads, under the filter of the page the request came from."""
    return arrivals(request, [lead.pk], status=status, **more)


def arrivals(
    request: HttpRequest, ids: list[int], *, status: int = 200, triggers=None, missing: ChecklistForm | None = None
) -> HttpResponse:
    """The same for several leads; the caller has made sure that the person may see them."""
    at = timezone.now()
    filter = LeadFilter(page_query(request))
    filter = filter if filter.is_valid() else LeadFilter.none()
    board = queries.board(user=request.user, filter=filter, at=at, with_cards=False)
    leads = Lead.objects.filter(pk__in=ids)
    inside = set(filter.apply(leads, user=request.user, today=local_date(at)).values_list("pk", flat=True))
    found = [
        Arrival(face.pk, face.version, face if face.is_open else None, face.pk not in inside)
        for face in queries.faces(leads, at=at, order=filter.order)
    ]
    context = {"board": board, "arrivals": found, "filter": filter, "missing": missing}
    return render_page(request, "leads/board.html", context, fragments=["answer"], status=status, triggers=triggers)


def panel_or_page(request: HttpRequest, lead: Lead, *, status: int = 200, triggers=None, **forms) -> HttpResponse:
    """The lead's page, or its panel when htmx asks."""
    panel = queries.panel(lead, at=timezone.now())
    context = {
        "panel": panel,
        "lead": panel.lead,
        "may_change": request.user.has_perm("leads.change_lead", lead),
        "activity_form": ActivityForm(auto_id="activity_%s"),
        "organisation_form": OrganisationForm(
            initial=vars(panel.lead.organisation) if panel.lead.organisation else None, auto_id="organisation_%s"
        ),
        "note_form": NoteForm(auto_id="note_%s"),
        "checklist_form": ChecklistForm(items=panel.checklist, auto_id="checklist_%s"),
        "facts_form": FactsForm(instance=panel.lead, auto_id="fact_%s"),
        "pairs": pairs_of(lead, user=request.user),
        "score": scores.shown(panel.lead, at=timezone.now()),
        "disqualify_reasons": DisqualifyReason.objects.filter(archived_at=None),
        "handback_reasons": HandBackReason.objects.filter(archived_at=None),
        **forms,
    }
    return render_page(request, "leads/lead.html", context, fragments=["panel"], status=status, triggers=triggers)


def contested(request: HttpRequest, lead: Lead, form: FactsForm, refusal: ChangedMeanwhile) -> HttpResponse:
    """Somebody else was quicker at the same fact: what was typed stays, beside what it is now and two ways on."""
    return panel_or_page(request, lead, facts_form=form.against(lead, refusal.facts["by"]), status=refusal.status)


def changed(request: HttpRequest, lead: Lead, say: str = "") -> HttpResponse:
    """After a change inside the panel: the panel anew, and word to the board that the card looks different."""
    if not is_fragment_request(request):
        return back(request, page_of(lead))
    happening = {"id": lead.pk, "version": lead.version, "say": say or _("Saved.")}
    return panel_or_page(request, lead, triggers={"card-changed": happening})


def page_of(lead: Lead) -> str:
    return reverse("leads:lead", args=[lead.pk])
