"""Where a card goes next, day by day: a discrete semi-Markov chain with competing risks.

States 0 … S-1 are open stages, S is won, S+1 is lost. Time goes in nights: a stay that has lasted `a` nights ends in
the next one with hazard h[s, a, k] for each next state k. Ages from A-1 on share the last hazard.

Source: Aalen and Johansen 1978 for the hazards; Dirichlet posterior per stage and age bin, shrunk to the whole stage's
rates by a few pseudo events; expected wins by backward dynamic programming.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .survival import OPEN, Floats, Ints

MOST_BINS = 12
EVENTS_PER_BIN = 15
CERTAIN = 0.999


@dataclass(frozen=True, slots=True)
class Nights:
    """Stays seen at the end of each day. All (n,): state, watched_from and stop in nights of age (a stay is at risk in
    nights watched_from … stop-1 and leaves in night stop-1), next state or OPEN."""

    state: Ints
    watched_from: Ints
    stop: Ints
    next: Ints


@dataclass(frozen=True, slots=True)
class Counts:
    """events: (S, S+2, A) moves by age; exposure: (S, A) nights at risk."""

    events: Floats
    exposure: Floats

    @property
    def states(self) -> int:
        return self.exposure.shape[0]

    @property
    def ages(self) -> int:
        return self.exposure.shape[1]


@dataclass(frozen=True, slots=True)
class Hazards:
    """The posterior of every stage's hazards. bin_of: (S, A) age bin; weights: per stage (bins, S+3) Dirichlet weights,
    the last for staying."""

    bin_of: Ints
    weights: tuple[Floats, ...]

    def mean(self) -> Floats:
        """(S, A, S+2)."""
        return self._by_age([w / w.sum(axis=1, keepdims=True) for w in self.weights])

    def draw(self, rng: np.random.Generator) -> Floats:
        """One draw from the posterior, (S, A, S+2)."""
        drawn = [rng.standard_gamma(np.maximum(w, 1e-6)) for w in self.weights]
        return self._by_age([g / g.sum(axis=1, keepdims=True) for g in drawn])

    def _by_age(self, per_bin: list[Floats]) -> Floats:
        return np.stack([share[self.bin_of[state], :-1] for state, share in enumerate(per_bin)])


@dataclass(frozen=True, slots=True)
class Prospects:
    """Chances of being won. now: (S, A, P) in each period, for a card in state s that has stayed a nights;
    at_entry: (H+1, S, P) for a card that enters s in u days' time."""

    now: Floats
    at_entry: Floats


def count(nights: Nights, *, states: int, ages: int) -> Counts:
    """Moves and nights at risk by stage and age; nights beyond the last age count there."""
    keep = nights.stop > nights.watched_from
    state, start, stop, following = (
        values[keep] for values in (nights.state, nights.watched_from, nights.stop, nights.next)
    )
    change = np.zeros((states, ages + 1))
    np.add.at(change, (state, np.minimum(start, ages)), 1.0)
    np.add.at(change, (state, np.minimum(stop, ages)), -1.0)
    exposure = np.cumsum(change, axis=1)[:, :ages]
    beyond = np.maximum(stop - np.maximum(start, ages), 0).astype(float)
    exposure[:, -1] += np.bincount(state, beyond, minlength=states)
    events = np.zeros((states, states + 2, ages))
    moved = following != OPEN
    np.add.at(events, (state[moved], following[moved], np.minimum(stop[moved] - 1, ages - 1)), 1.0)
    return Counts(events, exposure)


def fit(counts: Counts, *, pseudo_events: float = 1.0, tail_is_apart: bool = False) -> Hazards:
    """Hazards by stage and age bin, bins having at least 15 moves each. Thin bins borrow from the whole stage, and a
    stage without moves from the whole pipeline, with the weight of `pseudo_events` moves.

    tail_is_apart: the ages at which no card has ever moved are a bin of their own. Cards forgotten in a stage become
    more and more; with the hazards of those that still moved, too much would be expected of them.
    """
    states, ages = counts.states, counts.ages
    pooled = (counts.events.sum(axis=(0, 2)) + 1e-3) / (counts.exposure.sum() + 1.0)
    bins, weights = np.zeros((states, ages), dtype=np.int64), []
    for state in range(states):
        moved = counts.events[state].sum(axis=0)
        bins[state] = age_bins(moved) + (tail_is_apart & _is_after_the_last(moved))
        number = int(bins[state, -1]) + 1
        moves = np.stack([np.bincount(bins[state], counts.events[state, k], number) for k in range(states + 2)], axis=1)
        at_risk = np.bincount(bins[state], counts.exposure[state], number)
        rate = (moves.sum(axis=0) + 0.5 * pooled / pooled.sum()) / (at_risk.sum() + 0.5 / pooled.sum())
        rate[state] = 0.0
        prior = pseudo_events / max(rate.sum(), 1e-6)
        staying = np.maximum(at_risk - moves.sum(axis=1), 0.0) + prior * max(1 - rate.sum(), 1e-3)
        weights.append(np.column_stack([moves + prior * rate, staying]))
    return Hazards(bins, tuple(weights))


