"""Public data with a known end: what the reports said early, against what then happened.

The files lie beside the checkout, in ../shared/data; without them these tests are skipped, and say so.
"""

import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics import days
from analytics.estimators import survival
from analytics.estimators.survival import OPEN
from analytics.event_log import Kind, Stage
from analytics.reports import bottleneck, cycle_time, forecast
from analytics.selection import Selection
from analytics.tables import spans, stage_visits
from tests.simulation import log, river

EVENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "bpi2012" / "events.csv"
BEGIN = date(2011, 9, 30)
NAMES = ("Submitted", "Preaccepted", "Accepted", "Offer sent", "Returned")
STAGES = (*(Stage(name, name) for name in NAMES), Stage("won", "Approved", Kind.WON), Stage("lost", "Lost", Kind.LOST))
CODES = {
    "A_SUBMITTED": 0, "A_PREACCEPTED": 1, "A_ACCEPTED": 2, "O_SENT": 3, "O_SENT_BACK": 4, "A_APPROVED": 5,
    "A_DECLINED": 6, "A_CANCELLED": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def loans():
    if not EVENTS.exists():
        warnings.warn(f"NOT TESTED against real data: {EVENTS} is absent.", stacklevel=1)
        pytest.skip(f"{EVENTS} is absent")
    at = pl.col("timestamp").str.to_datetime(time_zone="UTC").dt.convert_time_zone("Europe/Amsterdam")
    events = (
        pl.read_csv(EVENTS)
        .filter(pl.col("activity").is_in(list(CODES)))
        .with_columns(at=at, stage=pl.col("activity").replace_strict(CODES))
        .sort("case_id", "at", maintain_order=True)
        .select("case_id", "stage", pl.col("at").dt.date().cast(pl.Int32), pl.col("amount").cast(pl.Float64))
    )
    return log(events.rows(), STAGES)


def asked(loans, day):
    selection = Selection(pipeline=1, as_of=BEGIN + timedelta(days=day))
    return bottleneck.report(river(loans), selection, np.random.default_rng(1)), selection


def truth(loans, stage, entered_by, horizon):
    """Mean stay up to the horizon of those who entered by then, as the end of the log tells it."""
    last = loans.steps["day"].max()
    stays = stage_visits.visits(loans.steps, last).filter(
        (pl.col("stage") == stage) & (pl.col("entered") <= entered_by)
    )
    cause = np.where(stays["left"].is_null(), OPEN, np.where(stays["next"].fill_null(-1) == 6, 1, 0))
    stop = (stays["left"].fill_null(last) - stays["entered"]).to_numpy()
    table = survival.risk_table(np.zeros(len(stop), int), stop, cause, causes=2)
    return survival.kaplan_meier(table).restricted_mean(horizon)


@pytest.mark.parametrize("day", [42, 70])
@pytest.mark.parametrize(("stage", "name"), [(1, "Preaccepted"), (3, "Offer sent"), (4, "Returned")])
def test_the_mean_stay_is_about_three_per_cent_from_what_it_turned_out_to_be(loans, day, stage, name):
    report, selection = asked(loans, day)
    line = next(line for line in report.stages if line.stage == name)
    assert line.mean_days == pytest.approx(
        truth(loans, stage, days.number(selection.as_of), line.horizon_days), rel=0.035 if line.entered > 800 else 0.05
    )


def test_the_mean_of_finished_stays_would_have_been_a_quarter_too_short(loans):
    report, selection = asked(loans, 42)
    line = next(line for line in report.stages if line.stage == "Offer sent")
    known = stage_visits.visits(loans.steps, days.number(selection.as_of)).filter(pl.col("stage") == 3)
    finished = (known["left"] - known["entered"]).mean()
    assert finished < 0.8 * line.mean_days


@pytest.mark.parametrize(
    ("day", "name", "share"),
    [(42, "Preaccepted", 0.713), (42, "Offer sent", 0.681), (42, "Returned", 0.653), (70, "Offer sent", 0.676)],
)
def test_the_share_that_goes_on_is_what_it_turned_out_to_be(loans, day, name, share):
    line = next(line for line in asked(loans, day)[0].stages if line.stage == name)
    assert line.advance == pytest.approx(share, abs=0.02)
    assert line.advance_low <= share <= line.advance_high


TRUE_MEDIANS = {0: 16.1, 3: 16.0, 4: 15.8, 5: 17.0, 6: 17.8}  # of all who began in the fortnight, at the end of the log


@pytest.mark.parametrize(("fortnight", "share_open"), [(0, 0.0), (3, 0.04), (4, 0.12), (5, 0.44), (6, 0.91)])
def test_cycle_times_by_fortnight_are_what_they_turned_out_to_be(loans, fortnight, share_open):
    """Accepted applications, asked after 98 days: the mean of those that have ended falls by two thirds, from 18.6 to
    6.4 days, while in truth it takes ten per cent longer. What is too early to say is not said."""
    begin = days.number(BEGIN) + 1
    visited = stage_visits.visits(loans.steps, begin + 97)
    accepted = visited.filter((pl.col("stage") == 2).any().over("card"))
    frame = spans.journeys(accepted, won=loans.won)
    cohort = frame.filter((pl.col("entered") - begin) // 14 == fortnight)
    assert cohort["ended"].null_count() / cohort.height == pytest.approx(share_open, abs=0.04)
    median = survival.kaplan_meier(cycle_time.SpanDays.of(cohort).table((begin, begin + 97))).quantile(0.5).value
    if fortnight == 6:
        assert median is None
    else:
        assert median == pytest.approx(TRUE_MEDIANS[fortnight], abs=1.0)
    ended = cohort.drop_nulls("ended")
    mean = (ended["ended"] - ended["entered"]).mean()
    assert mean == pytest.approx({0: 18.6, 3: 17.7, 4: 16.2, 5: 10.4, 6: 6.4}[fortnight], abs=1.2)


def test_wins_of_the_next_month_lie_inside_the_range(loans):
    won = loans.steps.filter(pl.col("stage") == loans.won)
    inside = []
    for day in (42, 60, 77, 91, 105, 122):
        selection = Selection(pipeline=1, as_of=BEGIN + timedelta(days=day))
        period = forecast.report(river(loans), selection, np.random.default_rng(1)).periods[1]
        month = pl.col("day").is_between(days.number(period.start), days.number(period.end))
        inside.append(period.q05 <= won.filter(month)["amount"].sum() <= period.q95)
    assert sum(inside) >= 5
