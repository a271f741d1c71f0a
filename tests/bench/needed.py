"""Do so many more leads bring the target? `python -m tests.bench.needed [n of each size]`.

Each simulated pipeline gets a target a quarter above what is expected of the next 84 days. `coverage` says how many
more leads must come so that it is reached four times in five; so many more are then let in over the next week, and
fare as this pipeline's leads fare. Beside it, the customary arithmetic: the gap divided by win rate and mean amount.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from math import ceil

import numpy as np
import polars as pl

from analytics import days as calendar
from analytics.known import Sliced
from analytics.outlook import Outlook
from analytics.reports import coverage
from analytics.river import Goal, River
from analytics.selection import Selection
from tests.bench.forecasts import DAYS, SIZES
from tests.market import FIRST, Habits, journeys, market

ORIGIN, HORIZON, COME_WITHIN = 260, 84, 7
ABOVE = 1.25
FIRST_SEED = 10_000


def main(pipelines: int) -> None:
    print(f"{'deals a day':>11}  leads attained    +- customary attained without  said")
    everything = []
    for size in SIZES:
        tried = [found for seed in range(pipelines) if (found := _tried(FIRST_SEED + seed, size))]
        everything += tried
        _line(str(size), np.array(tried, dtype=float))
    _line("all", np.array(everything, dtype=float))


def _line(name: str, tried: np.ndarray) -> None:
    needed, attained, customary, so, without, said = tried.T
    spread = (attained.mean() * (1 - attained.mean()) / len(attained)) ** 0.5
    print(
        f"{name:>11} {np.median(needed):6.0f} {attained.mean():8.3f} {spread:5.3f} {np.median(customary):9.0f} "
        f"{so.mean():8.3f} {without.mean():7.3f} {said.mean():5.2f}  n {len(tried)}",
        flush=True,
    )


def _tried(seed: int, size: float) -> tuple[float, ...] | None:
    """So many are needed, whether that brought the target; the same by the customary arithmetic; whether it came
    anyway, and with what chance. None where nothing can be said or nothing is needed."""
    rng = np.random.default_rng([seed, int(10 * size)])
    habits = Habits.drawn(rng)
    log = market(rng, days=DAYS, per_day=size, habits=habits)
    today = FIRST + ORIGIN
    history = Sliced(log)
    asked = Outlook(history, reach=HORIZON)
    if not asked.can_say(today):
        return None
    target = ABOVE * asked.forecast(today, skip=0, length=HORIZON).quantile(0.5)
    as_of = calendar.day(today)
    goal = Goal(as_of + timedelta(days=1), as_of + timedelta(days=HORIZON), target)
    seen = type(log)(log.stages, log.steps.filter(pl.col("day") <= today))
    river = River("simulated", "EUR", seen, seen, NO_DATES, goals=(goal,))
    found = coverage.report(river, Selection(1, as_of), np.random.default_rng(seed)).targets[0]
    need = next((stage.needed for stage in found.stages if stage.key == found.entry), None)
    if need is None:
        return None
    came = history.as_of(today + HORIZON).won_between(today + 1, today + HORIZON)
    known = history.as_of(today)
    customary = ceil(max(target - found.point, 0.0) * known.closed / known.won_between(0, today))
    return (
        need,
        came + _brought(seed, habits, need) >= target,
        customary,
        came + _brought(seed, habits, customary) >= target,
        came >= target,
        found.chance,
    )


def _brought(seed: int, habits: Habits, number: int) -> float:
    """What so many more that come in the next week win until the end."""
    rng = np.random.default_rng([seed, 1])
    log = journeys(rng, habits, ORIGIN + 1 + np.sort(rng.random(number)) * COME_WITHIN, days=ORIGIN + HORIZON + 1)
    return Sliced(log).as_of(FIRST + ORIGIN + HORIZON).won_between(FIRST, FIRST + ORIGIN + HORIZON)


NO_DATES = pl.DataFrame(schema={"card": pl.Int64, "day": pl.Int64})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
