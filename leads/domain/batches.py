"""What was done to several cards at once, kept together so that it can be taken back together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.together import Asked, Outcome, each

from ..models import Batch
from . import noting
from .undoing import GRACE, TooLateToUndo


class WentOn(Refusal):
    """The card has changed since, so that taking the batch back would undo somebody's later work."""


class UndoneAlready(Refusal):
    """A batch is taken back once."""


@transaction.atomic
def act(
    kind: str,
    verb: Callable[[Any, int | None, Batch], dict | None],
    asked: Asked,
    *,
    among: QuerySet,
    may: Callable[[Any], bool],
    by: User,
    at: datetime,
) -> Outcome:
    """Let the verb act on each card, as one batch; no batch remains where no card followed."""
    batch = Batch.objects.create(kind=kind, by=by, created_at=at)
    outcome = each(among, asked, lambda card, seen: verb(card, seen, batch), may=may)
    if not outcome.done:
        batch.delete()
        return outcome
    batch.summary = {
        "in": len(asked),
        "updated": len(outcome.done),
        "rejected": [[failure.id, failure.message] for failure in outcome.failed],
        "did": {str(pk): did for pk, did in outcome.did.items()},
    }
    batch.save(update_fields=["summary"])
    outcome.batch = batch
    return outcome


@transaction.atomic
def undo(
    batch: Batch,
    verb: Callable[[Any, dict], None],
    *,
    among: QuerySet,
    may: Callable[[Any], bool],
    by: User,
    at: datetime,
) -> Outcome:
    """Let the verb take back what was done to each card of the batch; those that went on since are told."""
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if "undone_at" in batch.summary:
        raise UndoneAlready(_("That has been undone already."))
    if at - batch.created_at > GRACE:
        raise TooLateToUndo(_("That can no longer be undone. The history of each card shows how to correct it."))
    did = {int(pk): what for pk, what in batch.summary["did"].items()}
    asked = [(pk, None) for pk in did]
    outcome = each(among, asked, lambda card, _seen: verb(card, did[card.pk]), may=may)
    batch.summary["undone_at"] = at.isoformat()
    batch.save(update_fields=["summary"])
    return outcome


def give_back(card: Any, did: dict, *, revise: Callable[..., Any], by: User, at: datetime) -> None:
    """Return a card to the owner it had before the batch."""
    if card.owner_id != did["after"]:
        raise WentOn(_("%(name)s has another owner by now.") % {"name": card.name}, card=card)
    before = User.objects.filter(pk=did["before"]).first()
    revise(card, owner=before, by=by, at=at, via=Origin.UNDO)


def unplan(card: Any, did: dict, *, by: User, at: datetime) -> None:
    """Take away the step that the batch planned."""
    activity = card.activities.filter(pk=did["activity"]).first()
    if activity is not None:
        noting.unplan(activity, by=by, at=at)
