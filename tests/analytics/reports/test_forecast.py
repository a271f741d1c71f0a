from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from analytics import days, fiscal
from analytics.outlook import FEWEST_CLOSED
from analytics.reports import forecast
from analytics.river import Goal
from analytics.selection import Selection
from tests.simulation import log, river, simulate

TODAY = 400
AS_OF = days.day(TODAY)
SELECTION = Selection(pipeline=1, as_of=AS_OF)
JOURNEYS = simulate(np.random.default_rng(1), days=700, per_day=3.0)


def asked(journeys=JOURNEYS, selection=SELECTION):
    return forecast.report(river(journeys), selection, np.random.default_rng(selection.seed()))


REPORT = asked()


def test_periods_are_months_that_follow_each_other():
    assert len(REPORT.periods) == 6
    assert REPORT.periods[0].start <= AS_OF + timedelta(days=1) <= REPORT.periods[0].end
    for earlier, later in zip(REPORT.periods, REPORT.periods[1:], strict=False):
        assert later.start == earlier.end + timedelta(days=1) and later.start.day == 1


def test_on_the_last_day_of_a_month_the_next_month_is_first():
    assert asked(selection=replace(SELECTION, as_of=date(1971, 1, 31))).periods[0].start == date(1971, 2, 1)


@pytest.mark.parametrize(("unit", "number"), [("week", 13), ("quarter", 4), ("year", 2)])
def test_periods_are_what_was_asked_for(unit, number):
    """Years begin in April; periods follow each other, and all are named as the company counts them."""
    asking = replace(SELECTION, unit=unit)
    found = forecast.report(replace(river(JOURNEYS), first_month=4), asking, np.random.default_rng(1))
    expected = fiscal.upcoming(AS_OF, unit, number, first_month=4)
    assert [(period.start, period.end) for period in found.periods] == [(each.start, each.end) for each in expected]
    assert found.total.end == expected[-1].end
    before = [(past["start"], past["end"]) for past in found.past_won]
    last = fiscal.before(expected[0], unit, first_month=4)
    assert before[-1:] == ([] if unit == "year" else [(last.start, last.end)])
    won = JOURNEYS.steps.filter(pl.col("stage") == JOURNEYS.won)
    for past in found.past_won:
        inside = pl.col("day").is_between(days.number(past["start"]), days.number(past["end"]))
        assert past["won"] == pytest.approx(won.filter(inside)["amount"].sum())


def test_the_chance_of_a_target_is_the_same_whatever_the_periods_are():
    goal = Goal(AS_OF + timedelta(days=1), AS_OF + timedelta(days=60), 40_000.0)
    chances = {
        forecast.report(
            replace(river(JOURNEYS), goals=(goal,)), replace(SELECTION, unit=unit), np.random.default_rng(1)
        )
        .targets[0]
        .chance
        for unit in (None, "week", "quarter")
    }
    assert len(chances) == 1


def test_the_expected_amount_is_the_sum_of_its_parts():
    for period in (*REPORT.periods, REPORT.total):
        assert period.point == pytest.approx(period.won + period.open + period.new + period.recycled)
    assert REPORT.total.point == pytest.approx(sum(period.point for period in REPORT.periods))


def test_quantiles_are_in_order_and_never_below_what_is_won():
    for period in REPORT.periods:
        ordered = [getattr(period, name) for name in forecast.FAN]
        assert ordered == sorted(ordered) and ordered[0] >= period.won


def test_what_is_won_already_is_what_the_log_says():
    won = JOURNEYS.steps.filter((pl.col("stage") == JOURNEYS.won) & (pl.col("day") <= TODAY))
    first = days.number(REPORT.periods[0].start)
    assert REPORT.periods[0].won == pytest.approx(won.filter(pl.col("day") >= first)["amount"].sum())
    assert [period.won for period in REPORT.periods[1:]] == [0.0] * 5
    assert REPORT.won_deals == won.height


