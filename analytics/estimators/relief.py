"""What it would bring if one stage went back to its former pace: expected wins with its hazards of the reference
period, minus expected wins with those of now.

Source: counterfactual hazards in the semi-Markov chain of `markov`; changes between the periods are log rate ratios,
shrunk towards none by a normal prior. A stage that is to be relieved is looked at more closely: its present hazards are
those of the window by age bin, shrunk towards the reference's at the common ratio, for what slows young cards down need
not slow old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .markov import CERTAIN, Counts, Hazards, age_bins, prospects
from .survival import Floats, Ints

USUAL_CHANGE = 0.4
PSEUDO_EVENTS = 5.0
RAREST = 1e-9
ADVANCE, LOSE = 0, 1


@dataclass(frozen=True, slots=True)
class Changes:
    """Log rate ratio of now against the reference. mean, deviation: (S, 2) for going on and for being lost; evidence:
    (S,) log of how much likelier the counts are with a change of the usual size than without any."""

    mean: Floats
    deviation: Floats
    evidence: Floats


@dataclass(frozen=True, slots=True)
class View:
    """What was counted in a window, and how it differs from the reference."""

    window: Counts
    change: Changes


@dataclass(frozen=True, slots=True)
class Worth:
    """What cards bring when won. state, age, amount: (n,) of the open cards; per_day: value that comes in a day, were
    each card that comes won, known up to a factor whose logarithm has deviation `doubt`; entry: (S+2,) where cards
    begin."""

    state: Ints
    age: Ints
    amount: Floats
    per_day: float
    doubt: float
    entry: Floats


@dataclass(frozen=True, slots=True)
class Gains:
    """Draws of the value now and of the gain from relieving a stage, both (draws,)."""

    now: Floats
    gain: Floats


def changes(window: Counts, reference: Counts, hazards: Floats) -> Changes:
    """How often cards went on or were lost in the window, against the reference's hazards at their ages."""
    states = window.states
    mean, deviation, evidence = np.zeros((states, 2)), np.zeros((states, 2)), np.zeros(states)
    for state in range(states):
        for kind, targets in enumerate((_onward(state, states), [states + 1])):
            observed = window.events[state, targets].sum()
            expected = (hazards[state][:, targets].sum(axis=1) * window.exposure[state]).sum()
            variance = 1 / (expected + 0.5) + 1 / max(reference.events[state, targets].sum(), 1.0)
            shrink = USUAL_CHANGE**2 / (USUAL_CHANGE**2 + variance)
            ratio = np.log((observed + 0.5) / (expected + 0.5))
            mean[state, kind] = shrink * ratio
            deviation[state, kind] = np.sqrt(variance * shrink)
            evidence[state] += (np.log(1 - shrink) + shrink * ratio**2 / variance) / 2
    return Changes(mean, deviation, evidence)


def gains(
    reference: Hazards,
    views: Sequence[View],
    worth: Worth,
    stage: int,
    rng: np.random.Generator,
    *,
    days: int = 91,
    draws: int = 40,
) -> Gains:
    """Draw the gain of relieving the stage over the coming days.

    Since when it has been so is not known: each draw takes one of the views, windows that begin on different days, as
    often as the stage's counts speak for it. The reference's hazards and the other stages' changes are drawn as well.
    """
    horizon = np.zeros(days, dtype=np.int64)
    now, gain = np.zeros(draws), np.zeros(draws)
    evidence = np.array([view.change.evidence[stage] for view in views])
    odds = np.exp(evidence - evidence.max())
    for draw in range(draws):
        base = reference.draw(rng)
        view = views[rng.choice(len(views), p=odds / odds.sum())]
        change = view.change
        present = _changed(base, change.mean + change.deviation * rng.standard_normal(change.mean.shape))
        present[stage] = _by_age(present[stage], view.window, stage, rng)
        relieved = present.copy()
        relieved[stage] = base[stage]
        far = np.where(worth.state == stage, _as_far(worth.age, present[stage], base[stage]), worth.age)
        coming = replace(worth, per_day=worth.per_day * np.exp(worth.doubt * rng.standard_normal()))
        now[draw] = _value(present, coming, horizon)
        gain[draw] = _value(relieved, replace(coming, age=far), horizon) - now[draw]
    return Gains(now, gain)


def _value(hazards: Floats, worth: Worth, horizon: Ints) -> float:
    ahead = prospects(hazards, horizon)
    ages, states = hazards.shape[1], hazards.shape[0]
    of_open = (ahead.now[worth.state, np.minimum(worth.age, ages - 1), 0] * worth.amount).sum()
    per_card = (ahead.at_entry[1:, :, 0] @ worth.entry[:states]).sum() + worth.entry[states] * len(horizon)
    return float(of_open + worth.per_day * per_card)


def _changed(hazards: Floats, ratio: Floats) -> Floats:
    states = hazards.shape[0]
    changed = hazards.copy()
    for state in range(states):
        changed[state][:, _onward(state, states)] *= np.exp(ratio[state, ADVANCE])
        changed[state][:, states + 1] *= np.exp(ratio[state, LOSE])
    return changed


def _by_age(hazards: Floats, window: Counts, stage: int, rng: np.random.Generator) -> Floats:
    """A draw of the stage's present hazards, (A, S+2): in each age bin what the window saw, with the prior weight of a
    few events at the hazards given."""
    moves, nights = window.events[stage], window.exposure[stage]
    bins = age_bins(moves.sum(axis=0))
    number = int(bins[-1]) + 1
    seen = np.stack([np.bincount(bins, kind, number) for kind in moves], axis=1)
    at_risk = np.bincount(bins, nights, number)
    due = np.stack([np.bincount(bins, hazards[:, kind] * nights, number) for kind in range(len(moves))], axis=1)
    rate = due / np.maximum(at_risk, 1e-9)[:, None]
    prior = PSEUDO_EVENTS / np.maximum(rate.sum(axis=1, keepdims=True), 1e-6)
    drawn = rng.standard_gamma(seen + prior * rate) / (at_risk[:, None] + prior)
    factor = np.divide(drawn, rate, out=np.ones_like(rate), where=rate > RAREST)
    return np.minimum(hazards * factor[bins], 1.0)


def _as_far(age: Ints, present: Floats, former: Floats) -> Ints:
    """The age at which as many had left at the former pace as have now at these ages: a card that waits because the
    stage is slow is not thereby one of those that nobody wants. present, former: (A, S+2)."""
    left_now, left_before = (
        np.cumsum(-np.log1p(-np.minimum(hazards.sum(axis=1), CERTAIN))) for hazards in (present, former)
    )
    nights = np.minimum(age, len(left_now)) - 1
    reached = np.where(nights >= 0, left_now[nights], 0.0)
    return np.minimum(np.searchsorted(left_before, reached, side="right"), len(left_before) - 1)


def _onward(state: int, states: int) -> list[int]:
    """The stages after this one, and the win."""
    return list(range(state + 1, states + 1))
