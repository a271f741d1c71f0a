"""How often the bottleneck report is right, on pipelines whose truth is known: `python -m tests.bench.planted [n]`;
then `tests.bench.drivers`.

Each row simulates so many pipelines (400 for the healthy ones, by default) with seeds of its own and says how often the
planted stage was named, how often another one was, and how often the 80 % interval of the gain held the truth. The
truth of the gain is that of the simulation: cards that wait in a slow stage go on at the former pace from where they
are, by hazards counted on very many cards.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics import chain, days
from analytics.estimators import markov
from analytics.estimators.survival import Floats
from analytics.reports import _suspects as suspects
from analytics.reports import bottleneck
from analytics.selection import Selection
from analytics.tables import stage_visits
from tests.bench import drivers
from tests.simulation import NAMES, Change, booked_in_bulk, river, simulate

DAYS, LAST = 390, 389
SELECTION = Selection(pipeline=1, as_of=days.day(LAST))
MEAN_AMOUNT = float(np.exp(8.5 + 0.5))
AHEAD = np.zeros(91, dtype=np.int64)


@dataclass(frozen=True)
class Case:
    """What is planted, how many pipelines, and what must come out: named at least, false at most, interval within."""

    words: str
    per_day: float
    change: Change | None = None
    share: float = 1.0
    bulk: bool = False
    named: float | None = None
    false: float = 1.0
    checks_gain: bool = False


CASES = (
    Case("nothing, 1 deal a day", 1.0, false=0.05),
    Case("nothing, 3 deals a day", 3.0, false=0.05),
    Case("nothing, 3 a day, 40 % booked on one day in 14", 3.0, share=0.5, bulk=True, false=0.10),
    Case("Hearing 2x slower, 60 days, 2 a day", 2.0, Change(330, 1, slower=2.0), 0.25, named=0.64),
    Case("Proposal 2x slower, 60 days, 2 a day", 2.0, Change(330, 2, slower=2.0), 0.25, named=0.64, checks_gain=True),
    Case("Estimate 2x slower, 60 days, 2 a day", 2.0, Change(330, 3, slower=2.0), 0.25),
    Case("Proposal 2.5x slower, 90 days, 3 a day", 3.0, Change(300, 2, slower=2.5), 0.25, checks_gain=True),
    Case("Estimate 25 points leak, 60 days, 3 a day", 3.0, Change(330, 3, leak=0.25), 0.25, named=0.52),
    Case("Hearing 25 points leak, 90 days, 3 a day", 3.0, Change(300, 1, leak=0.25), 0.25, checks_gain=True),
)


def measure(case: Case, number: int, seed: int) -> dict[str, float]:
    """Shares of `number` pipelines: named, false, and how often the gain's interval held the truth, for all planted
    stages (held) and for those named (held_named)."""
    truth = _Truth(case.change) if case.checks_gain and case.change else None
    named = false = held = held_named = 0
    for place in range(number):
        rng = np.random.default_rng([seed, place])
        journeys = simulate(rng, days=DAYS, per_day=case.per_day, change=case.change)
        if case.bulk:
            journeys = booked_in_bulk(journeys, rng)
        found = bottleneck.report(river(journeys), SELECTION, rng).bottleneck
        planted = NAMES[case.change.stage] if case.change else None
        is_right = found is not None and found.stage == planted
        named, false = named + is_right, false + (found is not None and not is_right)
        if truth:
            holds = truth.is_held(journeys, case.per_day, rng)
            held, held_named = held + holds, held_named + (holds and is_right)
    return {
        "named": named / number,
        "false": false / number,
        "held": held / number if truth else float("nan"),
        "held_named": held_named / max(named, 1) if truth else float("nan"),
    }


class _Truth:
    """What relieving the changed stage brings in the simulation."""

    def __init__(self, change: Change):
        self.change = change
        self.former, self.entry = _hazards(None)
        self.present, _entry = _hazards(Change(0, change.stage, change.slower, change.leak))

    def is_held(self, journeys, per_day: float, rng: np.random.Generator) -> bool:
        visited = stage_visits.visits(journeys.steps, LAST)
        window, reference = (
            tuple(days.number(day) for day in period) for period in (SELECTION.window, SELECTION.reference)
        )
        since = stage_visits.trusted_from(visited)
        gains, _known = suspects.gains(
            journeys, visited, [self.change.stage], window, (max(reference[0], since), reference[1]), LAST, rng
        )
        low, high = np.quantile(gains[self.change.stage].gain, [0.1, 0.9])
        return bool(low <= self.gain(visited, per_day) <= high)

    def gain(self, visited: pl.DataFrame, per_day: float) -> float:
        still = stage_visits.nights(visited).filter(pl.col("left").is_null() & (pl.col("stage") < len(NAMES)))
        state, amount = still["stage"].to_numpy().astype(int), still["amount"].to_numpy()
        entered = still["entered"].to_numpy()
        age = np.minimum(LAST - entered, 249)
        there = state == self.change.stage
        is_changed = there & (entered >= self.change.day)
        former, present = (markov.prospects(hazards, AHEAD) for hazards in (self.former, self.present))
        far = np.where(is_changed, (age / self.change.slower).astype(int), age)
        relieved = (former.now[state, far, 0] * amount).sum()
        as_is = (np.where(there & ~is_changed, former.now[state, age, 0], present.now[state, age, 0]) * amount).sum()
        return float(relieved - as_is + per_day * MEAN_AMOUNT * (self._coming(former) - self._coming(present)))

    def _coming(self, ahead: markov.Prospects) -> float:
        return float((ahead.at_entry[1:, :, 0] @ self.entry[: len(NAMES)]).sum())


def _hazards(change: Change | None) -> tuple[Floats, Floats]:
    """By stage and night, of some 60,000 cards; and where cards are at the end of their first day."""
    journeys = simulate(np.random.default_rng(5), days=2500, per_day=24.0, change=change)
    nightly = stage_visits.nights(stage_visits.visits(journeys.steps, 2499))
    states = len(NAMES)
    counts = markov.count(chain.nights(nightly, states, 200, 2499)[0], states=states, ages=250)
    hazards = np.zeros((states, 250, states + 2))
    for state in range(states):
        place = np.minimum(np.cumsum(counts.events[state].sum(axis=0)) // 150, 1e9)
        _edges, bins = np.unique(place, return_inverse=True)
        nights = np.maximum(np.bincount(bins, counts.exposure[state]), 1)
        for following in range(states + 2):
            hazards[state, :, following] = (np.bincount(bins, counts.events[state, following]) / nights)[bins]
    first = nightly.filter(pl.col("first") & (pl.col("entered") > 200))["stage"].to_numpy()
    return hazards, np.bincount(first, minlength=states + 2) / len(first)


def main(number: int) -> bool:
    print(f"{'planted':50} {'n':>4} {'named':>6} {'false':>6} {'interval holds (of those named)':>32}")
    all_met = True
    for seed, case in enumerate(CASES, start=1000):
        count = max(1, round(number * case.share))
        got = measure(case, count, seed)
        met = got["false"] <= case.false and (case.named is None or got["named"] >= case.named)
        all_met &= met
        interval = "" if np.isnan(got["held"]) else f"{got['held']:.2f} ({got['held_named']:.2f})"
        shares = f"{got['named']:6.2f} {got['false']:6.3f} {interval:>32}"
        print(f"{case.words:50} {count:4} {shares} {'' if met else 'MISSED'}", flush=True)
    return all_met


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
    import django

    django.setup()
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    are_met = [main(wanted), drivers.main(max(1, wanted // 4))]
    sys.exit(0 if all(are_met) else 1)