def prospects(
    hazards: Floats, period_of_day: Ints, *, factors: Floats | None = None, beyond: Prospects | None = None
) -> Prospects:
    """Chances of being won in each period, by backward dynamic programming over the coming days.

    hazards: (S, A, S+2); period_of_day: (H,) period index of day 1 … H, rising; factors: (H, 2) multiply the hazards of
    being won and of being lost on each day; beyond: the chances of who is still open after these days, if any.
    """
    states, ages, _ = hazards.shape
    days, periods = len(period_of_day), int(period_of_day.max()) + 1 if beyond is None else beyond.now.shape[2]
    value = np.zeros((states, ages, periods)) if beyond is None else beyond.now.copy()
    at_entry = np.zeros((days + 1, states, periods))
    at_entry[days] = value[:, 0]
    moving, winning, staying = _steps(hazards, np.ones(2))
    for day in range(days - 1, -1, -1):
        if factors is not None and (day == days - 1 or (factors[day] != factors[day + 1]).any()):
            moving, winning, staying = _steps(hazards, factors[day])
        period = period_of_day[day]
        later = value[:, :, period:]  # what comes before this day's period is past
        moved = (moving @ later[:, 0]).reshape(states, ages, -1)
        moved[:, :-1] += staying[:, :-1] * later[:, 1:]
        moved[:, -1] += staying[:, -1] * later[:, -1]
        moved[:, :, 0] += winning
        value[:, :, period:] = moved
        at_entry[day] = value[:, 0]
    return Prospects(value, at_entry)


def without_equal_ages(hazards: Floats) -> Floats:
    """The same hazards up to the age from which on all are equal: older cards share the last one anyway."""
    differs = (hazards[:, 1:] != hazards[:, :-1]).any(axis=(0, 2))
    return hazards[:, : int(np.flatnonzero(differs)[-1]) + 2 if differs.any() else 1]


def _steps(hazards: Floats, ends: Floats) -> tuple[Floats, Floats, Floats]:
    """Chances of each move (S·A, S), of the win (S, A) and of staying (S, A, 1), those to be won and lost multiplied by
    `ends`, (2,)."""
    states, ages, _ = hazards.shape
    scaled = hazards.copy()
    scaled[:, :, states:] *= ends
    total = scaled.sum(axis=2)
    scaled *= np.where(total > CERTAIN, CERTAIN / np.maximum(total, 1e-12), 1.0)[:, :, None]
    moving = np.ascontiguousarray(scaled[:, :, :states]).reshape(states * ages, states)
    return moving, scaled[:, :, states], 1 - scaled.sum(axis=2, keepdims=True)


def _is_after_the_last(events_by_age: Floats) -> NDArray[np.bool_]:
    """(A,) whether nothing happened at this age and later; nowhere where nothing ever happened."""
    return (np.cumsum(events_by_age[::-1])[::-1] <= 0) & (events_by_age.sum() > 0)


def age_bins(events_by_age: Floats) -> Ints:
    """The bin of each age: edges at quantiles of the events, at least 15 events in each, the last bin open.

    The last bin is halved as long as both halves keep 15: old cards fare worse than those just past the crowd, and
    where a stage is stuck they are many.
    """
    ages = len(events_by_age)
    total = events_by_age.sum()
    number = int(min(MOST_BINS, max(1, total // EVENTS_PER_BIN)))
    if number == 1:
        return np.zeros(ages, dtype=np.int64)
    cumulative = np.cumsum(events_by_age)
    shares = np.arange(1, number) / number
    rest = 1 - shares[-1]
    while total * rest / 2 >= EVENTS_PER_BIN:
        rest /= 2
        shares = np.append(shares, 1 - rest)
    edges = np.unique(np.searchsorted(cumulative, total * shares) + 1)
    return np.searchsorted(edges, np.arange(ages), side="right").astype(np.int64)
