"""Taking a deal's step back, and correcting the record later."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from leads.domain import undoing as lead_undoing
from leads.domain.undoing import TooLateToUndo, within_grace
from leads.models import LeadStage
from pipeline_crm.foundation import stage_log

from ..models import Deal, StageKind
from . import _log
from .moving import see

__all__ = ["TooLateToUndo", "redate_step", "undo", "void_step"]


@transaction.atomic
def undo(deal: Deal, *, by, at: datetime, seen_version: int | None = None) -> Deal:
    """Void the newest step within the grace time and put the deal back where it was.

    Undoing a loss brings the lead back from marketing too, if it went there with it and still waits.
    """
    _log.lock(deal)
    see(deal, seen_version)
    _before, newest = stage_log.last_step_to_undo(deal)
    within_grace(newest, at)
    _back(deal, newest, by=by, reason=_("undone"))
    return deal


@transaction.atomic
def void_step(deal: Deal, *, seq: int, reason: str, by) -> Deal:
    """Say, at any later time and with a reason, that a step never happened."""
    _log.lock(deal)
    newest = stage_log.history(deal)[-1]
    if newest.seq == seq:
        _back(deal, newest, by=by, reason=reason)
    else:
        stage_log.void(deal, seq=seq, reason=reason, by=by)
    return deal


@transaction.atomic
def redate_step(deal: Deal, *, seq: int, occurred_at: datetime, reason: str, by) -> Deal:
    """Say that a step happened on another day, between its neighbours."""
    _log.lock(deal)
    stage_log.redate(deal, seq=seq, occurred_at=occurred_at, reason=reason, by=by)
    return deal


def _back(deal: Deal, newest, *, by, reason: str) -> None:
    _log.step_back(deal, by=by, reason=reason)
    lead = deal.lead
    if newest.event.to_kind == StageKind.LOST and lead.stage == LeadStage.WAITING and lead.attempt == deal.attempt + 1:
        lead_undoing.void_step(lead, seq=stage_log.history(lead)[-1].seq, reason=reason, by=by)
