"""What will be won, when: open cards and those not there yet, drawn many times.

Each draw takes a level of the chances, a level of inflow, a resample of past amounts, and a shock common to all cards
of a period: months are good or bad together, and intervals that leave this out are far too narrow. Chance is passed in.

Source: semi-Markov competing risks (`markov`); gamma frailty per period with a moment estimate of its variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    period = _periods(chances, card, shocks if is_shared else shocks[draw], rng, is_shared=is_shared)
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
    days, states, ages = today - first + 1, hazards.shape[0], hazards.shape[1]
    begin = np.maximum(entered + nights.watched_from + 1, first)
    last = np.minimum(entered + nights.stop, today)
    length = np.maximum(last - begin + 1, 0)
    stay = np.repeat(np.arange(len(length)), length)
    day = np.arange(len(stay)) - np.repeat(np.cumsum(length) - length, length) + begin[stay]
    place = nights.state[stay] * ages + np.minimum(day - entered[stay] - 1, ages - 1)
    flat = hazards.reshape(states * ages, -1)
    ended = entered + nights.stop
    observed, expected = np.zeros((2, days)), np.zeros((2, days))
    for row, end in enumerate((states, states + 1)):
        expected[row] = np.bincount(day - first, weights=flat[place, end], minlength=days)
        is_end = (nights.next == end) & (ended >= first) & (ended <= today)
        observed[row] = np.bincount((ended - first)[is_end], minlength=days)
    return observed, expected


def wins_per_arrival(at_entry: Floats, entry: Floats, period_of_day: Ints) -> Floats:
    """Expected wins in each period when one card comes on every day, (P,)."""
    states = at_entry.shape[1]
    per_day = np.tensordot(entry[:states], at_entry[1:], axes=(0, 1))
    wins = per_day.sum(axis=0)
    return wins + entry[states] * np.bincount(period_of_day, minlength=len(wins))


def _won(
    chances: Floats, shocks: Floats, effects: Callable[[slice], Floats], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Which cards are won in which draws; so many cards at once as a processor keeps at hand."""
    cards, drawn = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for first in range(0, len(chances), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        chance = sum(chances[part, period, None] * shocks[:, period] for period in range(chances.shape[1]))
        left = np.log(1 - np.minimum(chance, CERTAIN)) * effects(part)
        place = np.flatnonzero(rng.random(left.shape) < 1 - np.exp(left))
        cards.append(first + place // len(shocks))
        drawn.append(place % len(shocks))
    return np.concatenate(cards), np.concatenate(drawn)


def _periods(chances: Floats, card: Ints, shocks: Floats, rng: np.random.Generator, *, is_shared: bool) -> Ints:
    """In which period each win falls, by its card's chances; a shock that hits all periods alike moves none. shocks:
    (wins, P) where each period has its own."""
    luck = rng.random(len(card))
    if not is_shared:
        shares = np.cumsum(chances[card] * shocks, axis=1)
        return (luck[:, None] * shares[:, -1:] > shares).sum(axis=1)
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
    return usual[draw % len(usual), rng.integers(usual.shape[1], size=len(draw))]


def _worth(known: Floats, usual: Floats, draw: Ints, ratios: Floats, rng: np.random.Generator) -> Floats:
    brought = known * rng.choice(ratios, size=len(known)) if len(ratios) and len(known) else known
    return np.where(np.isnan(known), _usual(usual, draw, rng), brought)


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
