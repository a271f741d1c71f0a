"""The steps of a deal, each a POST to a noun."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leads.models import LeadStage
from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.answers import first_error
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ..domain import closing, moving, recycling, undoing
from ..forms import ClosureForm, CorrectionForm, FactsForm, MoveForm, RecyclingForm, ReopeningForm, UndoForm
from ..models import Deal, StageKind
from . import answers

DEALS = Deal.objects.select_related("pipeline", "stage", "lead", "organisation", "person")


@acts_on(DEALS)
@allows("deals.change_deal")
@require_POST
@once
def stage(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Move a deal: what a drag, a key, the menu and the plain form send."""
    form = MoveForm(request.POST, deal=deal)
    if not form.is_valid():
        return answers.invalid(request, deal, form)
    facts = FactsForm.among(request.POST, deal)
    if not facts.is_valid():
        return answers.not_moved(request, deal, first_error(facts), missing=facts)
    sent = form.cleaned_data
    was = deal.stage_id
    try:
        moving.move(
            deal,
            to=sent["to"],
            by=request.user,
            at=sent["at"] or timezone.now(),
            seen_version=sent["version"],
            after=sent["after"],
            before=sent["before"],
            facts=facts.sent(),
            move_id=sent["move_id"],
        )
    except Refusal as refusal:
        return answers.not_moved(request, deal, refusal)
    if deal.stage_id != was and stage_log.took_back(deal):
        return answers.moved(request, deal, say=slipped(deal), undo=False)
    say = _("%(name)s is won.") if deal.stage.kind == StageKind.WON else _("%(name)s moved to %(stage)s.")
    say %= {"name": deal.name, "stage": deal.stage.name}
    return answers.moved(request, deal, say=say, undo=deal.stage_id != was)


@acts_on(DEALS)
@allows("deals.change_deal")
@require_POST
@once
def closure(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Win or lose a deal; a lost one may go back to nurturing in the same step."""
    form = ClosureForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, deal, form)
    facts = FactsForm.among(request.POST, deal)
    if not facts.is_valid():
        return answers.not_moved(request, deal, first_error(facts), missing=facts)
    sent = form.cleaned_data
    common = {
        "facts": facts.sent(),
        "by": request.user,
        "at": sent["at"] or timezone.now(),
        "seen_version": sent["version"],
        "move_id": sent["move_id"],
    }
    try:
        if sent["outcome"] == StageKind.WON:
            closing.win(deal, **common)
            say = _("%(name)s is won.")
        elif sent["recycle"]:
            day = sent["contact_again_on"]
            recycling.recycle(deal, reason=sent["reason"], note=sent["note"], contact_again_on=day, **common)
            say = _("%(name)s is lost and goes back to nurturing.")
            if deal.lead.stage == LeadStage.DISQUALIFIED:
                say = _("%(name)s is lost. It had all the tries that this reason allows, so its lead is let go.")
        else:
            closing.lose(deal, reason=sent["reason"], note=sent["note"], **common)
            say = _("%(name)s is lost.")
    except Refusal as refusal:
        return answers.not_moved(request, deal, refusal)
    return answers.moved(request, deal, say=say % {"name": deal.name})


@acts_on(DEALS)
@allows("deals.change_deal")
@require_POST
@once
def reopening(request: HttpRequest, deal: Deal) -> HttpResponse:
    form = ReopeningForm(request.POST, deal=deal)
    if not form.is_valid():
        return answers.invalid(request, deal, form)
    facts = FactsForm.among(request.POST, deal)
    if not facts.is_valid():
        return answers.not_moved(request, deal, first_error(facts), missing=facts)
    sent = form.cleaned_data
    try:
        closing.reopen(
            deal,
            to=sent["to"],
            facts=facts.sent(),
            by=request.user,
            at=sent["at"] or timezone.now(),
            seen_version=sent["version"],
            move_id=sent["move_id"],
        )
    except Refusal as refusal:
        return answers.not_moved(request, deal, refusal)
    if stage_log.took_back(deal):
        return answers.moved(request, deal, say=slipped(deal), undo=False)
    return answers.moved(request, deal, say=_("%(name)s is open again.") % {"name": deal.name})


@acts_on(DEALS)
@allows("deals.change_deal")
@require_POST
@once
def recycling_(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Send a lost deal's lead back to nurturing; once more than its reason allows is for who leads the team."""
    form = RecyclingForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, deal, form)
    sent = form.cleaned_data
    if sent["anyway"] and not request.user.has_perm("deals.try_anyway", deal):
        raise PermissionDenied
    try:
        recycling.recycle(
            deal,
            contact_again_on=sent["contact_again_on"],
            anyway=sent["anyway"],
            by=request.user,
            at=timezone.now(),
            seen_version=sent["version"],
        )
    except Refusal as refusal:
        return answers.not_moved(request, deal, refusal)
    say = _("%(name)s goes back to nurturing.")
    if deal.lead.stage == LeadStage.DISQUALIFIED:
        say = _("%(name)s had all the tries that its reason allows, so its lead is let go.")
    say %= {"name": deal.name}
    return answers.moved(request, deal, say=say, undo=False)


@acts_on(DEALS)
@allows("deals.change_deal")
@require_POST
@once
def undoing_(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Take the newest step back."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, deal, form)
    sent = form.cleaned_data
    try:
        undoing.undo(
            deal,
            by=request.user,
            at=timezone.now(),
            seen_version=sent["version"],
            after=sent["after"],
            before=sent["before"],
        )
    except Refusal as refusal:
        return answers.not_moved(request, deal, refusal)
    say = _("Undone. %(name)s is back in %(stage)s.") % {"name": deal.name, "stage": deal.stage.name}
    return answers.moved(request, deal, say=say, undo=False)


@acts_on(DEALS)
@allows("deals.change_deal")
@require_POST
@once
def corrections(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Void or re-date a step, with a reason."""
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, deal, form)
    sent = form.cleaned_data
    try:
        if sent["kind"] == "void":
            undoing.void_step(deal, seq=sent["seq"], reason=sent["reason"], by=request.user)
        else:
            day = sent["occurred_at"]
            undoing.redate_step(deal, seq=sent["seq"], occurred_at=day, reason=sent["reason"], by=request.user)
    except Refusal as refusal:
        return answers.not_moved(request, deal, refusal)
    return answers.changed(request, deal, _("The history is corrected."))


def slipped(deal: Deal) -> str:
    return _("%(name)s moved back; the slip is not counted.") % {"name": deal.name}
