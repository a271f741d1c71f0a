"""How good the forecast is on pipelines whose truth is known: `python -m tests.bench.forecasts [n of each size]`.

Three sizes, three origins each, 28 and 84 days ahead; scores are shares of what came. Real histories are graded by
`manage.py backtest`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from analytics import backtesting
from analytics.estimators import attainment
from analytics.known import Sliced
from analytics.outlook import Outlook
from tests.market import FIRST, market

SIZES = (0.5, 1.5, 5.0)
ORIGINS = (215, 260, 305)
HORIZONS = (28, 84)
DAYS = max(ORIGINS) + max(HORIZONS) + 11
TARGETS = np.arange(0.6, 1.55, 0.1)  # times the mean of three past windows
SHOWN = ("blend", "hazard", "history", "rhythm", "mean3", "naive")
BINS = 5


def main(pipelines: int) -> None:
    print(f"{'deals a day':>11} {'days':>4} " + " ".join(f"{name:>8}" for name in (*SHOWN, "stage-w.", "inside")))
    scores, promised = [], []
    for size in SIZES:
        rows: dict[int, list[backtesting.Row]] = {horizon: [] for horizon in HORIZONS}
        for seed in range(pipelines):
            log = market(np.random.default_rng([seed, int(10 * size)]), days=DAYS, per_day=size)
            outlook = Outlook(Sliced(log))
            for horizon in HORIZONS:
                for origin in ORIGINS:
                    found = list(backtesting.replay(outlook, [FIRST + origin], horizon))
                    rows[horizon] += found if any(row.method == "blend" for row in found) else []
                    promised += list(_promises(outlook, FIRST + origin, horizon, found))
        for horizon in HORIZONS:
            scores.append(_line(size, horizon, rows[horizon]))
    blend, history = np.exp(np.log(np.array(scores)[:, :2]).mean(axis=0))
    inside = np.mean(scores, axis=0)[2]
    print(f"geometric mean {blend:.4f}, {1 - blend / history:.1%} below history, {inside:.3f} inside the 80 % range")
    print(f"attainment: calibration error {_calibration_error(np.array(promised)):.3f} of {len(promised)} promises")


def _line(size: float, horizon: int, rows: list[backtesting.Row]) -> tuple[float, float, float]:
    came = sum(row.actual for row in rows if row.method == "blend")
    crps: dict[str, float] = {}
    for row in rows:
        crps[row.method] = crps.get(row.method, 0.0) + row.crps / came
    inside = np.mean([row.q10 <= row.actual <= row.q90 for row in rows if row.method == "blend"])
    weighted = min(score for method, score in crps.items() if method.startswith("stage_weighted"))
    shown = [*(crps[name] for name in SHOWN), weighted, inside]
    print(f"{size:11} {horizon:4} " + " ".join(f"{score:8.3f}" for score in shown), flush=True)
    return crps["blend"], crps["history"], float(inside)


def _promises(outlook: Outlook, origin: int, horizon: int, rows: list[backtesting.Row]) -> Iterator[tuple[float, bool]]:
    """The chance to reach each target, and whether it was reached."""
    usual = next(row for row in rows if row.method == "mean3")
    if usual.point <= 0 or not any(row.method == "blend" for row in rows):
        return
    quantiles = outlook.forecast(origin, skip=0, length=horizon).quantiles
    for target in TARGETS * usual.point:
        yield attainment.chance(quantiles, target), usual.actual >= target


def _calibration_error(promised: np.ndarray) -> float:
    """The mean distance of promised chance and share kept, over five bins."""
    chance, kept = promised[:, 0], promised[:, 1]
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    apart = np.bincount(bins, weights=chance - kept, minlength=BINS)
    return float(np.abs(apart).sum() / len(chance))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
