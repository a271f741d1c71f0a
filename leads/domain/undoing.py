"""Taking a step back, and correcting the record later."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.errors import Refusal

from ..models import Lead, LeadStage, Recycling
from . import _log
from .moving import see

GRACE = timedelta(minutes=10)


class TooLateToUndo(Refusal):
    """The grace time is over; the step can still be voided with a reason."""


@transaction.atomic
def undo(lead: Lead, *, by, at: datetime, seen_version: int | None = None) -> Lead:
    """Void the newest step within the grace time and put the lead back where it was."""
    _log.lock(lead)
    see(lead, seen_version)
    _before, newest = stage_log.last_step_to_undo(lead)
    within_grace(newest, at)
    _back(lead, by=by, reason=_("undone"))
    return lead


@transaction.atomic
def void_step(lead: Lead, *, seq: int, reason: str, by) -> Lead:
    """Say, at any later time and with a reason, that a step never happened."""
    _log.lock(lead)
    newest = stage_log.history(lead)[-1]
    if newest.seq == seq:
        _back(lead, by=by, reason=reason)
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


def _back(lead: Lead, *, by, reason: str) -> None:
    before, newest = stage_log.last_step_to_undo(lead)
    if newest.to_key == LeadStage.WAITING:
        lead.attempt, lead.contact_again_on = lead.attempt - 1, None
    elif before.to_key == LeadStage.WAITING:
        waited = Recycling.objects.filter(lead=lead, seq__lte=before.seq).last()
        lead.contact_again_on = waited.contact_again_on if waited else at_day(before)
    _log.step_back(lead, by=by, reason=reason)


def at_day(step):
    return step.occurred_at.date()
