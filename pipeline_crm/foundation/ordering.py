"""The orders in which cards follow one another, each in SQL and as a text that sorts the same way.

The text is the key from which a column goes on ("Show more"), and tells the page where a card belongs that arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import BaseExpression

from .ranks import is_rank

NOTHING = "~"  # after every digit and letter: what has no date or amount comes last


@dataclass(frozen=True)
class Kind:
    """How values of a kind are written so that texts sort as the values do, and read again."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


@dataclass(frozen=True)
class Order:
    """Cards by one value, then by id; those without the value last, whichever the direction."""

    name: str
    label: Any
    kind: Kind
    by: str | BaseExpression
    of: Callable[[Any], Any]
    descending: bool = False

    def arrange(self, cards: QuerySet) -> QuerySet:
        """The cards in this order."""
        cards, path = self._named(cards)
        if self.kind is RANK:  # never empty, and read along its index
            return cards.order_by(path, "pk")
        by = F(path).desc(nulls_last=True) if self.descending else F(path).asc(nulls_last=True)
        return cards.order_by(by, "pk")

    def after(self, cards: QuerySet, key: str) -> QuerySet:
        """The cards that follow the one with that key; a key that is none begins at the top."""
        found = self._read(key)
        if found is None:
            return cards
        value, pk = found
        cards, path = self._named(cards)
        if value is None:
            return cards.filter(**{f"{path}__isnull": True, "pk__gt": pk})
        beyond = "lt" if self.descending else "gt"
        following = Q(**{f"{path}__{beyond}": value}) | Q(**{path: value, "pk__gt": pk})
        return cards.filter(following if self.kind is RANK else following | Q(**{f"{path}__isnull": True}))

    def key(self, card: Any) -> str:
        """Where the card stands in this order."""
        value = self.of(card)
        text = NOTHING if value is None else self.kind.write(value)
        if self.descending and value is not None:
            text = _opposite(text)
        return f"{text},{card.pk:012d}"

    def _named(self, cards: QuerySet) -> tuple[QuerySet, str]:
        if isinstance(self.by, str):
            return cards, self.by
        return cards.annotate(order_value=self.by), "order_value"

    def _read(self, key: str) -> tuple[Any, int] | None:
        text, _comma, pk = key.rpartition(",")
        if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
            return None
        if text == NOTHING:
            return None, int(pk)
        try:
            return self.kind.read(_opposite(text) if self.descending else text), int(pk)
        except (KeyError, ValueError, ArithmeticError):
            return None


def _rank(text: str) -> str:
    if not is_rank(text):
        raise ValueError(text)
    return text


def _opposite(text: str) -> str:
    return "".join(_OPPOSITES[sign] for sign in text)


def _number(text: str, digits: int) -> int:
    if len(text) != digits or not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OPPOSITES = dict(zip(_SIGNS, reversed(_SIGNS), strict=True))
_MOMENT = "%Y%m%dT%H%M%S%f"

RANK = Kind(str, _rank)
COUNT = Kind(lambda number: f"{number:09d}", lambda text: _number(text, 9))
AMOUNT = Kind(lambda amount: f"{int(amount * 100):020d}", lambda text: Decimal(_number(text, 20)) / 100)
DAY = Kind(lambda day: day.strftime("%Y%m%d"), lambda text: datetime.strptime(text, "%Y%m%d").date())
MOMENT = Kind(
    lambda at: at.astimezone(UTC).strftime(_MOMENT), lambda text: datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
)
