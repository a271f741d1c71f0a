"""Taking a deal's step back, and correcting the record later."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leads.domain import qualifying
from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
from leads.domain.undoing import TooLateToUndo, within_grace
from leads.models import LeadStage
from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import put_between

from ..models import Deal, DealEvent, StageKind
from . import _log
from .admitting import keep
from .seeing import see

__all__ = ["TooLateToUndo", "redate_step", "take_back", "undo", "void_step"]


class StageRetired(Refusal):
    """Nothing goes back to a stage that no board shows."""


@transaction.atomic
def undo(
    deal: Deal,
    *,
    by,
    at: datetime,
    seen_version: int | None = None,
    after: int | None = None,
    before: int | None = None,
) -> Deal:
    """Void the newest step within the grace time and put the deal back where it was, between those neighbours.

    Undoing a loss brings the lead back from marketing too, if it went there with it and still waits.
    """
    _log.lock(deal)
    see(deal, seen_version)
    _before, newest = stage_log.last_step_to_undo(deal)
    within_grace(newest, at)
    take_back(deal, by=by, reason=_("undone"))
    put_between(deal, Deal.objects.in_stage(deal.stage), after=after, before=before)
    return deal


@transaction.atomic
def void_step(deal: Deal, *, seq: int, reason: str, by) -> Deal:
    """Say, at any later time and with a reason, that a step never happened."""
    _log.lock(deal)
    steps = stage_log.history(deal)
    if steps[-1].seq == seq and len(steps) > 1:
        take_back(deal, by=by, reason=reason)
    else:
        stage_log.void(deal, seq=seq, reason=reason, by=by)
    return deal


@transaction.atomic
def redate_step(deal: Deal, *, seq: int, occurred_at: datetime, reason: str, by) -> Deal:
    """Say that a step happened on another day, between its neighbours."""
    _log.lock(deal)
    stage_log.redate(deal, seq=seq, occurred_at=occurred_at, reason=reason, by=by)
    return deal


def take_back(deal: Deal, *, by, reason: str, move_id=None) -> None:
    """Void the locked deal's newest step, and let the lead be where the deal needs it: with sales while the deal is
    open, and in marketing again where undoing a reopening makes the deal lost again."""
    before, newest = stage_log.last_step_to_undo(deal)
    back_in = keep(before.to_key)
    if back_in.retired_at:
        raise StageRetired(
            _("%(stage)s has been retired meanwhile, so the deal cannot go back there.") % {"stage": back_in.name},
            card=deal,
        )
    _log.step_back(deal, by=by, reason=reason, move_id=move_id)
    lead = deal.lead
    lead_recycling.hold(lead)
    story = stage_log.history(lead)
    follows = story[-1].event.recorded_at >= newest.event.recorded_at and len(story) > 1
    went = lead.stage == LeadStage.WAITING or lead_recycling.was_let_go(lead)
    if deal.stage.is_open and went and follows and not _was_another_lost_since(deal, newest):
        lead_undoing.take_back(lead, by=by, reason=reason)
    elif deal.stage.is_open and lead.stage != LeadStage.ACCEPTED:
        qualifying.accept(lead, by=by, at=timezone.now())
    elif back_in.kind == StageKind.LOST and lead.stage == LeadStage.ACCEPTED and follows and _is_the_only(deal):
        lead_undoing.take_back(lead, by=by, reason=reason)


def _is_the_only(deal: Deal) -> bool:
    """Whether sales has no other open deal with the lead, for which it would have to stay."""
    return not deal.lead.deals.open().exclude(pk=deal.pk).exists()


def _was_another_lost_since(deal: Deal, step) -> bool:
    """Whether the lead returned to marketing for another deal than this one."""
    losses = DealEvent.objects.filter(card__lead=deal.lead_id, to_kind=StageKind.LOST).exclude(card=deal)
    return losses.filter(recorded_at__gt=step.event.recorded_at).exists()
