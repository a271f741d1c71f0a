"""From marketing to sales: qualify, hand over, accept, hand back, or let go."""

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation.append_only import Origin

from ..models import Lead, LeadStage
from . import _log
from .moving import LeadCannotGoThere, step


@transaction.atomic
def qualify(lead: Lead, *, by, at) -> Lead:
    """Take up the questions of need, budget, authority and timing with the lead."""
    _log.lock(lead)
    step(lead, to=LeadStage.QUALIFICATION, by=by, at=at)
    return lead


@transaction.atomic
def hand_over(lead: Lead, *, by, at) -> Lead:
    """Offer the lead to sales; it waits there until it is accepted or handed back.

    Refused with `checking.AnswersMissing` while the checklist is not answered.
    """
    _log.lock(lead)
    step(lead, to=LeadStage.READY, by=by, at=at)
    return lead


@transaction.atomic
def hand_back(lead: Lead, *, reason: str, by, at, to: str = LeadStage.QUALIFICATION) -> Lead:
    """Sales declines the lead with a reason: a step of the lead, never a loss."""
    _log.lock(lead)
    if lead.stage != LeadStage.READY:
        raise LeadCannotGoThere(
            _("%(name)s is not waiting for acceptance, so it cannot be handed back.") % {"name": lead.name},
            card=lead,
            stage=lead.stage,
        )
    step(lead, to=to, by=by, at=at, reason=reason)
    return lead


@transaction.atomic
def accept(lead: Lead, *, by, at, via: str = Origin.USER, offered: bool = False) -> Lead:
    """Sales takes the lead: its deal lives in sales from here (called by `deals.domain.opening`).

    With `offered`, only a lead that waits for acceptance is taken: of two who accept it, one does.
    """
    _log.lock(lead)
    if offered and lead.stage != LeadStage.READY:
        raise LeadCannotGoThere(
            _("%(name)s is not waiting for acceptance any more; it is in %(stage)s.")
            % {"name": lead.name, "stage": lead.get_stage_display()},
            card=lead,
            stage=lead.stage,
        )
    if lead.stage == LeadStage.ACCEPTED:
        return lead
    if lead.stage == LeadStage.UNSUBSCRIBED:
        raise LeadCannotGoThere(
            _("%(name)s has unsubscribed. Ask for consent before opening a deal.") % {"name": lead.name}, card=lead
        )
    lead.contact_again_on = None
    _log.append(lead, to=LeadStage.ACCEPTED, at=at, by=by, source=via)
    return lead


@transaction.atomic
def disqualify(lead: Lead, *, reason: str, by, at) -> Lead:
    """Let the lead go, with a reason."""
    _log.lock(lead)
    step(lead, to=LeadStage.DISQUALIFIED, by=by, at=at, reason=reason)
    return lead


@transaction.atomic
def unsubscribe(lead: Lead, *, by, at) -> Lead:
    """The person wants no more of us."""
    _log.lock(lead)
    step(lead, to=LeadStage.UNSUBSCRIBED, by=by, at=at)
    return lead
