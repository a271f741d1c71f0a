"""What will be won, when: open cards and those not there yet, drawn many times.

Each draw takes a level of the chances, a level of inflow, a resample of past amounts, and a shock common to all cards
of a period: months are good or bad together, and intervals that leave this out are far too narrow. Chance is passed in.

Source: semi-Markov competing risks (`markov`); gamma frailty per period with a moment estimate of its variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .markov import CERTAIN, Nights
from .recalibration import Tilt
from .survival import Floats, Ints

INFLOW_DAYS = 56
PRIOR_SHOCK = 0.01
PRIOR_PERIODS = 2
MOST_PERIODS = 13
SHORTEST_PERIOD = 7
UNKNOWN_SHOCK = 0.05
BATCHES = 16
SMALLEST_VARIANCE = 1e-4
AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Past:
    """What wins brought. won: (m,) amounts of recent wins, for cards not there yet and open cards of unknown amount;
    ratios: (r,) how much of the amount known before a win the win brought."""

    won: Floats
    ratios: Floats


@dataclass(frozen=True, slots=True)
class Inflow:
    """Cards that will come. per_day: mean number a day; variance: squared coefficient of variation of that mean;
    entry: (S+2,) where they are at the end of their first day; second_tries: share of prospects who came back."""

    per_day: float
    variance: float
    entry: Floats
    second_tries: float


@dataclass(frozen=True, slots=True)
class Draws:
    """Amounts won in each period, one row a draw: open, new and recycled are (draws, P); wins counts cards."""

    open: Floats
    new: Floats
    recycled: Floats
    wins: Floats

    @property
    def total(self) -> Floats:
        return self.open + self.new + self.recycled


def inflow(
    first_days: Ints, entry_states: Ints, is_second_try: np.ndarray, *, today: int, since: int, states: int
) -> Inflow:
    """The inflow of the last 56 days, its uncertainty and its over-dispersion between weeks.

    first_days, entry_states, is_second_try: (n,) of every card; `since`: the first day that can be trusted.
    """
    first = max(since, today - INFLOW_DAYS + 1)
    recent = (first_days >= first) & (first_days <= today)
    days = max(today - first + 1, 1)
    total = int(recent.sum())
    ever = first_days >= since
    mix = np.bincount(entry_states[recent if total >= 30 else ever], minlength=states + 2).astype(float) + 1e-9
    weeks = days // 7
    spread = 0.1
    if weeks >= 3:
        by_week = np.bincount((today - first_days[recent]) // 7, minlength=weeks)[:weeks]
        mean = by_week.mean()
        spread = max(0.0, float((by_week.var(ddof=1) - mean) / max(mean**2, 1e-9)))
    tries = is_second_try[recent if total else ever]
    return Inflow(
        per_day=total / days,
        variance=spread / max(weeks, 1) + 1 / max(total, 1) + spread / 2,
        entry=mix / mix.sum(),
        second_tries=float(tries.mean()) if len(tries) else 0.0,
    )


def period_shock(observed: Floats, expected: Floats, length: int) -> float:
    """The variance of the shock that all cards of a period of `length` days share.

    Wins of past periods are set against what the hazards expected of the cards that were open; what they vary more than
    Poisson is the shock. A weak prior keeps the answer above zero. Both (n,), one a day up to today.
    """
    periods = min(len(observed) // max(length, 1), MOST_PERIODS)
    if periods < 3:
        return period_shock(observed, expected, length // 2) if length >= 2 * SHORTEST_PERIOD else UNKNOWN_SHOCK
    o, e = (days[len(days) - periods * length :].reshape(periods, length).sum(axis=1) for days in (observed, expected))
    excess = float(((o - e) ** 2 - e).sum() / max(float((e**2).sum()), 1e-9))
    return (max(0.0, excess) * periods + PRIOR_SHOCK * PRIOR_PERIODS) / (periods + PRIOR_PERIODS)


def simulate(
    chances: Floats,
    amounts: Floats,
    per_arrival: Floats,
    coming: Inflow,
    past: Past,
    tilt: Tilt,
    rng: np.random.Generator,
    *,
    shock: float,
    is_shared: bool,
    draws: int = 400,
) -> Draws:
    """Draw futures. chances: (n, P) of each open card to be won in each period; amounts: (n,), nan where unknown;
    per_arrival: (P,) expected wins when one card comes on every day; is_shared: whether one shock hits all periods, or
    each period has its own."""
    periods = chances.shape[1]
    shocks = _gamma(rng, shock, (draws, 1 if is_shared else periods)) * np.ones((1, periods))
    effects = tilt.effects(amounts, rng, draws)
    one = chances.sum(axis=1, keepdims=True)
    card, draw = _won(one, shocks[:, :1], effects, rng) if is_shared else _won(chances, shocks, effects, rng)
    period = _periods(chances, card, shocks if is_shared else shocks.T[:, draw].T, rng, is_shared=is_shared)
    usual = _resampled(past.won, draws, rng)
    values = _worth(amounts[card], usual, draw, past.ratios, rng)
    opens = _per_draw(draw, period, values, draws, periods)
    level = coming.per_day * tilt.coming * _gamma(rng, coming.variance + tilt.coming_variance, (draws, 1))
    arrived = rng.poisson(np.maximum(level * per_arrival * shocks, 0.0))
    second = rng.binomial(arrived, coming.second_tries)
    news, again = (_sums(counts, usual, rng) for counts in (arrived - second, second))
    wins = _per_draw(draw, period, np.ones(len(card)), draws, periods) + arrived
    return Draws(opens, news, again, wins)


def ends_by_day(nights: Nights, entered: Ints, hazards: Floats, *, first: int, today: int) -> tuple[Floats, Floats]:
    """Wins and losses that were seen, and that the hazards expected, on each day; both (2, days)."""
    days, states = today - first + 1, hazards.shape[0]
    ended = entered + nights.stop
    observed, expected = np.zeros((2, days)), np.zeros((2, days))
    for row, end in enumerate((states, states + 1)):
        is_end = (nights.next == end) & (ended >= first) & (ended <= today)
        observed[row] = np.bincount((ended - first)[is_end], minlength=days)
    for state in range(states):
        places = np.flatnonzero(nights.state == state)
        begun = entered[places]
        since = np.maximum(begun + nights.watched_from[places] + 1, first)
        until = np.minimum(ended[places], today)
        for low, high in _stretches(hazards[state]):
            begin, last = np.maximum(since, begun + low + 1), np.minimum(until, begun + high)
            is_there = begin <= last
            came = np.bincount(begin[is_there] - first, minlength=days + 1)
            went = np.bincount(last[is_there] - first + 1, minlength=days + 1)
            expected += np.cumsum(came - went)[:days] * hazards[state, low, states:, None]
            stays = until > begun + high
            begun, since, until = begun[stays], since[stays], until[stays]
    return observed, expected


def _stretches(hazards: Floats) -> list[tuple[int, int]]:
    """Ages low … high-1 between which a stage's hazards, (A, S+2), are the same; the last ones for ever."""
    changes = np.flatnonzero((hazards[1:] != hazards[:-1]).any(axis=1)) + 1
    bounds = [0, *changes.tolist(), int(np.iinfo(np.int32).max)]
    return list(pairwise(bounds))


