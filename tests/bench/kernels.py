"""How fast the kernels of Insight are on a large log in memory, beside the libraries one would take instead:
`python -m tests.bench.kernels`, or with another number of steps `python -m tests.bench.kernels 120_000`.

What is timed is what the pages call, each on the answer of the one before. The log is that of `tests.market`: five
stages and two ends, two years, whole days, so that many steps share theirs. Its rows come as they do from PostgreSQL:
those written in one time together, in the order of the cards (`sources.blocks`); and once in no order at all. pm4py and
lifelines get the same steps, in the same order, and the same stays. pm4py is no dependency, for its licence is the
AGPL: to compare with it, install it into an environment of its own.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from analytics import chain, event_log, known, outlook
from analytics.estimators import forecasting, markov, survival
from analytics.estimators.survival import OPEN
from analytics.tables import flows, stage_visits
from tests import market

STEPS = 1_200_000
DAYS = 730
STEPS_PER_DAY_AND_DEAL = 2700  # in two years, at one deal a day
AHEAD = np.repeat(np.arange(3), (30, 31, 30))
PATHS = 2000
BLOCK = 250_000  # steps, as in `sources.blocks`
AT_AGE = 40
ROUNDS = 3
LINE = "{:<66} {:>8}"
BESIDE = "{:<48} {:>8} {:>8} {:>8}"


def main(steps: int = STEPS) -> None:
    log = market.market(np.random.default_rng(1), days=DAYS, per_day=steps / STEPS_PER_DAY_AND_DEAL)
    packed = _as_packed(log.steps, "day", "card", "seq")
    shuffled = log.steps.sample(fraction=1.0, shuffle=True, seed=1)
    today = market.FIRST + DAYS - 1
    print(
        f"Kernels on {log.steps.height:,} steps of {log.steps['card'].n_unique():,} deals; seconds, the best of "
        f"{ROUNDS}, on {os.cpu_count()} cores",
        flush=True,
    )
    spent: dict[str, float] = {}

    def timed(name: str, act: Callable[[], Any]) -> Any:
        spent[name], answer = _best(act)
        print(LINE.format(name, f"{spent[name]:.3f}"), flush=True)
        return answer

    log = timed("put in order and checked (event_log)", lambda: event_log.event_log(market.STAGES, packed))
    visited = timed("stays (stage_visits)", lambda: stage_visits.visits(log.steps, today))
    curves = timed("survival and ends, every stage to every next one", lambda: _curves(log, visited, today))
    edges = timed("mean days from stage to stage *", lambda: _edges(visited))
    daily = timed("cards in each stage on each day *", lambda: _daily(log, visited, today))
    timed(f"semi-Markov chain, {len(AHEAD)} days in {AHEAD[-1] + 1} periods", lambda: _chain(log, visited, today))
    draw, standing = _futures(log, today)
    timed(f"{PATHS:,} futures of {standing:,} open deals (forecasting.simulate)", draw)
    print(LINE.format("all of them", f"{sum(spent.values()):.3f}"))
    print(
        LINE.format(
            "put in order and checked, from no order",
            f"{_best(lambda: event_log.event_log(market.STAGES, shuffled))[0]:.3f}",
        )
    )
    print("* put together here from the stays: no page shows it in this form\n")
    _agrees_with_stock(log, visited, daily, today)

    ordered, stays, survived, meant = list(spent.values())[:4]
    others = [_installed(name) for name in ("pm4py", "lifelines")]
    print(BESIDE.format("beside others, on the same data", "theirs", "ours", "ratio"))
    if others[0]:
        _beside_pm4py(others[0], visited, edges, ordered + stays + meant)
    if others[1]:
        _beside_lifelines(others[1], log, visited, today, curves, survived)


def _as_packed(steps: pl.DataFrame, day: str, *order: str) -> pl.DataFrame:
    """The rows as they come out of the blocks into which they were packed as time went by."""
    written = steps.sort(day, maintain_order=True)
    return pl.concat([block.sort(*order) for block in written.iter_slices(BLOCK)])


def _best(act: Callable[[], Any]) -> tuple[float, Any]:
    seconds, answer = [], None
    for _round in range(ROUNDS):
        began = time.perf_counter()
        answer = act()
        seconds.append(time.perf_counter() - began)
    return min(seconds), answer


def _watched(log: event_log.EventLog, visited: pl.DataFrame, code: int, today: int) -> tuple[np.ndarray, ...]:
    """Ages at which each stay of the stage began and ceased to be watched, and the stage it led to or OPEN."""
    here = visited.filter(pl.col("stage") == code)
    part = stage_visits.watched(here, stage_visits.trusted_from(visited) or today, today)
    cause = np.where(part["ended"].to_numpy(), part["next"].fill_null(OPEN).to_numpy(), OPEN)
    return part["start"].to_numpy(), part["stop"].to_numpy(), cause


def _curves(log: event_log.EventLog, visited: pl.DataFrame, today: int) -> list[survival.CumulativeIncidence]:
    found = []
    for code in range(len(log.open_stages)):
        table = survival.risk_table(*_watched(log, visited, code, today), causes=len(log.stages))
        survival.kaplan_meier(table)
        found.append(survival.aalen_johansen(table))
    return found


def _edges(visited: pl.DataFrame) -> pl.DataFrame:
    return (
        visited.drop_nulls("left")
        .group_by("stage", "next")
        .agg(days=(pl.col("left") - pl.col("entered")).mean(), steps=pl.len())
    )


def _daily(log: event_log.EventLog, visited: pl.DataFrame, today: int) -> np.ndarray:
    """(stages, days): how many were there in the evening."""
    days = today - market.FIRST + 1
    change = np.zeros(len(log.stages) * days, dtype=np.int64)
    for name, sign in (("entered", 1), ("left", -1)):
        moved = visited.select("stage", name).drop_nulls()
        place = moved["stage"].to_numpy().astype(np.int64) * days + moved[name].to_numpy() - market.FIRST
        change += sign * np.bincount(place, minlength=len(change))
    return change.reshape(-1, days).cumsum(axis=1)


def _agrees_with_stock(log: event_log.EventLog, visited: pl.DataFrame, daily: np.ndarray, today: int) -> None:
    stock = dict(flows.stock(visited, today).select("stage", "cards").iter_rows())
    if [stock.get(code, 0) for code in range(len(log.stages))] != daily[:, -1].tolist():
        raise AssertionError("The cards of the last evening are not those of flows.stock.")


def _chain(log: event_log.EventLog, visited: pl.DataFrame, today: int) -> markov.Prospects:
    states, since = len(log.open_stages), stage_visits.trusted_from(visited) or today
    nights, _entered = chain.nights(stage_visits.nights(visited), states, since, today)
    hazards = markov.fit(markov.count(nights, states=states, ages=outlook.OLDEST), tail_is_apart=True)
    return markov.prospects(markov.without_equal_ages(hazards.mean()), AHEAD)


def _futures(log: event_log.EventLog, today: int) -> tuple[Callable[[], forecasting.Draws], int]:
    """The draws that `outlook` asks for, with all they need made ready before; and how many open deals there are."""
    past = known.Sliced(log)
    now = past.as_of(today)
    fitted = outlook.Fitted(now, past)
    prospects, tilt, shock = fitted.prospects(AHEAD), fitted.tilt(len(AHEAD)), fitted.shock(outlook.SHOCK_DAYS)
    age = np.minimum(today - now.entered[now.is_open], fitted.oldest)
    given = (
        prospects.now[now.state[now.is_open], age],
        now.amount[now.is_open],
        forecasting.wins_per_arrival(prospects.at_entry, fitted.inflow.entry, AHEAD),
        fitted.inflow,
        fitted.amounts,
        tilt,
    )

    def draw() -> forecasting.Draws:
        rng = np.random.default_rng(1)
        return forecasting.simulate(*given, rng, shock=shock, is_shared=False, draws=PATHS)

    return draw, int(now.is_open.sum())


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"!!! {name} IS NOT INSTALLED HERE: nothing is compared with it !!!", flush=True)
        return None


def _beside_pm4py(pm4py: Any, visited: pl.DataFrame, edges: pl.DataFrame, ours: float) -> None:
    """Theirs: the mean time from step to step, of steps that are taken for them out of slips already. Ours: order,
    slips, stays, and the mean from stage to stage. A card's steps lie seconds apart, which tells pm4py their order
    within a day."""
    names = [stage.key for stage in market.STAGES]
    numbered = visited.with_columns(at=pl.col("entered").cast(pl.Int64) * 86400 + pl.int_range(pl.len()).over("card"))
    steps = _as_packed(numbered, "entered", "card", "at").select(
        pl.col("card").cast(pl.String).alias("case:concept:name"),
        pl.col("stage").replace_strict(dict(enumerate(names)), return_dtype=pl.String).alias("concept:name"),
        pl.from_epoch("at", time_unit="s").dt.replace_time_zone("UTC").alias("time:timestamp"),
    )
    for kind, frame in (("pandas", steps.to_pandas()), ("Polars", steps.lazy())):

        def discover(frame: Any = frame) -> dict[tuple[str, str], Any]:
            return pm4py.discover_performance_dfg(frame, perf_aggregation_key="mean")[0]

        try:
            theirs, found = _best(discover)
        except Exception as problem:  # older ones know no frames of Polars
            print(f"!!! pm4py {pm4py.__version__} DOES NOT TAKE {kind} HERE: {problem!r:.100} !!!", flush=True)
            continue
        _ratio(f"pm4py {pm4py.__version__}, performance DFG of {kind}", theirs, ours)
        off = max(
            abs(found[names[stage], names[following]] / 86400 - days) for stage, following, days, _ in edges.iter_rows()
        )
        print(f"  the means are {off:.5f} days apart at most", flush=True)


def _beside_lifelines(
    lifelines: Any,
    log: event_log.EventLog,
    visited: pl.DataFrame,
    today: int,
    curves: list[survival.CumulativeIncidence],
    ours: float,
) -> None:
    """Theirs: the way to the next stage alone, of the stays of each stage, which they jitter because many end at the
    same age. Ours: the way to every stage, and survival, from the stays on."""
    stays = [_watched(log, visited, code, today) for code in range(len(log.open_stages))]
    ends = [
        (stop + 1 + np.where(cause == OPEN, 0.5, 0.0), np.where(cause == OPEN, 0, cause + 1))
        for _, stop, cause in stays
    ]

    def fit() -> list[Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [
                lifelines.AalenJohansenFitter(seed=1).fit(age, event, event_of_interest=code + 2)
                for code, (age, event) in enumerate(ends)
            ]

    theirs, found = _best(fit)
    _ratio(f"lifelines {lifelines.__version__}, Aalen-Johansen (one way each)", theirs, ours)
    off = 0.0
    for code, fitter in enumerate(found):
        curve = fitter.cumulative_density_.iloc[:, 0]
        there = curve[curve.index <= AT_AGE + 1.25].iloc[-1]
        off = max(off, abs(there - curves[code].incidence[code + 1, AT_AGE]))
    print(f"  shares after {AT_AGE} days are {off:.5f} apart at most", flush=True)


def _ratio(name: str, theirs: float, ours: float) -> None:
    print(BESIDE.format(name, f"{theirs:.2f}", f"{ours:.3f}", f"{theirs / ours:.0f}x"), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
