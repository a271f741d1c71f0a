"""What will be won, when: open cards and those not there yet, drawn many times.

Each draw takes hazards from their posterior, a level of inflow, a resample of past amounts, and a shock common to all
cards of a period: months are good or bad together, and intervals that leave this out are far too narrow. Chance is
passed in.

Source: semi-Markov competing risks (`markov`); gamma frailty per period with a moment estimate of its variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .markov import CERTAIN, Hazards, Nights, prospects
from .survival import Floats, Ints

INFLOW_DAYS = 56
PRIOR_SHOCK = 0.01
PRIOR_PERIODS = 2
MOST_PERIODS = 13
SMALLEST_VARIANCE = 1e-4


@dataclass(frozen=True, slots=True)
class OpenCards:
    """Cards that are open now. All (n,): state, nights spent in it, amount (nan where unknown)."""

    state: Ints
    age: Ints
    amount: Floats


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


def period_shock(nights: Nights, entered: Ints, mean_hazards: Floats, *, today: int, since: int, length: int) -> float:
    """The variance of the shock that all cards of a period of `length` days share.

    Wins of past periods are set against what the hazards expect of the cards that were open; what they vary more than
    Poisson is the shock. A weak prior keeps the answer above zero.
    """
    periods = min((today - since) // max(length, 1), MOST_PERIODS)
    if periods < 3:
        return 0.1
    first = today - periods * length + 1
    observed, expected = _wins_by_day(nights, entered, mean_hazards, first=first, today=today)
    o, e = observed.reshape(periods, length).sum(axis=1), expected.reshape(periods, length).sum(axis=1)
    excess = float(((o - e) ** 2 - e).sum() / max(float((e**2).sum()), 1e-9))
    return (max(0.0, excess) * periods + PRIOR_SHOCK * PRIOR_PERIODS) / (periods + PRIOR_PERIODS)


def simulate(
    hazards: Hazards,
    cards: OpenCards,
    coming: Inflow,
    won_amounts: Floats,
    period_of_day: Ints,
    rng: np.random.Generator,
    *,
    shock: float,
    draws: int = 16,
    runs: int = 60,
) -> Draws:
    """Draw `draws` × `runs` futures. won_amounts: (m,) amounts of recent wins, for cards not there yet and for open
    cards of unknown amount; period_of_day: (H,) period index of day 1 … H."""
    periods = int(period_of_day.max()) + 1
    out = [np.zeros((draws * runs, periods)) for _ in range(4)]
    opens, news, again, wins = out
    row = 0
    for _ in range(draws):
        ahead = prospects(hazards.draw(rng), period_of_day)
        ages = ahead.now.shape[1]
        chances = ahead.now[cards.state, np.minimum(cards.age, ages - 1)]
        per_arrival = _wins_per_arrival(ahead.at_entry, coming.entry, period_of_day)
        usual = rng.choice(won_amounts, size=len(won_amounts)) if len(won_amounts) else won_amounts
        for _ in range(runs):
            common = _gamma(rng, shock, periods)
            won_in = _period_won(chances * common, rng)
            is_won = won_in < periods
            amounts = _amounts(cards.amount[is_won], usual, rng)
            opens[row] = np.bincount(won_in[is_won], weights=amounts, minlength=periods)[:periods]
            level = coming.per_day * _gamma(rng, coming.variance, 1)[0]
            arrived = rng.poisson(np.maximum(level * per_arrival * common, 0.0))
            second = rng.binomial(arrived, coming.second_tries)
            news[row] = _sums(arrived - second, usual, rng)
            again[row] = _sums(second, usual, rng)
            wins[row] = np.bincount(won_in[is_won], minlength=periods)[:periods] + arrived
            row += 1
    return Draws(*out)


def stage_weighted(
    state: Ints, amount: Floats, closes_on: Floats, *, today: int, chance: Floats, stay: Floats, period_ends: Ints
) -> Floats:
    """Amount × the stage's win rate, in the period of the expected close date: the customary forecast, for comparison.

    state, amount, closes_on (day, nan where unknown): (n,); chance, stay (mean days from entry to the win): (S,);
    period_ends: (P,) last day of each. An overdue card falls into the current period.
    """
    due = np.where(np.isnan(closes_on), today + np.maximum(stay[state], 1.0), closes_on)
    period = np.searchsorted(period_ends, np.maximum(due, today + 1))
    weights = np.nan_to_num(amount) * chance[state]
    return np.bincount(period, weights=weights, minlength=len(period_ends) + 1)[: len(period_ends)]


def crps(draws: Floats, actual: float) -> float:
    """The continuous ranked probability score of a sample, a distribution's mean absolute error. Lower is better."""
    ordered, n = np.sort(draws), len(draws)
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return float(np.abs(ordered - actual).mean() - (ranks * ordered).sum() / n**2)


def _wins_by_day(nights: Nights, entered: Ints, hazards: Floats, *, first: int, today: int) -> tuple[Floats, Floats]:
    """Wins seen and expected on each day from `first` to `today`. Both (days,)."""
    days, won, ages = today - first + 1, hazards.shape[0], hazards.shape[1]
    begin = np.maximum(entered + nights.watched_from + 1, first)
    end = np.minimum(entered + nights.stop, today)
    length = np.maximum(end - begin + 1, 0)
    stay = np.repeat(np.arange(len(length)), length)
    day = np.arange(len(stay)) - np.repeat(np.cumsum(length) - length, length) + begin[stay]
    age = np.minimum(day - entered[stay] - 1, ages - 1)
    expected = np.bincount(day - first, weights=hazards[nights.state[stay], age, won], minlength=days)
    is_win = (nights.next == won) & (entered + nights.stop >= first) & (entered + nights.stop <= today)
    observed = np.bincount((entered + nights.stop - first)[is_win], minlength=days)
    return observed.astype(float), expected


def _wins_per_arrival(at_entry: Floats, entry: Floats, period_of_day: Ints) -> Floats:
    """Expected wins in each period when one card comes on every day, (P,)."""
    states = at_entry.shape[1]
    per_day = np.tensordot(entry[:states], at_entry[1:], axes=(0, 1))
    wins = per_day.sum(axis=0)
    return wins + entry[states] * np.bincount(period_of_day, minlength=len(wins))


def _period_won(chances: Floats, rng: np.random.Generator) -> Ints:
    """In which period each card is won, P for none. chances: (n, P)."""
    total = chances.sum(axis=1)
    chances = chances * np.where(total > CERTAIN, CERTAIN / np.maximum(total, 1e-12), 1.0)[:, None]
    return (rng.random(len(chances))[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)


def _amounts(known: Floats, won_amounts: Floats, rng: np.random.Generator) -> Floats:
    unknown = np.isnan(known)
    if not unknown.any():
        return known
    drawn = rng.choice(won_amounts, size=len(known)) if len(won_amounts) else np.zeros(len(known))
    return np.where(unknown, drawn, known)


def _sums(counts: Ints, amounts: Floats, rng: np.random.Generator) -> Floats:
    """The sum of so many random amounts for each period."""
    if not len(amounts) or not counts.sum():
        return np.zeros(len(counts))
    period = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(period, weights=rng.choice(amounts, size=len(period)), minlength=len(counts))


def _gamma(rng: np.random.Generator, variance: float, size: int) -> Floats:
    """Factors of mean 1 and this variance."""
    if variance < SMALLEST_VARIANCE:
        return np.ones(size)
    return rng.gamma(1 / variance, variance, size=size)


__all__ = ["Draws", "Inflow", "OpenCards", "crps", "inflow", "period_shock", "simulate", "stage_weighted"]