def wins_per_arrival(at_entry: Floats, entry: Floats, period_of_day: Ints) -> Floats:
    """Expected wins in each period when one card comes on every day, (P,)."""
    states = at_entry.shape[1]
    per_day = np.tensordot(entry[:states], at_entry[1:], axes=(0, 1))
    wins = per_day.sum(axis=0)
    return wins + entry[states] * np.bincount(period_of_day, minlength=len(wins))


def _won(
    chances: Floats, shocks: Floats, effects: Callable[[slice], Floats], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Which cards are won in which draws; so many cards at once as a processor keeps at hand. A chance p, of which an
    effect e makes 1-(1-p)^e, is met when a standard exponential number is below -e·log(1-p)."""
    cards, drawn = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    chances, shocks = chances.astype(np.float32), shocks.astype(np.float32)
    for first in range(0, len(chances), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        chance = chances[part] @ shocks.T
        needed = np.log1p(-np.minimum(chance, np.float32(CERTAIN))) * -effects(part)
        place = np.flatnonzero(rng.standard_exponential(needed.shape, dtype=np.float32) < needed)
        cards.append(first + place // len(shocks))
        drawn.append(place % len(shocks))
    return np.concatenate(cards), np.concatenate(drawn)


def _periods(chances: Floats, card: Ints, shocks: Floats, rng: np.random.Generator, *, is_shared: bool) -> Ints:
    """In which period each win falls, by its card's chances; a shock that hits all periods alike moves none. shocks:
    (wins, P) where each period has its own."""
    luck = rng.random(len(card))
    if not is_shared:
        shares = np.cumsum(chances.T[:, card] * shocks.T, axis=0)
        return (luck * shares[-1] > shares).sum(axis=0)
    shares = np.cumsum(chances, axis=1)
    ladder = np.arange(len(chances))[:, None] + shares / np.maximum(shares[:, -1:], 1e-300)
    periods = chances.shape[1]
    return np.clip(np.searchsorted(ladder.ravel(), card + luck) - card * periods, 0, periods - 1)


def _resampled(won: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """(BATCHES, m): what is usual is known only from so many wins."""
    batches = min(BATCHES, draws)
    return rng.choice(won, size=(batches, len(won))) if len(won) else np.zeros((batches, 1))


def _usual(usual: Floats, draw: Ints, rng: np.random.Generator) -> Floats:
    """One usual amount for each, from its draw's batch."""
    batches, number = usual.shape
    return usual.ravel()[draw % batches * number + rng.integers(number, size=len(draw), dtype=np.int32)]


def _worth(known: Floats, usual: Floats, draw: Ints, ratios: Floats, rng: np.random.Generator) -> Floats:
    brought = known * (rng.choice(ratios, size=len(known)) if len(ratios) else 1.0)
    unknown = np.flatnonzero(np.isnan(known))
    brought[unknown] = _usual(usual, draw[unknown], rng)
    return brought


def _per_draw(draw: Ints, period: Ints, values: Floats, draws: int, periods: int) -> Floats:
    """Sums, (draws, P)."""
    return np.bincount(draw * periods + period, weights=values, minlength=draws * periods).reshape(draws, periods)


def _sums(counts: Ints, usual: Floats, rng: np.random.Generator) -> Floats:
    """The sum of so many usual amounts, (draws, P) as `counts`."""
    draws, periods = counts.shape
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    draw = cell // periods
    return _per_draw(draw, cell % periods, _usual(usual, draw, rng), draws, periods)


def _gamma(rng: np.random.Generator, variance: float, shape: tuple[int, int]) -> Floats:
    """Factors of mean 1 and this variance."""
    if variance < SMALLEST_VARIANCE:
        return np.ones(shape)
    return rng.gamma(1 / variance, variance, size=shape)


__all__ = [
    "Draws", "Inflow", "Past", "ends_by_day", "inflow", "period_shock", "simulate", "wins_per_arrival",
]  # fmt: skip
