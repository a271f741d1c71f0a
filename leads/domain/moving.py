"""Moving a lead over the board: each target is a verb of its own, this finds the right one."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import rank_between

from ..models import Lead, LeadStage
from . import _log, checking, offering, undoing
from .seeing import LeadMovedMeanwhile, see

__all__ = ["LeadCannotGoThere", "LeadMovedMeanwhile", "PLAIN_STEPS", "ReasonNeeded", "move", "see", "step"]


class LeadCannotGoThere(Refusal):
    """The way of a lead does not lead there."""


class WantsNoMore(Refusal):
    """Who unsubscribed is not nurtured, until they consent anew."""


class ReasonNeeded(Refusal):
    """Letting a lead go, or handing it back, needs a reason."""

    status = 422


# From → to, for steps that need nothing but the wish.
PLAIN_STEPS: dict[str, set[LeadStage]] = {
    LeadStage.GENERATION: {LeadStage.NURTURING, LeadStage.QUALIFICATION, LeadStage.READY},
    LeadStage.NURTURING: {LeadStage.GENERATION, LeadStage.QUALIFICATION, LeadStage.READY},
    LeadStage.QUALIFICATION: {LeadStage.GENERATION, LeadStage.NURTURING, LeadStage.READY},
    LeadStage.READY: {LeadStage.NURTURING, LeadStage.QUALIFICATION},  # handed back, with a reason
    LeadStage.WAITING: {LeadStage.NURTURING},
    LeadStage.DISQUALIFIED: {LeadStage.NURTURING},
    LeadStage.UNSUBSCRIBED: set(),
    LeadStage.ACCEPTED: set(),
}


@transaction.atomic
def move(
    lead: Lead,
    *,
    to: str,
    by,
    at,
    seen_version: int | None = None,
    after: int | None = None,
    before: int | None = None,
    reason: str = "",
    answers: Mapping[int, checking.Told] | None = None,
    move_id=None,
    via: str = Origin.USER,
    batch=None,
) -> Lead:
    """Move a lead to another open stage, or to another place of its own.

    Moving into Ready for sales is the hand-over; out of it, handing back, which needs a reason; out of Waiting, waking.
    The `answers` to the checklist are written down with the step. Refused: a lead that changed since `seen_version`, a
    way that does not exist, a missing reason, a hand-over before the checklist is answered.
    The same `move_id` a second time changes nothing. Whoever moves a lead back within a minute of moving it away has
    slipped: the step is voided, and none is added, so no reason is asked for.
    """
    _log.lock(lead)
    if stage_log.was_done(lead, move_id):
        return lead
    see(lead, seen_version)
    if to == lead.stage:
        return _place(lead, after=after, before=before)
    if _slipped(lead, to, by=by, at=at, move_id=move_id, via=via):
        lead.rank = rank_between(Lead.objects.in_stage(to).exclude(pk=lead.pk), after=after, before=before)
        lead.save(update_fields=["rank"])
        return lead
    checking.tell(lead, answers or {}, by=by, at=at)
    step(lead, to=to, by=by, at=at, reason=reason, move_id=move_id, via=via, batch=batch, after=after, before=before)
    return lead


def step(
    lead: Lead, *, to, by, at, reason="", move_id=None, via=Origin.USER, batch=None, after=None, before=None
) -> None:
    """Let the locked lead take a step that the way allows."""
    if to == LeadStage.DISQUALIFIED and lead.stage not in (LeadStage.DISQUALIFIED, LeadStage.ACCEPTED):
        allowed, needs_reason = True, True
    elif to == LeadStage.UNSUBSCRIBED and lead.stage != LeadStage.UNSUBSCRIBED:
        allowed, needs_reason = True, False
    else:
        allowed, needs_reason = to in PLAIN_STEPS[lead.stage], lead.stage == LeadStage.READY
    if not allowed:
        raise LeadCannotGoThere(
            _("A lead does not go from %(from)s to %(to)s.")
            % {"from": lead.get_stage_display(), "to": LeadStage(to).label},
            card=lead,
            stage=lead.stage,
        )
    if needs_reason and not reason.strip():
        raise ReasonNeeded(_("Say why: a reason is needed here."), card=lead, stage=lead.stage, fields=["reason"])
    if to == LeadStage.READY:
        checking.ask(lead)
    if to == LeadStage.NURTURING:
        _wants_to_hear(lead)
    if lead.stage == LeadStage.WAITING:
        lead.contact_again_on = None
    lead.rank = rank_between(Lead.objects.in_stage(to), after=after, before=before)
    said = reason.strip() if needs_reason else None
    was = lead.stage
    _log.append(lead, to=to, at=at, by=by, reason=said, source=via, batch=batch, move_id=move_id)
    if to == LeadStage.READY:
        offering.offer(lead, by=by, at=at)
    elif was == LeadStage.READY and to in PLAIN_STEPS[was]:
        offering.give_back(lead, reason=said or "", by=by, at=at)


def _wants_to_hear(lead: Lead) -> None:
    from .contacting import consenting  # knows who has left; it unsubscribes leads by verbs that move them

    if consenting.has_left(lead.person):
        raise WantsNoMore(
            _("%(name)s wants no more of us. Move them to Unsubscribed, or record their consent first.")
            % {"name": lead.name},
            card=lead,
            stage=lead.stage,
        )


def _place(lead: Lead, *, after, before) -> Lead:
    lead.rank = rank_between(Lead.objects.in_stage(lead.stage).exclude(pk=lead.pk), after=after, before=before)
    _log.touch(lead, "rank")
    return lead


def _slipped(lead: Lead, to, *, by, at, move_id, via) -> bool:
    """Take the locked lead back where it came from, if that is what the step means; answers whether it was."""
    if via != Origin.USER or LeadStage.ACCEPTED in (lead.stage, to):
        return False
    if not stage_log.is_slip(lead, to_key=to, by=by, at=at):
        return False
    undoing.take_back(lead, by=by, reason=_("moved back at once"), move_id=move_id)
    return True
