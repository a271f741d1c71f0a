"""One act on many cards: each behind a savepoint of its own, with a word about every one that does not follow.

A card that may not be changed is told by name; one that may not be seen is only counted, like one that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from .errors import Refusal

MOST_AT_ONCE = 200
Asked = Sequence[tuple[int, int | None]]


class NotYours(Refusal):
    """Seeing a card is not changing it."""


class NothingChosen(Refusal):
    """An act on many cards needs some, and not too many of them."""

    status = 422


@dataclass(frozen=True)
class Failure:
    id: int
    name: str
    message: str


@dataclass
class Outcome:
    """What became of the cards asked for. `did` notes for each that followed what undoing it needs."""

    done: list[Any] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    missing: int = 0
    did: dict[int, dict] = field(default_factory=dict)
    batch: Any = None


def each(
    among: QuerySet, asked: Asked, verb: Callable[[Any, int | None], dict | None], *, may: Callable[[Any], bool]
) -> Outcome:
    """Let the verb act on each card of `among` that is asked for as (id, version seen).

    Call it inside a transaction: all cards are held, in the order of their ids, until that ends. They are acted on from
    the last to the first, so that cards put on top of a column keep their order there.
    """
    if not asked or len(asked) > MOST_AT_ONCE:
        raise NothingChosen(_("Choose at least one card and at most %(most)s.") % {"most": MOST_AT_ONCE})
    wanted = dict(asked)
    locked = among.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    held = {card.pk: card for card in locked}
    outcome = Outcome(missing=len(wanted) - len(held))
    for pk in reversed([pk for pk in wanted if pk in held]):
        card = held[pk]
        try:
            with transaction.atomic():
                if not may(card):
                    raise NotYours(_("You can see %(name)s but not change it.") % {"name": card.name})
                outcome.did[pk] = verb(card, wanted[pk]) or {}
        except Refusal as refusal:
            outcome.failed.insert(0, Failure(pk, card.name, str(refusal)))
        else:
            outcome.done.insert(0, card)
    return outcome
