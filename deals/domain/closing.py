"""How a deal ends, and how it may go on."""

from django.db import transaction
from django.utils.translation import gettext as _

from leads.domain import qualifying
from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin

from ..models import Deal, LostReason, Stage
from . import _log, noting
from .moving import NotOpen, enter, slipped, tell
from .seeing import see


@transaction.atomic
def win(
    deal: Deal,
    *,
    by,
    at,
    facts: dict | None = None,
    seen_version: int | None = None,
    move_id=None,
    via: str = Origin.USER,
) -> Deal:
    """Receive the order: the deal moves to its pipeline's won stage, with the `facts` that it asks for."""
    stage = deal.pipeline.won_stage
    _close(deal, stage, by=by, at=at, facts=facts, seen_version=seen_version, move_id=move_id, via=via)
    return deal


@transaction.atomic
def lose(
    deal: Deal,
    *,
    reason: LostReason,
    by,
    at,
    note: str = "",
    facts: dict | None = None,
    seen_version: int | None = None,
    move_id=None,
    via: str = Origin.USER,
    batch=None,
) -> Deal:
    """End the deal without an order, for a reason. Its lead stays with sales until `recycling.recycle`."""
    stage = deal.pipeline.lost_stage
    known = {"facts": facts, "seen_version": seen_version, "move_id": move_id, "via": via, "batch": batch}
    if _close(deal, stage, by=by, at=at, lost_reason=reason, **known) and note.strip():
        noting.note(deal, text=note, by=by, at=at)
    return deal


@transaction.atomic
def reopen(
    deal: Deal,
    *,
    by,
    at,
    to: Stage | None = None,
    facts: dict | None = None,
    seen_version: int | None = None,
    move_id=None,
) -> Deal:
    """Take a closed deal up again, in `to` or in its last open stage. A lead back in marketing is accepted again.

    Whoever closed it less than a minute ago and takes it up where it was has slipped: the closing is voided.
    """
    _log.lock(deal)
    if stage_log.was_done(deal, move_id):
        return deal
    see(deal, seen_version)
    if deal.stage.is_open:
        raise NotOpen(_("%(name)s is open already.") % {"name": deal.name}, card=deal)
    tell(deal, facts, by=by, at=at)
    to = to or _last_open_stage(deal)
    if slipped(deal, to, by=by, at=at, move_id=move_id):
        return deal
    enter(deal, to, by=by, at=at, move_id=move_id)
    qualifying.accept(deal.lead, by=by, at=at)
    return deal


def _close(deal, stage, *, by, at, facts, seen_version, move_id, via, batch=None, lost_reason=None) -> bool:
    """Whether this closed it, and not an earlier try with the same key."""
    _log.lock(deal)
    if stage_log.was_done(deal, move_id):
        return False
    see(deal, seen_version)
    if not deal.stage.is_open:
        raise NotOpen(_("%(name)s is closed already.") % {"name": deal.name}, card=deal)
    tell(deal, facts, by=by, at=at, via=via)
    enter(deal, stage, by=by, at=at, lost_reason=lost_reason, move_id=move_id, via=via, batch=batch)
    return True


def _last_open_stage(deal: Deal) -> Stage:
    """Where it was before it closed, as its history counts; or what has taken that stage's place."""
    stages = {stage.pk: stage for stage in deal.pipeline.stages.all()}
    for step in reversed(stage_log.history(deal)):
        stage = stages[step.to_key]
        while stage.retired_at and stage.successor_id:
            stage = stages[stage.successor_id]
        if stage.is_open:
            return stage
    return deal.pipeline.first_stage
