"""What came, less what went, is the change of what is there: over any window, in any pipeline."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import days
from analytics.event_log import Half, Kind, Stage
from analytics.reports import river as report_of_river
from analytics.selection import Selection
from tests.simulation import STAGES, log, river, simulate

SELECTION = Selection(pipeline=1, as_of=days.day(389))
JOURNEYS = simulate(np.random.default_rng(2), days=390, per_day=3.0)
WHOLE = (
    Stage("generation", "Generation", half=Half.MARKETING),
    Stage("ready", "Ready for sales", half=Half.MARKETING),
    Stage("inquiry", "Inquiry"),
    Stage("won", "Order", Kind.WON),
    Stage("lost", "Lost", Kind.LOST),
)


def asked(journeys=JOURNEYS, selection=SELECTION):
    return report_of_river.report(river(journeys), selection)


def balances(course):
    for basin in course.stages:
        came = sum(flow.count for flow in course.flows if flow.target == basin.key)
        went = sum(flow.count for flow in course.flows if flow.source == basin.key)
        assert (came, went) == (basin.entered, basin.left)
        assert basin.open_before + basin.begun + basin.entered == basin.left + basin.open_now


@pytest.mark.parametrize("window", [1, 7, 90, 400])
def test_in_less_out_is_the_change_of_what_is_open(window):
    found = asked(selection=replace(SELECTION, window_days=window))
    balances(found.period)
    balances(found.cohort)


stories = st.lists(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20)), min_size=1, max_size=6), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(stories, st.integers(0, 80), st.integers(1, 60))
def test_in_less_out_is_the_change_whatever_happens(told, last, window):
    """Cards that go back, are lost at once, come again from the lost, or pass through on a day."""
    rows = []
    for card, story in enumerate(told):
        day = 0
        for stage, later in story:
            day += later
            rows.append((card, stage, day, 10.0))
    found = asked(log(rows), Selection(pipeline=1, as_of=days.day(last), window_days=window))
    balances(found.period)
    balances(found.cohort)


def test_value_balances_as_well():
    for course in (asked().period, asked().cohort):
        for basin in course.stages:
            came = sum(flow.amount for flow in course.flows if flow.target == basin.key)
            went = sum(flow.amount for flow in course.flows if flow.source == basin.key)
            assert basin.amount_before + basin.amount_begun + came == pytest.approx(went + basin.amount_now)


def test_by_hand():
    """Three leads in the window: one is won at 500, one lost before sales, one waits for sales; a fourth was open
    before and is still; a fifth is a second try."""
    rows = [
        (1, 0, 305), (1, 1, 310), (1, 2, 320, 500.0), (1, 3, 340, 500.0),
        (2, 0, 306), (2, 4, 330),
        (3, 0, 307), (3, 1, 350),
        (4, 0, 200), (4, 1, 210),
        (5, 0, 360),
    ]  # fmt: skip
    journeys = log(rows, WHOLE)
    again = journeys.steps.with_columns(attempt=(journeys.steps["card"] == 5).cast(int) + 1)
    found = asked(replace(journeys, steps=again))
    assert (found.came, found.again, found.won, found.lost, found.won_amount) == (4, 1, 1, 1, 500.0)
    assert found.change == 2 and found.change_low < 0 < found.change_high
    ready = found.period.stages[1]
    assert (ready.open_before, ready.entered, ready.left, ready.open_now) == (1, 2, 1, 2)
    assert [(flow.source, flow.target, flow.count) for flow in found.cohort.flows] == [
        ("generation", "ready", 2), ("generation", "lost", 1), ("ready", "inquiry", 1), ("inquiry", "won", 1)
    ]  # fmt: skip
    assert found.period.stages[0].amount_begun == 500.0
    assert found.unknown_amounts == 4


def test_the_hand_over_wait_counts_those_still_waiting():
    rows = [row for card in range(30) for row in ((card, 0, 300), (card, 1, 310))]
    rows += [(card, 2, 312) for card in range(18)]
    wait = asked(log(sorted(rows), WHOLE)).hand_over
    assert (wait.n, wait.median_days) == (30, 2.0)
    assert wait.accepted == pytest.approx(0.6) and wait.accepted_low < 0.6 < wait.accepted_high
    few = asked(log([(1, 0, 300), (1, 1, 310), (1, 2, 312)], WHOLE)).hand_over
    assert (few.n, few.median_days, few.accepted) == (1, None, None)
    assert asked().hand_over is None


@pytest.mark.parametrize(("came", "ended", "head"), [(60, 10, "rises"), (10, 60, "falls"), (30, 32, "About as many")])
def test_the_finding_is_neutral_where_chance_could_have_done_it(came, ended, head):
    rows = [(card, 0, 350) for card in range(came)]
    rows += [row for card in range(1000, 1000 + ended) for row in ((card, 0, 100), (card, len(STAGES) - 1, 355))]
    assert head in report_of_river.finding(asked(log(rows)).as_facts())["head"]


def test_an_empty_river_says_so():
    found = asked(log([]))
    assert [warning["code"] for warning in found.warnings] == ["empty"]
    assert report_of_river.finding(found.as_facts())["head"] == "Nothing has flowed yet"


def test_what_happens_later_changes_nothing():
    earlier = replace(SELECTION, as_of=days.day(300))
    known = [row for row in JOURNEYS.steps.select("card", "stage", "day", "amount").rows() if row[2] <= 300]
    assert asked(selection=earlier).as_facts() == asked(log(known), earlier).as_facts()
