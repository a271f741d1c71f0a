from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from analytics import backtesting, days, exports
from analytics.estimators.history import LEVELS
from analytics.event_log import EventLog
from analytics.figures import record as figures
from analytics.kept import Kept
from analytics.known import history_of
from analytics.outlook import Outlook
from analytics.presenting import record as words
from analytics.reports import record
from analytics.selection import Selection
from tests.simulation import STAGES, log, river, simulate

TODAY = days.number(date(1971, 3, 10))
SELECTION = Selection(pipeline=1, as_of=days.day(TODAY))
JOURNEYS = simulate(np.random.default_rng(1), days=TODAY + 1, per_day=3.0)
RIVER = river(JOURNEYS)
JANUARY = (days.number(date(1971, 1, 1)), days.number(date(1971, 1, 31)))


def asked(of=RIVER, selection=SELECTION):
    return record.report(of, selection, None)


REPORT = asked()


def window(report, unit, look, start):
    return next(one for one in report.windows if (one.unit, one.look, one.start) == (unit, look, start))


def test_every_period_that_is_over_is_looked_at_from_each_distance():
    months = [one.start for one in REPORT.windows if (one.unit, one.look) == ("month", "eve")]
    assert months[-1] == date(1971, 2, 1) and months == sorted(months) and len(months) == 12
    assert [one.start for one in REPORT.windows if (one.unit, one.look) == ("quarter", "eve")][-1] == date(1970, 10, 1)
    january = {look: window(REPORT, "month", look, date(1971, 1, 1)).origin for look in ("before", "eve", "half")}
    assert january == {"before": date(1970, 11, 30), "eve": date(1970, 12, 31), "half": date(1971, 1, 15)}
    assert not any(one.is_kept for one in REPORT.windows)


def test_what_came_is_what_the_log_says_and_what_was_won_by_then_counts():
    won = JOURNEYS.steps.filter(pl.col("stage") == JOURNEYS.won)
    for look in ("eve", "half"):
        one = window(REPORT, "month", look, date(1971, 1, 1))
        assert one.came == one.now == pytest.approx(won.filter(pl.col("day").is_between(*JANUARY))["amount"].sum())
        so_far = won.filter(pl.col("day").is_between(JANUARY[0], days.number(one.origin)))["amount"].sum()
        assert one.won == pytest.approx(so_far)
    assert so_far > 0 and one.q10 >= so_far


def test_a_window_that_is_asked_again_is_what_the_forecast_says_of_it():
    origin = JANUARY[0] - 1
    again = Outlook(history_of(RIVER), reach=record.LONGEST_REACH).forecast(origin, skip=0, length=31)
    one = window(REPORT, "month", "eve", date(1971, 1, 1))
    assert (one.q10, one.q50, one.q90) == tuple(again.quantile(level) for level in (0.1, 0.5, 0.9))


def test_a_look_is_graded_as_backtest_grades_it():
    look = next(look for look in REPORT.looks if (look.unit, look.look) == ("month", "eve"))
    outlook = Outlook(history_of(RIVER), reach=record.LONGEST_REACH)
    windows = [one for one in REPORT.windows if (one.unit, one.look) == ("month", "eve")]
    rows = [
        row
        for one in windows
        for row in backtesting.replay(outlook, [days.number(one.origin)], (one.end - one.origin).days)
    ]
    grades = {grade.method: grade for grade in backtesting.grades(rows)}
    assert {one.method for one in look.methods} == set(grades)
    for one in look.methods:
        facts = (one.n, one.error, one.bias, one.inside, one.crps)
        expected = grades[one.method]
        assert facts == (expected.n, expected.error, expected.bias, expected.inside, expected.crps)
    assert [one.crps for one in look.methods] == sorted(one.crps for one in look.methods)
    assert look.inside == sum(one.is_inside for one in windows) / len(windows)
    assert look.inside_low <= look.inside <= look.inside_high


def test_what_comes_after_an_evening_changes_nothing_of_what_is_said_of_it():
    """After the end of January everything is turned over; what is said of January, before and in it, stays."""
    last = JANUARY[1]
    later = pl.col("day") > last
    corrupted = JOURNEYS.steps.with_columns(
        stage=pl.when(later & (pl.col("stage") >= 5)).then(11 - pl.col("stage")).otherwise("stage").cast(pl.Int16),
        amount=pl.when(later).then(pl.col("amount") * 100).otherwise("amount"),
    )
    other = asked(river(EventLog(STAGES, corrupted)))

    def told(report):
        return [row for row in report.rows if days.number(row["end"]) <= last]

    assert told(other) == told(REPORT) and len(told(REPORT)) > 100
    assert asked(river(EventLog(STAGES, JOURNEYS.steps.filter(~later)))).rows != REPORT.rows


