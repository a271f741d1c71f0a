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
    *,
    revise: Callable[..., Any],
    step_back: Callable[..., Any],
    among: QuerySet,
    may: Callable[[Any], bool],
    by: User,
    at: datetime,
) -> Outcome:
    """Take back what the batch did, within the grace time, on each card that has not gone on since.

    Refused as a whole: a batch that is too old or undone already. Whoever gave cards away may take them back.
    """
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if "undone_at" in batch.summary:
        raise UndoneAlready(_("That has been undone already."))
    if at - batch.created_at > GRACE:
        raise TooLateToUndo(_("That can no longer be undone. The history of each card shows how to correct it."))
    did = {int(pk): what for pk, what in batch.summary["did"].items()}
    if any("after" in what for what in did.values()):
        among, may = among.model.objects.filter(pk__in=did), lambda _card: True

    def verb(card: Any, _seen: int | None) -> None:
        what = did[card.pk]
        if "after" in what:
            _give_back(card, what, revise=revise, by=by, at=at)
        elif "activity" in what:
            _unplan(card, what, by=by, at=at)
        elif card.events.filter(batch=batch).exists():
            if not card.events.filter(seq=card.seq, batch=batch).exists():
                raise WentOn(_("%(name)s has been moved since; it stays where it is.") % {"name": card.name}, card=card)
            step_back(card, by=by, at=at)

    outcome = each(among, [(pk, None) for pk in did], verb, may=may)
    batch.summary["undone_at"] = at.isoformat()
    batch.save(update_fields=["summary"])
    return outcome


def _give_back(card: Any, did: dict, *, revise: Callable[..., Any], by: User, at: datetime) -> None:
    """Return a card to the owner it had before the batch."""
    if card.owner_id != did["after"]:
        raise WentOn(_("%(name)s has another owner by now.") % {"name": card.name}, card=card)
    before = User.objects.filter(pk=did["before"]).first()
    revise(card, owner=before, by=by, at=at, via=Origin.UNDO)


def _unplan(card: Any, did: dict, *, by: User, at: datetime) -> None:
    """Take away the step that the batch planned."""
    activity = card.activities.filter(pk=did["activity"]).first()
    if activity is not None:
        noting.unplan(activity, by=by, at=at)