def test_the_range_holds_what_came():
    """On pipelines whose truth is known: of 10 × 3 months, about four in five inside the 80 % band."""
    inside = []
    for seed in range(10):
        journeys = simulate(np.random.default_rng(100 + seed), days=520, per_day=2.0)
        won = journeys.steps.filter(pl.col("stage") == journeys.won)
        for period in asked(journeys, replace(SELECTION, months=3)).periods:
            month = pl.col("day").is_between(days.number(period.start), days.number(period.end))
            inside.append(period.q10 <= won.filter(month)["amount"].sum() <= period.q90)
    assert 0.65 <= np.mean(inside) <= 0.97


def test_what_happens_later_changes_nothing():
    known = log(JOURNEYS.steps.filter(pl.col("day") <= TODAY).select("card", "stage", "day", "amount").rows())
    assert asked(known).as_facts() == REPORT.as_facts()


def test_the_forecast_shown_is_the_one_that_is_graded():
    """The first whole month, as the same forecast said it on its eve, is among the months graded later."""
    later = asked(selection=replace(SELECTION, as_of=REPORT.periods[1].end + timedelta(days=3), months=3))
    graded = {month.start: month for month in later.graded}[REPORT.periods[1].start]
    eve = asked(selection=replace(SELECTION, as_of=REPORT.periods[1].start - timedelta(days=1), months=3)).periods[0]
    assert (graded.q10, graded.q50, graded.q90) == pytest.approx((eve.q10, eve.q50, eve.q90), rel=0.12)
    won = JOURNEYS.steps.filter(
        (pl.col("stage") == JOURNEYS.won) & pl.col("day").is_between(days.number(graded.start), days.number(graded.end))
    )
    assert graded.won == pytest.approx(won["amount"].sum())


def test_the_record_names_every_method_best_first():
    assert {grade.method for grade in REPORT.record} >= {
        "blend",
        "history",
        "hazard",
        "naive",
        "mean3",
        "stage_weighted",
    }
    assert {grade.n for grade in REPORT.record} == {len(REPORT.graded)} == {6}
    assert [grade.crps for grade in REPORT.record] == sorted(grade.crps for grade in REPORT.record)


def test_without_two_graded_months_there_is_no_record():
    young = asked(selection=replace(SELECTION, as_of=days.day(80), months=1))
    assert young.total is not None and young.record == young.graded == ()


def test_the_same_question_gives_the_same_numbers():
    assert asked().as_facts() == REPORT.as_facts()


def test_second_tries_are_a_part_of_their_own():
    assert REPORT.total.recycled == 0
    returning = replace(JOURNEYS, steps=JOURNEYS.steps.with_columns(attempt=pl.col("card") % 3 + 1))
    parts = asked(returning).total
    assert parts.recycled / (parts.new + parts.recycled) == pytest.approx(2 / 3, abs=0.08)


def test_the_json_has_the_promised_shape():
    facts = REPORT.as_facts()
    assert {"pipeline", "as_of", "currency", "periods", "warnings"} <= set(facts)
    assert list(facts["periods"][0]) == [
        "start", "end", "won", "stage_weighted", "open", "new", "recycled", "point",
        "q025", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q975",
    ]  # fmt: skip


def test_without_a_win_there_is_no_number():
    report = asked(log([(card, 0, 390) for card in range(30)]))
    assert [period.point for period in report.periods] == [None] * 6
    assert "no_wins" in {warning["code"] for warning in report.warnings}
    assert forecast.finding(report.as_facts())["head"] == "Too early to forecast"


@pytest.mark.parametrize(("closed", "code"), [(5, "not_enough_closed"), (29, "pooled")])
def test_few_closed_deals_are_said(closed, code):
    rows = [row for card in range(closed) for row in ((card, 0, 300 + card, 100.0), (card, 5, 330 + card, 100.0))]
    report = asked(log(rows + [(99, 0, 395, 50.0)]))
    assert code in {warning["code"] for warning in report.warnings}
    assert (report.total is None) == (closed < FEWEST_CLOSED)


def test_where_nothing_comes_the_finding_says_nothing():
    facts = REPORT.as_facts()
    facts["total"] |= {"q90": 0.3}
    assert forecast.finding(facts)["head"] == "Nothing is expected in 6 months"


def test_an_empty_pipeline_says_so():
    assert [warning["code"] for warning in asked(log([])).warnings] == ["empty"]
