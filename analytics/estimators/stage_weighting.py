"""The customary forecast: each open card's amount times a chance of its stage, at the day it is expected to close.

It comes in as many variants as there are customs: chances from closed cards or from old enough ones, overdue cards
counted now or not at all, with or without what past windows brought from cards that were not there when they began.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .survival import Floats, Ints

USUAL_STAY = 30.0
YOUNGEST_COHORT = 28


@dataclass(frozen=True, slots=True)
class Passages:
    """Stays in open stages and how their cards ended. All (n,): state, entered, outcome (1 won, 0 lost, -1 open), ended
    (day of the outcome)."""

    state: Ints
    entered: Ints
    outcome: Ints
    ended: Ints


@dataclass(frozen=True, slots=True)
class Standing:
    """Open cards. All (n,): state, entered, amount, closes_on (day, nan where nobody said)."""

    state: Ints
    entered: Ints
    amount: Floats
    closes_on: Floats


def variants(
    passages: Passages, cards: Standing, *, today: int, states: int, period_ends: Ints, new_business: Floats
) -> dict[str, Floats]:
    """Amounts by period, (P,), of every variant. period_ends: (P,) last day of each; new_business: (P,) what past
    windows brought from cards that came after they had begun."""
    stay = mean_days_to_win(passages, states)
    rates = {
        "": rate_of_closed(passages, states),
        "_cohort": rate_of_cohorts(passages, states, today=today, age=max(YOUNGEST_COHORT, int(stay.max()))),
    }
    due = np.where(np.isnan(cards.closes_on), cards.entered + stay[cards.state], cards.closes_on)
    found = {}
    for kind, rate in rates.items():
        for custom, counted in (("", np.ones(len(due), dtype=bool)), ("_drop", due > today)):
            weighted = _by_period(due, cards.amount * rate[cards.state] * counted, today, period_ends)
            found[f"stage_weighted{kind}{custom}"] = weighted
            found[f"stage_weighted{kind}{custom}_new"] = weighted + new_business
    return found


def rate_of_closed(passages: Passages, states: int) -> Floats:
    """Won among the closed cards that passed each stage, (S,)."""
    closed = passages.outcome >= 0
    return _share(passages.state[closed], passages.outcome[closed] == 1, states)


def rate_of_cohorts(passages: Passages, states: int, *, today: int, age: int) -> Floats:
    """Won among all that entered each stage at least `age` days ago, (S,)."""
    old = passages.entered <= today - age
    return _share(passages.state[old], passages.outcome[old] == 1, states)


def mean_days_to_win(passages: Passages, states: int) -> Floats:
    """Mean days from the entry into each stage to the win, (S,)."""
    won = passages.outcome == 1
    days = (passages.ended - passages.entered)[won]
    count = np.bincount(passages.state[won], minlength=states)
    sums = np.bincount(passages.state[won], weights=days, minlength=states)
    return np.where(count > 0, sums / np.maximum(count, 1), USUAL_STAY)


def _share(state: Ints, is_won: np.ndarray, states: int) -> Floats:
    return np.bincount(state, weights=is_won, minlength=states) / np.maximum(np.bincount(state, minlength=states), 1)


def _by_period(due: Floats, weights: Floats, today: int, period_ends: Ints) -> Floats:
    """Overdue cards fall into the current period, those after the last period nowhere."""
    period = np.searchsorted(period_ends, np.maximum(due, today + 1))
    return np.bincount(period, weights=weights, minlength=len(period_ends) + 1)[: len(period_ends)]


__all__ = ["Passages", "Standing", "mean_days_to_win", "rate_of_closed", "rate_of_cohorts", "variants"]
