"""Taking a step back, and correcting the record later."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import put_between

from ..models import ActivityKind, Lead, LeadStage, Recycling
from . import _log, offering
from .seeing import see

GRACE = timedelta(minutes=10)


class WithSales(Refusal):
    """A lead that sales has accepted follows its deal."""


class TooLateToUndo(Refusal):
    """The grace time is over; the step can still be voided with a reason."""


@transaction.atomic
def undo(
    lead: Lead,
    *,
    by,
    at: datetime,
    seen_version: int | None = None,
    after: int | None = None,
    before: int | None = None,
) -> Lead:
    """Void the newest step within the grace time and put the lead back where it was, between those neighbours."""
    _log.lock(lead)
    see(lead, seen_version)
    _before, newest = stage_log.last_step_to_undo(lead)
    within_grace(newest, at)
    _with_marketing(lead, newest)
    take_back(lead, by=by, reason=_("undone"))
    put_between(lead, Lead.objects.in_stage(lead.stage), after=after, before=before)
    return lead


@transaction.atomic
def void_step(lead: Lead, *, seq: int, reason: str, by) -> Lead:
    """Say, at any later time and with a reason, that a step never happened."""
    _log.lock(lead)
    story = stage_log.history(lead)
    for step in story:
        if step.seq == seq:
            _with_marketing(lead, step)
            _before_its_return(lead, step, newest=story[-1])
    if story[-1].seq == seq and len(story) > 1:
        take_back(lead, by=by, reason=reason)
    else:
        stage_log.void(lead, seq=seq, reason=reason, by=by)
    return lead


@transaction.atomic
def redate_step(lead: Lead, *, seq: int, occurred_at: datetime, reason: str, by) -> Lead:
    """Say that a step happened on another day, between its neighbours."""
    _log.lock(lead)
    stage_log.redate(lead, seq=seq, occurred_at=occurred_at, reason=reason, by=by)
    return lead


def within_grace(newest, at: datetime) -> None:
    if at - newest.event.recorded_at > GRACE:
        raise TooLateToUndo(_("That can no longer be undone. Its history shows how to correct it."))


def _with_marketing(lead: Lead, step) -> None:
    if step.to_key == LeadStage.ACCEPTED:
        raise WithSales(_("Sales has accepted %(name)s. Correct its deal instead.") % {"name": lead.name}, card=lead)


def _before_its_return(lead: Lead, step, *, newest) -> None:
    if step.to_key == LeadStage.WAITING and step.seq != newest.seq:
        raise WithSales(
            _("Sales gave %(name)s back then, after a lost deal. What followed rests on that, so it stays.")
            % {"name": lead.name},
            card=lead,
        )


@transaction.atomic
def take_back(lead: Lead, *, by, reason: str, move_id=None) -> None:
    """Void the lead's newest step, whatever it is: for the verbs above, and for `deals.domain.undoing`."""
    _log.lock(lead)
    before, newest = stage_log.last_step_to_undo(lead)
    if newest.to_key == LeadStage.READY:
        offering.withdraw(lead, seq=newest.seq, by=by, at=newest.event.recorded_at)
    elif before.to_key == LeadStage.READY:
        offering.renew(lead, seq=before.seq, ended=newest.seq, by=by, at=newest.event.recorded_at)
    if newest.to_key == LeadStage.WAITING:
        lead.attempt, lead.contact_again_on = lead.attempt - 1, None
    elif before.to_key == LeadStage.WAITING:
        waited = Recycling.objects.standing().filter(lead=lead, seq__lte=before.seq).last()
        lead.contact_again_on = waited.contact_again_on if waited else at_day(before)
        _forget_to_contact(lead, newest)
    _log.step_back(lead, by=by, reason=reason, move_id=move_id)


def _forget_to_contact(lead: Lead, woken) -> None:
    """The task that waking gave it, unless somebody has done it since."""
    given = {"kind": ActivityKind.TASK, "created_at": woken.event.occurred_at, "done_at": None}
    lead.activities.filter(**given).delete()


def at_day(step):
    return step.occurred_at.date()
