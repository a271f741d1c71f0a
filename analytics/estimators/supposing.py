"""What would be won if something were otherwise: more cards begin, a stage takes longer or keeps more, wins bring more.

The chain of `markov` is changed from a day on and asked again. `won_per_day` pushes expected amounts forward through it
day by day, without chance: quick, and exact for what is expected. `stretched` then moves a forecast as far as that
moves.

Source: Kolmogorov's forward equation of the semi-Markov chain; a stage's time is stretched by letting its cards age
more slowly, its conversion by one factor on the odds of going on at every age, which leaves its time as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .markov import CERTAIN
from .survival import Floats

LEAST_SHARE, MOST_SHARE = 0.01, 0.99
LOG_ODDS = 12.0
HALVINGS = 50
SURE = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Changes:
    """Factors on the number of cards that begin, on the time in one stage and on what wins bring, and what is added to
    the share of the stage's cards that go on; all from the day after `delay` on. stage: which one, if any."""

    inflow: float = 1.0
    stage: int | None = None
    time: float = 1.0
    conversion: float = 0.0
    value: float = 1.0
    delay: int = 0

    @property
    def changes_a_stage(self) -> bool:
        return self.stage is not None and (self.time != 1.0 or self.conversion != 0.0)


@dataclass(frozen=True, slots=True)
class Curves:
    """All that such questions are answered from.

    hazards: (S, A, S+2); standing: (S, A) what the open cards would bring, by stage and nights there; entry: (S+2,)
    where cards are at the end of their first day; per_day: what the cards that begin on one day would bring, were all
    of them won; factors: (H, 2) on the hazards of being won and lost, by day.
    """

    hazards: Floats
    standing: Floats
    entry: Floats
    per_day: float
    factors: Floats

    @property
    def days(self) -> int:
        return len(self.factors)


@dataclass(frozen=True, slots=True)
class Passage:
    """How one stage is passed: share of its cards that go on, median nights (None where half of them never leave)."""

    goes_on: float
    nights: int | None


def passage(hazards: Floats, stage: int) -> Passage:
    """Of a card that enters the stage."""
    leaving, lost = _ends(hazards[stage])
    staying = np.concatenate([[1.0], np.cumprod(1 - leaving)])
    left = 1 - staying[1:]
    median = int(np.argmax(left >= 0.5)) + 1 if (left >= 0.5).any() else None
    if median is None and leaving[-1] > 0:  # the last hazard holds for all later ages
        median = len(leaving) + int(np.ceil(np.log(0.5 / staying[-1]) / np.log1p(-leaving[-1])))
    return Passage(_share_that_goes_on(staying, leaving, lost), median)


def changed(hazards: Floats, stage: int, *, time: float = 1.0, conversion: float = 0.0) -> Floats:
    """The hazards with this stage's time multiplied, and so much added to the share of its cards that go on, which
    stays between one and 99 in a hundred. (S, A', S+2): ages are added where the stage takes longer."""
    ages = hazards.shape[1]
    longer = aged(hazards, max(int(np.ceil(ages * time)), ages)) if time > 1 else hazards.copy()
    if time != 1.0:
        longer[stage] = _stretched_in_time(hazards[stage], time, longer.shape[1])
    if conversion:
        longer[stage] = _converting(longer[stage], conversion)
    return longer


def aged(hazards: Floats, ages: int) -> Floats:
    """The same hazards for more ages, which share the last one."""
    return np.concatenate([hazards, np.repeat(hazards[:, -1:], ages - hazards.shape[1], axis=1)], axis=1)


def won_per_day(curves: Curves, changes: Changes = Changes()) -> tuple[Floats, Floats]:
    """Expected amounts won on each coming day, of the open cards and of those that come, both (H,)."""
    before = curves.hazards
    after = before
    if changes.changes_a_stage and changes.stage is not None:
        after = changed(before, changes.stage, time=changes.time, conversion=changes.conversion)
        before = aged(before, after.shape[1])
    states, ages, _ = after.shape
    mass = np.zeros((2, states, ages))
    mass[0, :, : curves.standing.shape[1]] = curves.standing
    won = np.zeros((2, curves.days))
    known: dict[tuple[bool, bytes], tuple[Floats, Floats, Floats]] = {}
    for day in range(curves.days):
        is_changed = day >= changes.delay
        key = is_changed, curves.factors[day].tobytes()
        if key not in known:
            known[key] = _steps(after if is_changed else before, curves.factors[day])
        moving, winning, staying = known[key]
        worth = changes.value if is_changed else 1.0
        coming = curves.per_day * (changes.inflow if is_changed else 1.0)
        won[:, day] = (mass * winning).sum(axis=(1, 2)) * worth
        won[1, day] += coming * curves.entry[states] * worth
        entering = mass.reshape(2, -1) @ moving
        staying_mass = mass * staying
        mass = np.zeros_like(mass)
        mass[:, :, 1:] = staying_mass[:, :, :-1]
        mass[:, :, -1] += staying_mass[:, :, -1]
        mass[:, :, 0] += entering
        mass[1, :, 0] += coming * curves.entry[:states]
    return won[0], won[1]


