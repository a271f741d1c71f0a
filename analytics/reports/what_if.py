"""What the page of suppositions is answered from: the forecast of each month and target, and the chain behind it.

Of a selection that supposes something it tells instead how far each of them moves, exactly: the chances of every open
card are asked anew of the changed chain, and how much wider or narrower the range becomes of simulated futures.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from .. import days, fiscal, supposing
from ..estimators import attainment, forecasting, markov
from ..estimators import supposing as chain
from ..estimators.supposing import Changes, Curves
from ..estimators.survival import Floats, Ints
from ..known import Known
from ..outlook import SHOCK_DAYS, Fitted, Outlook
from ..parts import outlook_of
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..supposing import Move, Supposed
from . import _targets, forecast
from ._lacking import lack

DRAWS = 2000
MOST_LUCK = 4_000_000  # cards × draws, so that a large pipeline fits into memory
WEEK = 7


@dataclass(frozen=True, slots=True)
class Stretch:
    """A month, or the period of a target (`amount`). quantiles: of what comes in it, at LEVELS; point: what is expected
    of it with what is won already; chance: of the target; move: how far it moves, where something is supposed."""

    start: date
    end: date
    amount: float | None
    won: float
    point: float
    quantiles: tuple[float, ...]
    chance: float | None
    move: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class StageNow:
    """goes_on: share of those that leave which are not lost; nights: the median until they leave."""

    key: str
    name: str
    goes_on: float
    nights: int | None


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """stretches: the months, then the targets. curves: as `supposing.stored` says; None, as the numbers beside them,
    where nothing can be forecast. usual: what a usual win brings."""

    pipeline: str
    as_of: date
    currency: str
    days_ahead: int
    stretches: tuple[Stretch, ...]
    stages: tuple[StageNow, ...]
    curves: dict[str, Any] | None
    inflow_per_week: float | None
    usual: float | None
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, rng: np.random.Generator) -> WhatIfReport:
    """The same history gives the same answer: chance is seeded by the day, and `rng` is not used."""
    today = days.number(selection.as_of)
    goals = _targets.shown(river.goals, selection.as_of)
    outlook = outlook_of(river, reach=forecast.reach(selection, goals))
    facts: dict[str, Any] = {"pipeline": river.pipeline, "as_of": selection.as_of, "currency": river.currency}
    nothing: dict[str, Any] = {"stages": (), "curves": None, "inflow_per_week": None, "usual": None, "days_ahead": 0}
    if not outlook.can_say(today):
        return WhatIfReport(**facts, **nothing, stretches=(), warnings=(lack(outlook, today),))
    asked: list[tuple[date, date, float | None]] = [(one.start, one.end, None) for one in _months(selection)]
    asked += [(goal.start, goal.end, goal.amount) for goal in goals if days.number(goal.end) > today]
    ahead = max(days.number(end) for _start, end, _amount in asked) - today
    fitted, known = outlook.fitted(today), outlook.history.as_of(today)
    lived = _Lived(fitted, known, ahead)
    supposed = Supposed.from_pairs(selection.suppose)
    keys = [stage.key for stage in river.deals.open_stages]
    moves: list[Move | None] = [None] * len(asked)
    if not supposed.is_nothing:
        spans = [supposing.within(start.isoformat(), end.isoformat(), today) for start, end, _amount in asked]
        moves = list(lived.moves(supposed.changes(keys), spans))
    return WhatIfReport(
        **facts,
        days_ahead=ahead,
        stretches=tuple(_stretch(outlook, known, *one, move) for one, move in zip(asked, moves, strict=True)),
        stages=tuple(
            StageNow(stage.key, stage.name, passed.goes_on, passed.nights)
            for code, stage in enumerate(river.deals.open_stages)
            for passed in [chain.passage(fitted.hazards, code)]
        ),
        curves=supposing.stored(lived.curves) if supposed.is_nothing else None,
        inflow_per_week=fitted.inflow.per_day * WEEK,
        usual=lived.usual,
        warnings=(),
    )


def _months(selection: Selection) -> list[fiscal.Period]:
    """Those that the forecast page shows first: that of tomorrow, and those after it."""
    months = [fiscal.containing(selection.as_of + timedelta(days=1), fiscal.MONTH, first_month=1)]
    while len(months) < selection.months:
        months.append(fiscal.Period.of(months[-1].end + timedelta(days=1), fiscal.MONTH))
    return months


def _stretch(
    outlook: Outlook, known: Known, start: date, end: date, amount: float | None, move: Move | None
) -> Stretch:
    today, first, last = known.today, days.number(start), days.number(end)
    won, skip = known.won_between(first, today), max(first - 1 - today, 0)
    coming = outlook.forecast(today, skip=skip, length=last - today - skip)
    return Stretch(
        start=start,
        end=end,
        amount=amount,
        won=won,
        point=won + coming.point,
        quantiles=tuple(coming.quantiles.tolist()),
        chance=None if amount is None else attainment.chance(coming.quantiles, max(amount - won, 0.0)),
        move=None if move is None else (move.ratio, move.width),
    )


class _Lived:
    """The open cards and those to come, on the chain as it is and as it would be."""

    def __init__(self, fitted: Fitted, known: Known, ahead: int):
        self._fitted, self._known, self._ahead = fitted, known, ahead
        self._open = known.is_open
        self._age = np.minimum(known.today - known.entered[self._open], fitted.oldest)
        self._tilt = fitted.tilt(ahead)
        coming = known.today + np.arange(1, ahead + 1)
        self._factors = np.stack([fitted.winning.on(coming), fitted.losing.on(coming)], axis=1)
        past = fitted.amounts
        self.usual = float(past.won.mean()) if len(past.won) else 0.0
        brings = float(past.ratios.mean()) if len(past.ratios) else 1.0
        amounts = known.amount[self._open]
        self._worth = np.where(np.isnan(amounts), self.usual, amounts * brings)
        self._effect = np.exp(self._tilt.features(amounts) @ self._tilt.coefficients)

    @property
    def curves(self) -> Curves:
        """Expected amounts, so that the chain can be asked without looking at a card."""
        states, ages, _ = self._fitted.hazards.shape
        place = self._known.state[self._open] * ages + self._age
        worth = np.bincount(place, self._worth * self._effect, minlength=states * ages)
        inflow = self._fitted.inflow
        return Curves(
            hazards=self._fitted.hazards,
            standing=worth.reshape(states, ages),
            entry=inflow.entry,
            per_day=inflow.per_day * self._tilt.coming * self.usual,
            factors=self._factors,
        )

    def moves(self, changes: Changes, spans: list[tuple[int, int]]) -> list[Move]:
        """How far what comes in each span of days moves. spans: first, and the one after the last; 0 is tomorrow."""
        edges = sorted({self._ahead, min(changes.delay, self._ahead), *(edge for span in spans for edge in span)} - {0})
        bounds = np.array(edges)
        usual, supposed = (self._asked(one, bounds) for one in (Changes(delay=changes.delay), changes))
        inside = [(bounds > first) & (bounds <= last) for first, last in spans]
        return [_move(usual, supposed, columns) for columns in inside]

    def _asked(self, changes: Changes, bounds: Ints) -> tuple[Floats, Floats]:
        """Expected amounts between the bounds, (P,), and drawn ones, (draws, P)."""
        period_of_day: Ints = np.searchsorted(bounds, np.arange(1, self._ahead + 1))
        found, coming = self._prospects(changes, period_of_day), self._fitted.inflow
        chances = found.now[self._known.state[self._open], self._age]
        per_arrival = self._per_arrival(found.at_entry, changes, period_of_day)
        worth = np.where(np.append(0, bounds[:-1]) >= changes.delay, changes.value, 1.0)
        certain = np.maximum(chances.sum(axis=1), 1e-300)
        won = (1 - (1 - np.minimum(certain, markov.CERTAIN)) ** self._effect) / certain * self._worth
        expected = won @ chances + coming.per_day * self._tilt.coming * self.usual * per_arrival
        draws = forecasting.simulate(
            chances,
            self._known.amount[self._open],
            per_arrival,
            coming,
            self._fitted.amounts,
            self._tilt,
            np.random.default_rng([self._known.today, self._ahead, len(bounds)]),
            shock=self._fitted.shock(min(SHOCK_DAYS, self._ahead)),
            is_shared=True,
            draws=int(np.clip(MOST_LUCK // max(len(chances), 1), 200, DRAWS)),
        )
        return expected * worth, draws.total * worth

    def _prospects(self, changes: Changes, period_of_day: Ints) -> markov.Prospects:
        """Chances of being won, by the hazards as they are until the delay is over, then by the changed ones."""
        before = after = self._fitted.hazards
        if changes.changes_a_stage and changes.stage is not None:
            after = chain.changed(before, changes.stage, time=changes.time, conversion=changes.conversion)
            before = chain.aged(before, after.shape[1])
        if changes.delay >= self._ahead:
            return markov.prospects(before, period_of_day, factors=self._factors)
        delay = changes.delay
        then = markov.prospects(after, period_of_day[delay:], factors=self._factors[delay:])
        if delay == 0:
            return then
        now = markov.prospects(before, period_of_day[:delay], factors=self._factors[:delay], beyond=then)
        return markov.Prospects(now.now, np.concatenate([now.at_entry[:-1], then.at_entry]))

    def _per_arrival(self, at_entry: Floats, changes: Changes, period_of_day: Ints) -> Floats:
        """Expected wins in each period when one card comes on every day, and `inflow` of them after the delay."""
        number = np.where(np.arange(self._ahead) >= changes.delay, changes.inflow, 1.0)
        entry, states = self._fitted.inflow.entry, at_entry.shape[1]
        later = forecasting.wins_per_arrival(
            at_entry * np.append(0.0, number)[:, None, None], np.append(entry[:states], [0.0, 0.0]), period_of_day
        )
        return later + entry[states] * np.bincount(period_of_day, number, minlength=len(later))


def _move(usual: tuple[Floats, Floats], supposed: tuple[Floats, Floats], columns: np.ndarray) -> Move:
    (now, drawn_now), (then, drawn_then) = usual, supposed
    ratio = supposing.ratio(float(then[columns].sum()), float(now[columns].sum()))
    widths = [_relative_width(drawn[:, columns].sum(axis=1)) for drawn in (drawn_now, drawn_then)]
    return Move(ratio, supposing.ratio(widths[1], widths[0]) if ratio > 0 else 1.0)


def _relative_width(sums: Floats) -> float:
    """Of the 80 % range, against the mean."""
    low, high = np.quantile(sums, [0.1, 0.9])
    mean = float(sums.mean())
    return float(high - low) / mean if mean > 0 else 0.0
