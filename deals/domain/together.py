"""Several deals at once: the verbs of one deal, in one transaction, written down as one batch that can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.db.models import QuerySet

from leads.domain import batches
from leads.models import Batch
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.together import Asked, Outcome

from ..models import Deal, LostReason, Stage
from . import closing, moving, noting, recycling, revising, undoing

BULK = Origin.BULK
MOVE, OWNER, PLAN, LOSE, NURTURE = "move", "owner", "plan", "lose", "nurture"
KINDS = {act: f"deals {act}" for act in (MOVE, OWNER, PLAN, LOSE, NURTURE)}
Deals = QuerySet[Deal]
May = Callable[[Deal], bool]


def move(asked: Asked, *, to: Stage, among: Deals, may: May, by: User, at: datetime) -> Outcome:
    """Move the deals into the stage, on top of the others and in the order given; who is there already stays put."""

    def verb(deal: Deal, seen: int | None, batch: Batch) -> None:
        moving.see(deal, seen)
        if deal.stage_id != to.pk:
            moving.move(deal, to=to, by=by, at=at, via=BULK, batch=batch)

    return batches.act(KINDS[MOVE], verb, asked, among=among, may=may, by=by, at=at)


def assign(asked: Asked, *, owner: User, among: Deals, may: May, by: User, at: datetime) -> Outcome:
    """Give the deals to one person."""

    def verb(deal: Deal, seen: int | None, batch: Batch) -> dict:
        before = deal.owner_id
        revising.revise(deal, owner=owner, seen_version=seen, by=by, at=at, via=BULK)
        return {"before": before, "after": owner.pk}

    return batches.act(KINDS[OWNER], verb, asked, among=among, may=may, by=by, at=at)


def plan(
    asked: Asked, *, kind: str, subject: str, due_on: date, among: Deals, may: May, by: User, at: datetime
) -> Outcome:
    """Plan the same next step on each of the deals."""

    def verb(deal: Deal, seen: int | None, batch: Batch) -> dict:
        activity = noting.plan(deal, kind=kind, subject=subject, due_on=due_on, by=by, at=at)
        return {"activity": activity.pk}

    return batches.act(KINDS[PLAN], verb, asked, among=among, may=may, by=by, at=at)


def lose(
    asked: Asked, *, reason: LostReason, note: str = "", among: Deals, may: May, by: User, at: datetime
) -> Outcome:
    """End the deals without an order, for one reason."""

    def verb(deal: Deal, seen: int | None, batch: Batch) -> None:
        closing.lose(deal, reason=reason, note=note, seen_version=seen, by=by, at=at, via=BULK, batch=batch)

    return batches.act(KINDS[LOSE], verb, asked, among=among, may=may, by=by, at=at)


def nurture(
    asked: Asked,
    *,
    reason: LostReason | None = None,
    note: str = "",
    contact_again_on: date | None = None,
    among: Deals,
    may: May,
    by: User,
    at: datetime,
) -> Outcome:
    """Send the deals' leads back to marketing; open deals are lost first, for the reason."""

    def verb(deal: Deal, seen: int | None, batch: Batch) -> None:
        recycling.recycle(
            deal,
            reason=reason,
            note=note,
            contact_again_on=contact_again_on,
            seen_version=seen,
            by=by,
            at=at,
            via=BULK,
            batch=batch,
        )

    return batches.act(KINDS[NURTURE], verb, asked, among=among, may=may, by=by, at=at)


def undo(batch: Batch, *, among: Deals, may: May, by: User, at: datetime) -> Outcome:
    """Take back what the batch did, as `batches.undo` says."""
    back = {"revise": revising.revise, "step_back": undoing.undo}
    return batches.undo(batch, **back, among=among, may=may, by=by, at=at)
