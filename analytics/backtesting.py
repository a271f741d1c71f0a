"""Every forecast asked again as of days gone by, and graded by what came.

The rows of one origin rest on what was known on that day: `known` slices the history, and nothing here passes anything
else to a forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from . import days
from .estimators import blending, history, stage_weighting
from .estimators.history import LEVELS
from .estimators.survival import Floats
from .known import Known
from .outlook import Outlook
from .recalling import Arrays

QUANTILES = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}
MOST_WINDOWS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """What a method said on the evening of `origin` of the `horizon` days after it, and what came."""

    origin: date
    horizon: int
    method: str
    actual: float
    point: float
    q05: float
    q10: float
    q25: float
    q50: float
    q75: float
    q90: float
    q95: float
    crps: float

    def as_facts(self) -> dict[str, Any]:
        """Plain values for JSON, to six places, so that single wins are told as finely as large sums."""
        return {
            name: value.isoformat()
            if isinstance(value, date)
            else round(value, 6)
            if isinstance(value, float)
            else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Grade:
    """How good a method was over n windows. error: mean absolute error of the median, bias: of the point, both as a
    share of what came; inside: share of windows inside the 80 % band, None for a mere figure; crps: as a share."""

    method: str
    n: int
    error: float
    bias: float
    inside: float | None
    crps: float


def replay(outlook: Outlook, origins: Iterable[int], horizon: int) -> Iterator[Row]:
    """Rows of every method at every origin (day numbers), as far as there is enough to say something."""
    for origin in origins:
        actual = came(outlook, origin + 1, origin + horizon)
        for method, quantiles in answers(outlook, origin, length=horizon).items():
            yield row(origin, horizon, method, actual, quantiles)


def answers(outlook: Outlook, origin: int, *, length: int, skip: int = 0) -> dict[str, Floats]:
    """What every method says on the evening of `origin` of the `length` days after the next `skip` ones, as far as
    there is enough to say something: quantiles at LEVELS, of a mere figure all the same."""
    asked = outlook.described(skip, length)
    return dict(outlook.recall(origin, asked, lambda: _answers(outlook, origin, length=length, skip=skip)))


def came(outlook: Outlook, first: int, last: int) -> float:
    """What was won in these days, as it was known on the last of their evenings."""

    def won() -> Arrays:
        return {"won": np.array(outlook.history.as_of(last).won_between(first, last))}

    return float(outlook.recall(last, f"won since {first}", won)["won"])


def _answers(outlook: Outlook, origin: int, *, length: int, skip: int) -> Arrays:
    said: dict[str, Floats | float] = {**figures(outlook.history.as_of(origin), length, skip=skip)}
    if outlook.can_say(origin):
        forecast = outlook.forecast(origin, skip=skip, length=length)
        said |= forecast.methods | {"blend": forecast.quantiles}
    return {method: np.full(len(LEVELS), answer) * 1.0 for method, answer in said.items()}


def figures(known: Known, length: int, *, skip: int = 0) -> dict[str, float]:
    """The customary figures without a range: the last window, the mean of three, and each way to weigh stages."""
    per_day = known.won_per_day(known.since)
    standing = known.is_open
    amounts = known.usual_amounts(standing)
    cards = stage_weighting.Standing(
        known.state[standing], known.entered[standing], amounts, np.full(len(amounts), np.nan)
    )
    ends = [known.today + skip, known.today + skip + length] if skip else [known.today + length]
    weighted = stage_weighting.variants(
        known.passages(),
        cards,
        today=known.today,
        states=known.states,
        period_ends=np.array(ends),
        new_business=np.full(len(ends), new_business(known, length, skip=skip)),
    )
    return {
        "naive": history.naive(per_day, length),
        "mean3": history.mean_of_last(per_day, length),
        **{name: float(amount[-1]) for name, amount in weighted.items()},
    }


def new_business(known: Known, length: int, *, skip: int = 0) -> float:
    """What past windows brought on average from cards that came after they had begun, or up to `skip` days before."""
    begun = np.full(int(known.card.max()) + 1 if len(known.card) else 0, 0)
    begun[known.card[known.first]] = known.entered[known.first]
    won, found = known.is_won, []
    for number in range(1, MOST_WINDOWS + 1):
        after = known.today - number * length
        if after - skip < known.since - 1:
            break
        inside = won & (known.entered > after) & (known.entered <= after + length) & (begun[known.card] > after - skip)
        found.append(float(np.nansum(known.amount[inside])))
    return float(np.mean(found)) if found else 0.0


def grades(rows: Iterable[Row]) -> list[Grade]:
    """One a method, the best first. Methods are compared on the windows for which all of them said something."""
    rows = list(rows)
    methods = {row.method for row in rows}
    complete = {
        origin
        for origin in {row.origin for row in rows}
        if {row.method for row in rows if row.origin == origin} == methods
    }
    found = [
        _grade(method, [row for row in rows if row.method == method and row.origin in complete]) for method in methods
    ]
    return sorted((grade for grade in found if grade), key=lambda grade: (grade.crps, grade.method))


def _grade(method: str, rows: list[Row]) -> Grade | None:
    came = sum(row.actual for row in rows)
    if came <= 0:
        return None
    is_range = any(row.q10 < row.q90 for row in rows)
    return Grade(
        method=method,
        n=len(rows),
        error=sum(abs(row.q50 - row.actual) for row in rows) / came,
        bias=sum(row.point - row.actual for row in rows) / came,
        inside=sum(row.q10 <= row.actual <= row.q90 for row in rows) / len(rows) if is_range else None,
        crps=sum(row.crps for row in rows) / came,
    )


def row(origin: int, horizon: int, method: str, actual: float, quantiles: Floats) -> Row:
    """The method's answer at LEVELS, graded by what came."""
    return Row(
        origin=days.day(origin),
        horizon=horizon,
        method=method,
        actual=actual,
        point=float(quantiles.mean()),
        **{name: blending.quantile(quantiles, level) for name, level in QUANTILES.items()},
        crps=blending.crps(quantiles, actual),
    )


__all__ = ["Grade", "Row", "answers", "figures", "grades", "replay", "row"]
