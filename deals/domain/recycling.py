"""A lost deal's lead flows back to marketing."""

from datetime import date, timedelta
from random import Random

from django.db import transaction
from django.utils.translation import gettext as _

from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal

from ..models import Deal, LostReason, RetryNorm, StageKind
from . import _log, closing
from .moving import ReasonNeeded, tell
from .seeing import see

USUAL_DISTANCE = timedelta(days=90)
SPREAD = 0.2


class AnotherDealOpen(Refusal):
    """While sales still talks to them, marketing does not."""


@transaction.atomic
def recycle(
    deal: Deal,
    *,
    by,
    at,
    contact_again_on: date | None = None,
    reason: LostReason | None = None,
    note: str = "",
    anyway: bool = False,
    facts: dict | None = None,
    seen_version: int | None = None,
    move_id=None,
    via: str = Origin.USER,
    batch=None,
) -> Deal:
    """Put a lost deal's lead back to marketing until `contact_again_on` (proposed by the reason when not given).

    An open deal is lost first, for which it needs a reason. The deal stays lost; a later deal of the lead is its next
    attempt. Where the reason allows no more tries the lead is let go instead, unless it is tried `anyway`; a lead that
    was let go so is then taken up again. Refused while another deal of the lead is open.
    """
    _log.lock(deal)
    if stage_log.was_done(deal, move_id):
        return deal
    if deal.stage.is_open:
        if reason is None:
            raise ReasonNeeded(_("Say why %(name)s was lost.") % {"name": deal.name}, card=deal, fields=["reason"])
        known = {"facts": facts, "seen_version": seen_version, "move_id": move_id, "via": via, "batch": batch}
        closing.lose(deal, reason=reason, by=by, at=at, note=note, **known)
    else:
        see(deal, seen_version)
        tell(deal, facts, by=by, at=at, via=via)
    if deal.stage.kind != StageKind.LOST:
        raise ReasonNeeded(_("%(name)s is won; only lost deals go back to nurturing.") % {"name": deal.name}, card=deal)
    lead_recycling.hold(deal.lead)
    if deal.lead.deals.open().exists():
        raise AnotherDealOpen(
            _("Another deal with %(name)s is open. Close it before marketing takes over again.") % {"name": deal.name},
            card=deal,
        )
    reason = reason or deal.events.select_related("lost_reason").get(seq=deal.seq).lost_reason
    if reason and tries_are_used_up(deal, reason) and not anyway:
        words = _("%(reason)s, after try %(n)s of %(most)s") % {
            "reason": reason.name,
            "n": deal.lead.attempt,
            "most": reason.most_tries,
        }
        lead_recycling.let_go(deal.lead, reason=words, by=by, at=at, via=via, batch=batch)
        return deal
    if anyway and lead_recycling.was_let_go(deal.lead):
        lead_undoing.take_back(deal.lead, by=by, reason=_("tried once more all the same"))
    lead_recycling.put_back(
        deal.lead,
        contact_again_on=contact_again_on or proposed_day(reason, at),
        reason=reason.name if reason else "",
        amount=deal.amount,
        currency=deal.currency,
        by=by,
        at=at,
        via=via,
        batch=batch,
    )
    return deal


def tries_are_used_up(deal: Deal, reason: LostReason) -> bool:
    """Whether nobody is asked again after as many tries as the lead has had, lost for this reason."""
    return bool(reason.most_tries and deal.lead.attempt >= reason.most_tries)


def learned_wait(reason: LostReason) -> RetryNorm | None:
    """What was learned of this reason, asked for once where it came with `select_related("norm")`."""
    return getattr(reason, "norm", None)


def proposed_day(reason: LostReason | None, at) -> date:
    """The day to contact again that the reason suggests: by the wait that was learned, else by the one set for it.

    Around a learned wait the days vary from one day's losses to the next within the waits that are nearly as good, at
    most a fifth to each side: whoever always waits the same never learns whether another wait is better.
    """
    today = lead_recycling.local_date(at)
    if reason and (norm := learned_wait(reason)):
        days = norm.best_days * (1 + SPREAD * Random(f"{reason.pk} {today}").uniform(-1, 1))
        return today + timedelta(days=max(1, round(min(max(days, norm.from_days), norm.to_days))))
    set_by_hand = reason and reason.contact_again_after_days
    return today + (timedelta(days=set_by_hand) if set_by_hand else USUAL_DISTANCE)
