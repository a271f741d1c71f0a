"""How likely the targets are, with the arithmetic behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from .. import days
from ..estimators import attainment
from ..known import Known
from ..outlook import Outlook
from ..river import Goal

SHOWN_AFTER = 92
LATELY = 56
LONGEST_AHEAD = 400


@dataclass(frozen=True, slots=True)
class Attainment:
    """How a target stands. point = won + open + new + recycled, what is expected; gap: what is still to be won; short:
    by how much the point falls short, negative where it does not; pace: what would be won by now at an even pace;
    a_week: what must come in each week from now on, lately: what came in each of the last eight. chance: to reach it,
    0 or 1 once the period is over, None where nothing can be forecast."""

    start: date
    end: date
    amount: float
    won: float
    gap: float
    pace: float
    a_week: float | None
    lately: float
    is_over: bool
    chance: float | None
    open: float | None = None
    new: float | None = None
    recycled: float | None = None
    point: float | None = None
    short: float | None = None
    q10: float | None = None
    q50: float | None = None
    q90: float | None = None


def shown(goals: Iterable[Goal], as_of: date) -> list[Goal]:
    """Those that are under way, coming, or over since a quarter at most."""
    today = days.number(as_of)
    return [
        goal
        for goal in goals
        if days.number(goal.end) > today - SHOWN_AFTER and days.number(goal.end) <= today + LONGEST_AHEAD
    ]


def attainments(goals: Iterable[Goal], known: Known, outlook: Outlook | None) -> tuple[Attainment, ...]:
    """One each; `outlook` is None where too little is known to forecast."""
    return tuple(_attainment(goal, known, outlook) for goal in goals)


def _attainment(goal: Goal, known: Known, outlook: Outlook | None) -> Attainment:
    today, start, end = known.today, days.number(goal.start), days.number(goal.end)
    won = known.won_between(start, min(end, today))
    gap, left = max(goal.amount - won, 0.0), end - max(today, start - 1)
    facts: dict[str, Any] = {
        "start": goal.start,
        "end": goal.end,
        "amount": goal.amount,
        "won": won,
        "gap": gap,
        "pace": goal.amount * min(max(today - start + 1, 0) / (end - start + 1), 1.0),
        "lately": known.won_between(today - LATELY + 1, today) * 7 / LATELY,
    }
    if left <= 0:
        return Attainment(**facts, a_week=None, is_over=True, chance=1.0 if gap == 0 else 0.0)
    facts |= {"a_week": gap * 7 / left, "is_over": False}
    if outlook is None:
        return Attainment(**facts, chance=1.0 if gap == 0 else None)
    forecast = outlook.forecast(today, skip=max(start - 1 - today, 0), length=left)
    point = won + forecast.point
    return Attainment(
        **facts,
        chance=attainment.chance(forecast.quantiles, gap),
        open=forecast.open,
        new=forecast.new,
        recycled=forecast.recycled,
        point=point,
        short=goal.amount - point,
        q10=won + forecast.quantile(0.1),
        q50=won + forecast.quantile(0.5),
        q90=won + forecast.quantile(0.9),
    )
