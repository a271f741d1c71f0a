"""Moving a deal over the board."""

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import rank_between

from ..models import Deal, Stage, StageKind
from . import _log, revising, undoing
from .admitting import FieldsMissing, StageOfAnotherPipeline, admit
from .seeing import DealMovedMeanwhile, see

__all__ = [
    "DealMovedMeanwhile",
    "FieldsMissing",
    "NotOpen",
    "ReasonNeeded",
    "StageOfAnotherPipeline",
    "enter",
    "move",
    "see",
    "slipped",
    "tell",
]


class ReasonNeeded(Refusal):
    """A deal is lost for a reason."""

    status = 422


class NotOpen(Refusal):
    """Only open deals move; a closed one is reopened first."""


@transaction.atomic
def move(
    deal: Deal,
    *,
    to: Stage,
    by,
    at,
    seen_version: int | None = None,
    after: int | None = None,
    before: int | None = None,
    facts: dict | None = None,
    move_id=None,
    via: str = Origin.USER,
    batch=None,
) -> Deal:
    """Move an open deal to another open stage of its pipeline, or to the won stage, or within its stage.

    `after` and `before` are the neighbours it is put between; without them it goes to the top. `facts` (names of
    `revising.REVISABLE`) are written first, so that the stage finds what it asks for; refused, nothing is written.
    Refused: a deal that changed since `seen_version`, a foreign or retired stage, missing required fields, a closed
    deal, and the lost stage, which needs a reason (`closing.lose`). The same `move_id` again changes nothing. Whoever
    moves a deal back within a minute of moving it away has slipped: the step is voided, and none is added.
    """
    _log.lock(deal)
    if stage_log.was_done(deal, move_id):
        return deal
    see(deal, seen_version)
    tell(deal, facts, by=by, at=at, via=via)
    if to.pk == deal.stage_id:
        deal.rank = rank_between(Deal.objects.in_stage(to).exclude(pk=deal.pk), after=after, before=before)
        _log.touch(deal, "rank")
        return deal
    if slipped(deal, to, by=by, at=at, move_id=move_id, via=via):
        deal.rank = rank_between(Deal.objects.in_stage(to).exclude(pk=deal.pk), after=after, before=before)
        deal.save(update_fields=["rank"])
        return deal
    if not deal.stage.is_open:
        raise NotOpen(_("%(name)s is closed. Reopen it to move it.") % {"name": deal.name}, card=deal)
    if to.kind == StageKind.LOST:
        raise ReasonNeeded(_("Say why %(name)s was lost.") % {"name": deal.name}, card=deal, fields=["reason"])
    enter(deal, to, by=by, at=at, move_id=move_id, via=via, batch=batch, after=after, before=before)
    return deal


def enter(
    deal: Deal,
    stage: Stage,
    *,
    by,
    at,
    lost_reason=None,
    move_id=None,
    via=Origin.USER,
    batch=None,
    after=None,
    before=None,
    asks=True,
) -> None:
    """Let the locked deal take its step into the stage, if the stage admits it."""
    stage = admit(deal, stage, asks=asks)
    deal.rank = rank_between(Deal.objects.in_stage(stage), after=after, before=before)
    _log.append(deal, to=stage, at=at, by=by, lost_reason=lost_reason, source=via, batch=batch, move_id=move_id)


def slipped(deal: Deal, to: Stage, *, by, at, move_id=None, via=Origin.USER) -> bool:
    """Take the locked deal back where it came from, if that is what the step means; answers whether it was."""
    if via != Origin.USER or not stage_log.is_slip(deal, to_key=to.pk, by=by, at=at):
        return False
    undoing.take_back(deal, by=by, reason=_("moved back at once"), move_id=move_id)
    return True


def tell(deal: Deal, facts: dict | None, *, by, at, via: str = Origin.USER) -> None:
    """Write what is said of the locked deal together with its step."""
    if facts:
        revising.revise(deal, by=by, at=at, via=via, **facts)
