"""What came of those who were lost and asked again: second tries, and the revenue they brought back."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

from django.utils.translation import gettext as _

from leads.models import Lead, LeadAmendment, Recycling

from ..models import Deal, StageKind

WAITS = (30, 90, 180, 365)  # days
ENOUGH = 10  # closed tries: with fewer, the interval is some forty points wide
Z = 1.959964


def wilson(count: int, total: int) -> tuple[float, float]:
    """The score interval of a share, at 95 %."""
    share, weight = count / total, Z**2 / total
    centre = (share + weight / 2) / (1 + weight)
    width = Z * sqrt(share * (1 - share) / total + weight / total / 4) / (1 + weight)
    return max(0.0, centre - width), min(1.0, centre + width)


@dataclass(frozen=True)
class Return:
    """One return to marketing, and the deal that it led to, if there was one."""

    recycling: Recycling
    deal: Deal | None

    @property
    def waited_days(self) -> int:
        """From the return to the next deal, or to the day planned when there is none yet."""
        until = self.deal.created_at.date() if self.deal else self.recycling.contact_again_on
        return max(0, (until - self.recycling.at.date()).days)


@dataclass(frozen=True)
class Row:
    """Returns of one kind: how many came, were tried again, and what became of the tries. Open ones count as open."""

    name: str
    returned: int
    tried: int
    won: int
    lost: int
    revenue: Decimal

    @property
    def open(self) -> int:
        return self.tried - self.won - self.lost

    @property
    def win_rate(self) -> float | None:
        closed = self.won + self.lost
        return self.won / closed if closed else None

    @property
    def span(self) -> tuple[float, float] | None:
        """Between which shares the win rate lies with 95 % certainty (Wilson's interval); None of nothing."""
        closed = self.won + self.lost
        return wilson(self.won, closed) if closed else None

    @property
    def says_little(self) -> bool:
        """Too few are closed to tell one row from another."""
        return self.won + self.lost < ENOUGH


@dataclass(frozen=True)
class Results:
    all: Row
    by_reason: list[Row]
    by_attempt: list[Row]
    by_wait: list[Row]


def results(user) -> Results:
    """Of the leads and deals that the person may see. Returns whose step was voided never happened; revenue is in base
    currency."""
    returns = list(_returns(user))
    return Results(
        all=_row(_("All"), returns),
        by_reason=_rows(returns, lambda one: one.recycling.reason or _("No reason"), str),
        by_attempt=_rows(
            returns, lambda one: one.recycling.attempt, lambda attempt: _("Try %(n)s") % {"n": attempt + 1}
        ),
        by_wait=_rows([one for one in returns if one.deal], lambda one: bisect_left(WAITS, one.waited_days), _span),
    )


def _span(place: int) -> str:
    """A stretch of WAITS in words."""
    if place == len(WAITS):
        return _("More than %(n)s days") % {"n": WAITS[-1]}
    first = WAITS[place - 1] + 1 if place else 0
    return _("%(first)s to %(last)s days") % {"first": first, "last": WAITS[place]}


def _returns(user) -> Iterable[Return]:
    recyclings = Recycling.objects.filter(lead__in=Lead.objects.visible_to(user)).order_by("pk")
    voided = set(LeadAmendment.objects.filter(kind="void").values_list("card", "seq"))
    seen = Deal.objects.visible_to(user).select_related("stage")
    deals = seen.filter(lead__recyclings__isnull=False, attempt__gt=1).order_by("-pk")
    tries = {(deal.lead_id, deal.attempt): deal for deal in deals}
    for recycling in recyclings:
        if (recycling.lead_id, recycling.seq) not in voided:
            yield Return(recycling, tries.get((recycling.lead_id, recycling.attempt + 1)))


def _rows(returns: list[Return], key: Callable[[Return], Any], name: Callable[[Any], str]) -> list[Row]:
    groups: dict[Any, list[Return]] = {}
    for one in returns:
        groups.setdefault(key(one), []).append(one)
    return [_row(name(group), groups[group]) for group in sorted(groups)]


def _row(name: str, returns: list[Return]) -> Row:
    deals = [one.deal for one in returns if one.deal]
    won = [deal for deal in deals if deal.stage.kind == StageKind.WON]
    return Row(
        name=name,
        returned=len(returns),
        tried=len(deals),
        won=len(won),
        lost=sum(deal.stage.kind == StageKind.LOST for deal in deals),
        revenue=sum((deal.base_amount or Decimal(0) for deal in won), Decimal(0)),
    )
