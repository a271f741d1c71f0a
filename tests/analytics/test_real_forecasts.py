"""Forecasts graded on public data with a known end: better than the customary ways, and never much worse than the best.

The files lie beside the checkout, in ../shared/data; without them these tests are skipped, and say so.
"""

import warnings
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics import backtesting, days
from analytics.event_log import Kind, Stage, event_log
from analytics.known import Sliced
from analytics.outlook import Outlook

pytestmark = pytest.mark.slow
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LOANS = {
    "A_SUBMITTED": 0, "A_PREACCEPTED": 1, "A_ACCEPTED": 2, "O_SENT": 3, "O_SENT_BACK": 4, "A_APPROVED": 5,
    "A_DECLINED": 6, "A_CANCELLED": 6,
}  # fmt: skip
ENDS = (Stage("won", "Won", Kind.WON), Stage("lost", "Lost", Kind.LOST))


def loans():
    at = pl.col("timestamp").str.to_datetime(time_zone="UTC").dt.convert_time_zone("Europe/Amsterdam")
    steps = (
        pl.read_csv(DATA / "bpi2012" / "events.csv")
        .filter(pl.col("activity").is_in(list(LOANS)))
        .with_columns(at=at, stage=pl.col("activity").replace_strict(LOANS))
        .sort("case_id", "at", maintain_order=True)
        .select("stage", "amount", card="case_id", day=pl.col("at").dt.date().cast(pl.Int32))
    )
    return _log([f"stage {number}" for number in range(5)], steps)


def opportunities():
    """Engaged at the product's price, closed at the value closed."""
    folder = DATA / "maven"
    engaged, closed = (pl.col(f"{name}_date").str.to_date("%d-%m-%Y", strict=False) for name in ("engage", "close"))
    deals = (
        pl.read_csv(folder / "sales_pipeline.csv")
        .with_row_index("card")
        .with_columns(pl.col("product").replace({"GTXPro": "GTX Pro"}), engaged=engaged, closed=closed)
        .join(pl.read_csv(folder / "products.csv"), on="product")
        .filter(pl.col("engaged").is_not_null())
    )
    begun = deals.select("card", stage=pl.lit(0), day=pl.col("engaged").cast(pl.Int32), amount=pl.col("sales_price"))
    ended = deals.filter(pl.col("closed").is_not_null()).select(
        "card",
        stage=pl.when(pl.col("deal_stage") == "Won").then(1).otherwise(2),
        day=pl.col("closed").cast(pl.Int32),
        amount=pl.col("close_value"),
    )
    return _log(["Engaging"], pl.concat([begun, ended]).sort("card", "day", maintain_order=True))


def _log(names, steps):
    return event_log(
        (*(Stage(name, name) for name in names), *ENDS),
        steps.with_columns(seq=pl.int_range(pl.len()).over("card"), exact=pl.lit(True), attempt=pl.lit(1)),
    )


TASKS = {
    "loans 7 days": (loans, date(2011, 11, 11), date(2012, 3, 5), 7),
    "loans 28 days": (loans, date(2011, 11, 19), date(2012, 2, 13), 28),
    "opportunities 28 days": (opportunities, date(2017, 6, 4), date(2017, 12, 3), 28),
    "opportunities 90 days": (opportunities, date(2017, 6, 25), date(2017, 10, 2), 90),
}


@pytest.fixture(scope="module")
def scores():
    """Of each task and method, the score as a share of what came; the best way to weigh stages is `weighted`."""
    if not DATA.exists():
        warnings.warn(f"NOT TESTED against real data: {DATA} is absent.", stacklevel=1)
        pytest.skip(f"{DATA} is absent")
    found = {}
    for task, (load, first, last, horizon) in TASKS.items():
        origins = range(days.number(first), days.number(last) + 1, 7)
        grades = backtesting.grades(backtesting.replay(Outlook(Sliced(load())), origins, horizon))
        found[task] = {grade.method: grade.crps for grade in grades}
        found[task]["weighted"] = min(score for name, score in found[task].items() if name.startswith("stage_weighted"))
        found[task]["inside"] = next(grade.inside for grade in grades if grade.method == "blend")
    return found


def mean(scores, method):
    return float(np.exp(np.mean([np.log(task[method]) for task in scores.values()])))


def test_the_forecast_is_far_better_than_weighing_stages(scores):
    assert mean(scores, "blend") < 0.6 * mean(scores, "weighted")


def test_the_forecast_is_better_than_looking_at_the_past_alone(scores):
    assert mean(scores, "blend") < 0.85 * mean(scores, "history")


@pytest.mark.parametrize("task", TASKS)
def test_on_no_task_is_it_much_worse_than_the_better_of_the_two(scores, task):
    found = scores[task]
    assert found["blend"] <= 1.15 * min(found["weighted"], found["history"])
    assert found["inside"] >= 0.75