def stretched(quantiles: Floats, ratio: float, width: float = 1.0) -> Floats:
    """The forecast at `ratio` of its amount, its range `width` times as wide in proportion; never below zero."""
    middle = float(quantiles.mean())
    return np.maximum(ratio * (middle + (quantiles - middle) * width), 0.0)


def _steps(hazards: Floats, ends: Floats) -> tuple[Floats, Floats, Floats]:
    """Chances of each move (S·A, S), of the win and of staying (S, A), as `markov` takes them on a day."""
    states, ages, _ = hazards.shape
    scaled = hazards.copy()
    scaled[:, :, states:] *= ends
    total = scaled.sum(axis=2)
    scaled *= np.where(total > CERTAIN, CERTAIN / np.maximum(total, 1e-12), 1.0)[:, :, None]
    return scaled[:, :, :states].reshape(states * ages, states), scaled[:, :, states], 1 - scaled.sum(axis=2)


def _ends(hazards: Floats) -> tuple[Floats, Floats]:
    """Of one stage, (A, S+2): the hazards of leaving, and of being lost."""
    return np.minimum(hazards.sum(axis=1), SURE), hazards[:, -1]


def _share_that_goes_on(staying: Floats, leaving: Floats, lost: Floats) -> float:
    """Of the cards that leave; those beyond the last age leave as at it. staying: (A+1,)."""
    at_risk = staying[:-1].copy()
    if leaving[-1] > 0:
        at_risk[-1] += staying[-1] / leaving[-1]
    left = float(at_risk @ leaving)
    return float(at_risk @ (leaving - lost)) / left if left > 0 else 0.0


def _stretched_in_time(hazards: Floats, time: float, ages: int) -> Floats:
    """(ages, S+2): each night of age counts 1/time nights, so that stays take `time` times as long and end alike."""
    leaving = np.minimum(hazards.sum(axis=1), SURE)
    rate = -np.log1p(-leaving)[:, None] * hazards / np.maximum(leaving, 1e-300)[:, None]
    summed = np.concatenate([np.zeros((1, rate.shape[1])), np.cumsum(rate, axis=0)])
    nights = np.arange(ages + 1) / time
    whole = np.minimum(nights.astype(int), len(hazards) - 1)
    reached = summed[whole] + (nights - whole)[:, None] * rate[whole]
    within = np.diff(reached, axis=0)
    total = within.sum(axis=1)
    return within * (-np.expm1(-total) / np.maximum(total, 1e-300))[:, None]


def _converting(hazards: Floats, more: float) -> Floats:
    """(A, S+2) with the share that goes on raised by `more`, the time until cards leave as it is."""
    leaving, lost = _ends(hazards)
    staying = np.concatenate([[1.0], np.cumprod(1 - leaving)])
    going = leaving - lost
    usual = _share_that_goes_on(staying, leaving, lost)
    wanted = float(np.clip(usual + more, LEAST_SHARE, MOST_SHARE))
    low, high = -LOG_ODDS, LOG_ODDS
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_below = _share_that_goes_on(staying, leaving, leaving - _tilted(going, lost, middle)) < wanted
        low, high = (middle, high) if is_below else (low, middle)
    raised = _tilted(going, lost, (low + high) / 2)
    found = hazards * np.where(going > 0, raised / np.maximum(going, 1e-300), 1.0)[:, None]
    found[:, -1] = leaving - raised
    return found


def _tilted(going: Floats, lost: Floats, log_odds: float) -> Floats:
    """The hazard of going on, its odds against being lost multiplied."""
    weight = going * np.exp(log_odds)
    both = weight + lost
    return (going + lost) * np.divide(weight, both, out=np.zeros_like(both), where=both > 0)


__all__ = ["Changes", "Curves", "Passage", "aged", "changed", "passage", "stretched", "won_per_day"]
