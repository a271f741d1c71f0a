"""The cards behind a number are those it was counted from."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from analytics import behind, days
from analytics.behind import Question, What
from analytics.figures import forecast as forecast_figures
from analytics.reports import bottleneck, compare, cycle_time, drivers, forecast
from analytics.selection import Selection
from tests.dealings import dealings
from tests.simulation import river, simulate

AS_OF = days.day(299)
SELECTION = Selection(pipeline=1, as_of=AS_OF)
JOURNEYS = simulate(np.random.default_rng(3), days=300, per_day=2.0)


def stays(what, **asked):
    return behind.stays(river(JOURNEYS), SELECTION, Question(what, **asked))


def test_each_cell_has_as_many_cards_as_it_says():
    report = bottleneck.report(river(JOURNEYS), SELECTION, np.random.default_rng(1))
    for line in report.stages:
        assert stays(What.ENTERED, stage=line.key).height == line.entered
        assert stays(What.OPEN, stage=line.key).height == line.open
    for queue in report.queues:
        overdue = stays(What.OVERDUE, stage=queue.key, older=int(queue.line_days))
        assert (overdue.height, overdue["amount"].sum()) == (queue.overdue, pytest.approx(queue.value))


def test_what_was_open_before_and_what_began_is_open_or_has_ended():
    before, begun = stays(What.OPEN_BEFORE)["card"], stays(What.BEGUN)["card"]
    still = stays(What.OPEN)["card"]
    ended = pl.concat([stays(What.MOVED, to=end)["card"] for end in ("won", "lost")])
    assert before.len() + begun.len() - ended.len() == still.len()


def test_steps_between_two_stages_are_those_of_the_window():
    first, last = (days.number(day) for day in SELECTION.window)
    steps = stays(What.MOVED, stage="inquiry", to="hearing")
    assert steps.height and steps["left"].is_between(first, last).all()


def test_an_unknown_stage_is_said():
    with pytest.raises(behind.NoSuchStage):
        stays(What.OPEN, stage="astrology")


def test_the_future_is_not_listed():
    earlier = Selection(pipeline=1, as_of=AS_OF - timedelta(days=50))
    found = behind.stays(river(JOURNEYS), earlier, Question(What.OPEN))
    assert found["entered"].max() <= days.number(earlier.as_of)


def test_behind_each_fact_are_the_deals_that_had_it():
    made = dealings(np.random.default_rng(7), 600)
    selection = Selection(pipeline=1, as_of=days.day(made.last))
    report = drivers.report(made.river, selection)
    for row in [row for row in report.drivers if row.level][:5] + list(report.owners[:2]):
        asked = Question(What.FACT, stage=report.landmark.key, fact=row.fact, level=row.level)
        found = behind.stays(made.river, selection, asked)
        assert (found.height, found["stage"].unique().to_list()) == (row.n, [1])
    for fact in ("amount", "nothing", "is_won"):
        asked = Question(What.FACT, stage=report.landmark.key, fact=fact, level="yes")
        assert behind.stays(made.river, selection, asked).height == 0


def test_behind_each_month_of_a_span_are_those_who_began_in_it():
    report = cycle_time.report(river(JOURNEYS), SELECTION)
    counted = 0
    for span in report.spans:
        for cohort in span.cohorts:
            last = min(cohort.end, AS_OF)
            if cohort.start > last:
                continue
            month = replace(SELECTION, until=last, window_days=(last - cohort.start).days + 1)
            for what, number in ((What.SPAN, cohort.n), (What.SPAN_OPEN, cohort.open)):
                found = behind.stays(river(JOURNEYS), month, Question(what, span=span.key))
                assert found.height == number
                counted += number
    assert counted > 1000
    with pytest.raises(behind.NoSuchStage):
        stays(What.SPAN, span="astrology")


def test_behind_each_bar_of_what_was_won_are_deals_of_that_amount():
    facts = forecast.report(river(JOURNEYS), SELECTION, np.random.default_rng(1)).as_facts()
    bars = forecast_figures.figures(facts)["periods"]["data"][0]
    assert sum(bars["y"]) > 0
    for won, asked in zip(bars["y"], bars["customdata"], strict=True):
        first, last = (date.fromisoformat(asked[end]) for end in ("from", "to"))
        month = replace(SELECTION, until=last, window_days=(last - first).days + 1)
        found = behind.stays(river(JOURNEYS), month, Question(What(asked["what"]), outcome=asked["outcome"]))
        assert found["amount"].sum() == pytest.approx(won, rel=1e-5)


def test_behind_both_sides_of_a_comparison_are_their_own_cards():
    both = replace(river(JOURNEYS), other=river(JOURNEYS))
    report = compare.report(both, SELECTION)
    for selection, side, passings in (
        (SELECTION, report.a, [(pair.key, pair.a) for pair in report.stages]),
        (SELECTION.other, report.b, [(pair.key, pair.b) for pair in report.stages]),
    ):
        for outcome, number in (("won", side.whole.won), ("lost", side.whole.lost)):
            assert behind.stays(both, selection, Question(What.ENDED, outcome=outcome)).height == number > 0
        for key, passing in passings:
            assert behind.stays(both, selection, Question(What.THERE, stage=key)).height == passing.open