def keeping(asked_for, *, came=None, methods=("blend", "naive")):
    """A memory of January as it was said on its eve: always a thousand, more or less."""
    said = dict.fromkeys(methods, 1000 + 100 * (LEVELS - 0.5))

    def kept(keys):
        keys = list(keys)
        asked_for.extend(keys)
        return Kept(
            {key: said for key in keys if key[1:] == JANUARY and key[0] == JANUARY[0] - 1},
            {JANUARY: came} if came else {},
        )

    return kept


@pytest.mark.django_db
def test_what_was_kept_counts_as_it_was_said_and_what_came_as_it_was_known():
    asked_for = []
    report = asked(replace(RIVER, kept=keeping(asked_for, came=1010.0)))
    one = window(report, "month", "eve", date(1971, 1, 1))
    assert one.is_kept and one.q50 == pytest.approx(1000) and one.came == 1010 and one.is_inside
    assert one.now == window(REPORT, "month", "eve", date(1971, 1, 1)).came != one.came
    assert sum(other.is_kept for other in report.windows) == 1
    looked_at = {tuple(days.number(day) for day in (other.origin, other.start, other.end)) for other in report.windows}
    assert looked_at <= set(asked_for)
    look = report.looks[0]
    assert (look.look, look.kept, look.n) == ("eve", 1, 12)
    assert {other.method for other in look.methods} == {"blend", "naive"}  # what all windows have
    assert [warned["code"] for warned in report.warnings] == ["corrected_since"]
    sentence = words.shown(report.as_facts())["sources"]
    assert sentence.startswith(f"1 of {len(report.windows)} forecasts are as they were kept at the time")


def test_quarters_are_those_of_the_companys_year():
    report = asked(replace(RIVER, first_month=2))
    starts = {one.start for one in report.windows if one.unit == "quarter"}
    assert date(1970, 11, 1) in starts and date(1970, 10, 1) not in starts


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([], "empty"),
        ([(card, stage, 100 + card + stage, 10.0) for card in range(5) for stage in (0, 5)], "not_enough_closed"),
        ([(card, stage, 300 + card + stage, 10.0) for card in range(30) for stage in (0, 6)], "no_wins"),
        (
            [(card, stage, TODAY - 30 + card // 2 + stage, 10.0) for card in range(29) for stage in (0, 5)],
            "not_enough_graded",
        ),
    ],
)
def test_without_enough_there_is_no_record_and_it_is_said_why(steps, code):
    report = asked(river(log(steps)))
    facts = report.as_facts()
    assert report.looks == () and [warned["code"] for warned in report.warnings] == [code]
    assert record.finding(facts)["head"] == "No record yet"
    assert not words.shown(facts)["has_record"] and figures.figures(facts) == {}


def test_the_finding_tells_how_often_how_far_and_how_sure():
    facts = REPORT.as_facts()
    said = record.finding(facts)
    look = facts["looks"][0]
    assert said["head"] == f"{round(look['inside'] * 12)} of 12 months lay inside the range"
    ours = next(one for one in look["methods"] if one["method"] == "blend")
    assert f"off by {ours['error'] * 100:.0f}\u2009% on average" in said["sentence"]
    assert said["certainty"].startswith("Four in five should; from 12 alone it is between")


@pytest.mark.django_db
def test_page_and_file_tell_the_same():
    facts = REPORT.as_facts()
    shown = words.shown(facts)
    assert [row["period"] for row in shown["months"]][0] == "February 1971" and len(shown["months"]) == 12
    assert shown["quarters"][0]["period"] == "Quarter 4 of 1970" and shown["quarters"][0]["source"] == "asked again"
    assert sum(row["is_ours"] for row in shown["ways"]) == 1
    assert sum(row["name"].startswith("stage-weighted") for row in shown["ways"]) == 1
    rows = exports.record_rows(facts)
    assert len(rows) == len(facts["rows"]) and rows[0]["currency"] == "EUR"
    assert list(rows[0])[-8:] == ["q05", "q10", "q25", "q50", "q75", "q90", "q95", "crps"]
    drawn = figures.figures(facts)
    assert len(drawn["months"]["data"][1]["x"]) == 12 and len(drawn["ways"]["data"][0]["x"]) == len(shown["ways"])
