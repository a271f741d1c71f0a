"""What it would bring if one stage went back to its former pace: expected wins with its hazards of the reference
period, minus expected wins with those of now.

Source: counterfactual hazards in the semi-Markov chain of `markov`; changes between the periods are log rate ratios,
shrunk towards none by a normal prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .markov import Counts, Hazards, prospects
from .survival import Floats, Ints

USUAL_CHANGE = 0.4
ADVANCE, LOSE = 0, 1


@dataclass(frozen=True, slots=True)
class Changes:
    """Log rate ratio of now against the reference. mean, deviation: (S, 2) for going on and for being lost."""

    mean: Floats
    deviation: Floats


@dataclass(frozen=True, slots=True)
class Worth:
    """What cards bring when won. state, age, amount: (n,) of the open cards; per_day: value that comes in a day, were
    each card that comes won; entry: (S+2,) where cards begin."""

    state: Ints
    age: Ints
    amount: Floats
    per_day: float
    entry: Floats


@dataclass(frozen=True, slots=True)
class Gains:
    """Draws of the value now and of the gain from relieving a stage. now: (draws,); gain: stage → (draws,)."""

    now: Floats
    gain: dict[int, Floats]


def changes(window: Counts, reference: Counts, hazards: Floats) -> Changes:
    """How often cards went on or were lost in the window, against the reference's hazards at their ages."""
    states = window.states
    mean, deviation = np.zeros((states, 2)), np.zeros((states, 2))
    for state in range(states):
        for kind, targets in enumerate((_onward(state, states), [states + 1])):
            observed = window.events[state, targets].sum()
            expected = (hazards[state][:, targets].sum(axis=1) * window.exposure[state]).sum()
            variance = 1 / (expected + 0.5) + 1 / max(reference.events[state, targets].sum(), 1.0)
            shrink = USUAL_CHANGE**2 / (USUAL_CHANGE**2 + variance)
            mean[state, kind] = shrink * np.log((observed + 0.5) / (expected + 0.5))
            deviation[state, kind] = np.sqrt(variance * shrink)
    return Changes(mean, deviation)


def gains(
    reference: Hazards,
    change: Changes,
    worth: Worth,
    stages: list[int],
    rng: np.random.Generator,
    *,
    days: int = 91,
    draws: int = 40,
) -> Gains:
    """Draw the gain of relieving each of `stages` over the coming days; the reference's hazards are drawn as well."""
    horizon = np.zeros(days, dtype=np.int64)
    now, gain = np.zeros(draws), {stage: np.zeros(draws) for stage in stages}
    for draw in range(draws):
        base = reference.draw(rng)
        ratio = change.mean + change.deviation * rng.standard_normal(change.mean.shape)
        now[draw] = _value(_changed(base, ratio), worth, horizon)
        for stage in stages:
            relieved = ratio.copy()
            relieved[stage] = 0.0
            gain[stage][draw] = _value(_changed(base, relieved), worth, horizon) - now[draw]
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


def _onward(state: int, states: int) -> list[int]:
    """The stages after this one, and the win."""
    return list(range(state + 1, states + 1))
