"""How often the drivers report is right, on deals whose reasons for winning are known: `python -m tests.bench.drivers`.

Thirty facts, five of which matter (about eight points each); the others travel with value, source and owner, which
matter too. Power is the share of the five that are named, false the share of all that is named (value and sources are
among it) that does not matter. With the ends handed out anew nothing may be named, but by chance.
"""

from __future__ import annotations

import os
import sys

import numpy as np

from analytics import days
from analytics.reports import drivers
from analytics.selection import Selection
from tests.dealings import REAL, dealings, lasting

SIZES = (1000, 2000, 5000)
LEAST = {2000: 0.88}
MOST_FALSE = 0.10
MOST_PERMUTED = 0.12
MATTERING = {*REAL, "amount", "source"}


def asked(n: int, place: int, *, permuted: bool = False) -> tuple[drivers.DriversReport, dict[str, float]]:
    made = dealings(np.random.default_rng([n, place, permuted]), n, permuted=permuted)
    return drivers.report(made.river, Selection(pipeline=1, as_of=days.day(made.last))), made.effects


def measure(n: int, runs: int) -> dict[str, float]:
    """Power, false share, and how often the 90 % interval of the effect of one that matters holds the truth."""
    found = named = false = held = 0
    for place in range(runs):
        report, effects = asked(n, place)
        told = [row.fact for row in report.drivers if row.is_named]
        found, named = found + len(set(told) & set(REAL)), named + len(told)
        false += sum(fact not in MATTERING for fact in told)
        for row in report.drivers:
            if row.fact in REAL:
                effect = effects[row.fact] * (1 if row.level == "yes" else -1) * _closed_by(report.horizon_days)
                held += row.effect_low <= effect <= row.effect_high
    return {"power": found / runs / len(REAL), "false": false / max(named, 1), "held": held / runs / len(REAL)}


def _closed_by(horizon: int) -> float:
    """The share of deals that are closed at the horizon: effects are on being won by then."""
    return float((lasting(np.random.default_rng(1), 200_000) <= horizon).mean())


def permuted(n: int, runs: int) -> float:
    """Share of runs in which anything at all is named where nothing goes with winning."""
    return sum(any(row.is_named for row in asked(n, place, permuted=True)[0].drivers) for place in range(runs)) / runs


def main(runs: int) -> bool:
    all_met = True
    print(f"{'deals':>6} {'runs':>5} {'power':>6} {'false':>6} {'interval holds':>15}")
    for n in SIZES:
        got = measure(n, runs)
        met = got["power"] >= LEAST.get(n, 0.0) and got["false"] <= MOST_FALSE
        all_met &= met or n != 2000
        words = "" if met or n != 2000 else "MISSED"
        print(f"{n:6} {runs:5} {got['power']:6.2f} {got['false']:6.3f} {got['held']:15.2f} {words}", flush=True)
    share = permuted(2000, 2 * runs)
    all_met &= share <= MOST_PERMUTED
    print(f"ends handed out anew, 2000 deals, {2 * runs} runs: any named {share:.3f}", flush=True)
    return all_met


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
    import django

    django.setup()
    sys.exit(0 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 100) else 1)
