"""What a board shows of any card: where it stands, how long, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, FloatField, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from .ordering import AMOUNT, DAY, MOMENT, RANK, Order

CARDS_AT_ONCE = 50
MANUAL = Order("", _("By hand"), RANK, "rank", attrgetter("rank"))


def next_step_first(activities: QuerySet) -> Order:
    """By the day of the next step; `activities` are the planned ones of the outer card, the next first."""
    day = Subquery(activities.values("due_on")[:1])
    return Order("next", _("Next step"), DAY, day, lambda card: card.planned[0].due_on if card.planned else None)


def worth_most_first(field: str) -> Order:
    return Order("value", _("Value"), AMOUNT, field, attrgetter(field), descending=True)


LONGEST_HERE_FIRST = Order("age", _("Days in stage"), MOMENT, "stage_entered_at", attrgetter("stage_entered_at"))


@dataclass
class Column:
    """One stage of a board: its cards, and totals of everything the filter admits, not of the loaded cards."""

    key: Any
    name: str
    kind: str = "open"
    cards: list = field(default_factory=list)
    count: int = 0
    total: Decimal = Decimal(0)
    limit: int | None = None
    weighted: Decimal | None = None  # what its cards bring on average, where a chance is known
    unknown: int = 0  # cards that this leaves out, because nobody knows their chance
    basis: str = ""  # where chances come from
    norm: Any = None
    slowing: int = 0
    stalled: int = 0
    overdue: int = 0  # cards whose answer is late
    note: str = ""
    next: Sequence = ()  # keys of the columns its cards go on to; empty where they may go anywhere

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.count > self.limit

    @property
    def chance(self) -> float | None:
        """What share of its sum the cards bring on average."""
        return float(self.weighted / self.total) if self.weighted is not None and self.total else None

    @property
    def hidden(self) -> int:
        return max(0, self.count - len(self.cards))

    @property
    def bar(self) -> list[tuple[str, float, float]]:
        """(age, start %, width %) of the parts of the age bar; empty when no age is known."""
        if not self.count or self.norm is None:
            return []
        shares = [
            ("fresh", self.count - self.slowing - self.stalled),
            ("slowing", self.slowing),
            ("stalled", self.stalled),
        ]
        parts, start = [], 0.0
        for name, n in shares:
            width = round(100 * n / self.count, 2)
            if n:
                parts.append((name, round(start, 2), width))
            start += width
        return parts

    @property
    def after(self) -> str:
        """The key from which the column goes on."""
        return self.cards[-1].order if self.cards else ""


@dataclass
class Arrival:
    """A card on its way to a board that is open: without `card` it leaves the board, outside the filter it may stay."""

    pk: int
    version: int
    card: Any
    is_outside: bool


def first_cards(
    cards: QuerySet, stage_field: str, keys: Iterable, order: Order = MANUAL, per_column: int = CARDS_AT_ONCE
) -> list[int]:
    """Ids of the first cards of each column in one query; by hand, each column is read along its index."""
    parts = [order.arrange(cards.filter(**{stage_field: key})).values("pk")[:per_column] for key in keys]
    if not parts:
        return []
    ids = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return [row["pk"] for row in ids]


def next_cards(cards: QuerySet, order: Order, after: str) -> list[int]:
    """Ids of the cards that follow the one with that key in a column."""
    return list(order.after(order.arrange(cards), after).values_list("pk", flat=True)[:CARDS_AT_ONCE])


def older_than(days: str, at: datetime) -> Q:
    """Cards that entered their stage more than `days` (a path to a number of days) before `at`."""
    waited = ExpressionWrapper(
        Cast(F(days), FloatField()) * Value(timedelta(days=1), output_field=DurationField()),
        output_field=DurationField(),
    )
    return Q(stage_entered_at__lt=Value(at) - waited)


def totals(cards: QuerySet, stage_field: str, *, amount: str | None = None, extra: dict | None = None) -> dict:
    """{stage: {"count": …, "total": …}} over all cards the filter admits."""
    sums = {"count": Count("pk"), **({"total": Sum(amount)} if amount else {}), **(extra or {})}
    return {row[stage_field]: row for row in cards.order_by().values(stage_field).annotate(**sums)}


def dress(
    cards: Sequence, *, at: datetime, today: date, norms: dict, stage_field: str, age_of, order: Order = MANUAL
) -> Sequence:
    """Give each card what its face shows: days, age, next_step and due (overdue, today, later, none), and its order.

    Expects planned activities prefetched as `planned`.
    """
    for card in cards:
        card.days = card.age_days(at)
        card.age = age_of((at - card.stage_entered_at).total_seconds() / 86400, norms.get(getattr(card, stage_field)))
        for activity in card.planned:
            activity.days_left = (activity.due_on - today).days
        card.next_step = card.planned[0] if card.planned else None
        card.due = due_state(card.next_step, today)
        card.order = order.key(card)
        card.days_overdue = (today - card.next_step.due_on).days if card.due == "overdue" else 0
    return cards


def due_state(activity, today: date) -> str:
    if activity is None:
        return "none"
    if activity.due_on < today:
        return "overdue"
    return "today" if activity.due_on == today else "later"
