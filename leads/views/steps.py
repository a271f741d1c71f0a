"""The steps of a lead, each a POST to a noun."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ..domain import checking, moving, offering, recycling, undoing
from ..forms import ChecklistForm, CorrectionForm, MoveForm, UndoForm
from ..models import Lead, LeadStage
from . import answers

LEADS = Lead.objects.select_related("organisation", "person")


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def stage(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Move a lead: hand it over, hand it back, wake it or let it go, by where it is put.

    What is known of the checklist may come along, so that a hand-over that lacks something can be made good at once.
    """
    form = MoveForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, lead, form)
    checklist = ChecklistForm(request.POST, items=checking.checklist(lead))
    if not checklist.is_valid():
        return answers.invalid(request, lead, checklist)
    sent = form.cleaned_data
    was = lead.stage
    try:
        moving.move(
            lead,
            to=sent["to"],
            by=request.user,
            at=sent["at"] or timezone.now(),
            seen_version=sent["version"],
            after=sent["after"],
            before=sent["before"],
            reason=sent["reason"],
            answers=checklist.told(),
            move_id=sent["move_id"],
        )
    except Refusal as refusal:
        return answers.not_moved(request, lead, refusal)
    if lead.stage != was and stage_log.took_back(lead):
        say = _("%(name)s moved back; the slip is not counted.") % {"name": lead.name}
        return answers.moved(request, lead, say=say, undo=False)
    return answers.moved(
        request, lead, say=what_happened(was, lead), undo=lead.stage != was and may_undo(request, lead)
    )


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def waking(request: HttpRequest, lead: Lead) -> HttpResponse:
    """End a lead's wait now: the card's Nurture button."""
    try:
        recycling.wake(lead, by=request.user, at=timezone.now())
    except Refusal as refusal:
        return answers.not_moved(request, lead, refusal)
    return answers.moved(request, lead, say=what_happened(LeadStage.WAITING, lead))


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def undoing_(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Take the newest step back."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, lead, form)
    sent = form.cleaned_data
    try:
        undoing.undo(
            lead,
            by=request.user,
            at=timezone.now(),
            seen_version=sent["version"],
            after=sent["after"],
            before=sent["before"],
        )
    except Refusal as refusal:
        return answers.not_moved(request, lead, refusal)
    say = _("Undone. %(name)s is back in %(stage)s.") % {"name": lead.name, "stage": lead.get_stage_display()}
    return answers.moved(request, lead, say=say, undo=False)


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def corrections(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Void or re-date a step, with a reason."""
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return answers.invalid(request, lead, form)
    sent = form.cleaned_data
    try:
        if sent["kind"] == "void":
            undoing.void_step(lead, seq=sent["seq"], reason=sent["reason"], by=request.user)
        else:
            day = sent["occurred_at"]
            undoing.redate_step(lead, seq=sent["seq"], occurred_at=day, reason=sent["reason"], by=request.user)
    except Refusal as refusal:
        return answers.not_moved(request, lead, refusal)
    return answers.changed(request, lead, _("The history is corrected."))


def what_happened(was: str, lead: Lead) -> str:
    """The step in words."""
    match was, lead.stage:
        case _from, LeadStage.READY if was != LeadStage.READY:
            words = (
                _("%(name)s is handed over to sales: %(owner)s.")
                if is_given(lead)
                else _("%(name)s is handed over to sales.")
            )
        case LeadStage.READY, (LeadStage.QUALIFICATION | LeadStage.NURTURING):
            words = _("%(name)s is handed back.")
        case LeadStage.WAITING, LeadStage.NURTURING:
            words = _("%(name)s is back in nurturing.")
        case _from, LeadStage.DISQUALIFIED:
            words = _("%(name)s is disqualified.")
        case _from, LeadStage.UNSUBSCRIBED:
            words = _("%(name)s is unsubscribed.")
        case _else:
            words = _("%(name)s moved to %(stage)s.")
    return words % {"name": lead.name, "stage": lead.get_stage_display(), "owner": lead.owner}


def is_given(lead: Lead) -> bool:
    """Whether the hand-over has just given it to somebody by a territory."""
    offered = offering.latest(lead)
    return bool(offered and offered.territory_id and offered.to_id)


def may_undo(request: HttpRequest, lead: Lead) -> bool:
    """A lead that fell into another team's territory is theirs: whoever handed it over may see it no more."""
    return lead.stage != LeadStage.READY or Lead.objects.visible_to(request.user).filter(pk=lead.pk).exists()
