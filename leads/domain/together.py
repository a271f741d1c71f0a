"""Several leads at once: the verbs of one lead, in one transaction, written down as one batch that can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.db.models import QuerySet

from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.together import Asked, Outcome

from ..models import Batch, Lead, LeadStage
from . import batches, moving, noting, revising, undoing

BULK = Origin.BULK
MOVE, OWNER, PLAN, DISQUALIFY = "move", "owner", "plan", "disqualify"
KINDS = {act: f"leads {act}" for act in (MOVE, OWNER, PLAN, DISQUALIFY)}
Leads = QuerySet[Lead]
May = Callable[[Lead], bool]


def move(asked: Asked, *, to: str, reason: str = "", among: Leads, may: May, by: User, at: datetime) -> Outcome:
    """Move the leads into the stage, on top of the others and in the order given; who is there already stays put."""
    kind = KINDS[DISQUALIFY] if to == LeadStage.DISQUALIFIED else KINDS[MOVE]

    def verb(lead: Lead, seen: int | None, batch: Batch) -> None:
        moving.see(lead, seen)
        if lead.stage != to:
            moving.move(lead, to=to, reason=reason, by=by, at=at, via=BULK, batch=batch)

    return batches.act(kind, verb, asked, among=among, may=may, by=by, at=at)


def assign(asked: Asked, *, owner: User, among: Leads, may: May, by: User, at: datetime) -> Outcome:
    """Give the leads to one person."""

    def verb(lead: Lead, seen: int | None, batch: Batch) -> dict:
        before = lead.owner_id
        revising.revise(lead, owner=owner, seen_version=seen, by=by, at=at, via=BULK)
        return {"before": before, "after": owner.pk}

    return batches.act(KINDS[OWNER], verb, asked, among=among, may=may, by=by, at=at)


def plan(
    asked: Asked, *, kind: str, subject: str, due_on: date, among: Leads, may: May, by: User, at: datetime
) -> Outcome:
    """Plan the same next step with each of the leads."""

    def verb(lead: Lead, seen: int | None, batch: Batch) -> dict:
        activity = noting.plan(lead, kind=kind, subject=subject, due_on=due_on, by=by, at=at)
        return {"activity": activity.pk}

    return batches.act(KINDS[PLAN], verb, asked, among=among, may=may, by=by, at=at)


def undo(batch: Batch, *, among: Leads, may: May, by: User, at: datetime) -> Outcome:
    """Take back what the batch did, as `batches.undo` says."""
    back = {"revise": revising.revise, "step_back": undoing.undo}
    return batches.undo(batch, **back, among=among, may=may, by=by, at=at)
