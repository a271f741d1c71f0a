"""Two selections side by side: differences that are there are told, others hardly ever, and nothing counts twice."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from analytics import days
from analytics.event_log import EventLog
from analytics.reports import compare
from analytics.selection import Selection
from tests.simulation import Change, log, river, simulate

LAST = 389
SELECTION = Selection(pipeline=1, as_of=days.day(LAST), team=1, against=(("team", 2),))


def drawn(seed, change=None, per_day=1.5, shift=0):
    """A log whose cards are numbered from `shift` on, so that those of two logs are not the same."""
    journeys = simulate(np.random.default_rng(seed), days=390, per_day=per_day, change=change)
    return EventLog(journeys.stages, journeys.steps.with_columns(pl.col("card") + shift))


def found(a, b, selection=SELECTION):
    return compare.report(
        replace(river(a), cut={"team": "North"}, other=replace(river(b), cut={"team": "South"})), selection
    )


def told(report):
    return {
        (pair.stage, name)
        for pair in report.stages
        for name in ("pace_q", "fate_q")
        if getattr(pair, name) is not None and getattr(pair, name) <= compare.RATE
    }


def test_a_slower_stage_is_told_with_both_medians():
    report = found(drawn(1), drawn(2, Change(0, 2, slower=2.5), shift=100_000))
    assert ("Proposal", "pace_q") in told(report) and report.shared == 0
    (pair,) = [pair for pair in report.stages if pair.stage == "Proposal"]
    assert pair.b.median_days > 1.5 * pair.a.median_days
    facts = report.as_facts()
    assert compare.finding(facts)["head"] == "North against South"
    assert "Proposal: half stay" in compare.finding(facts)["sentence"]


def test_a_leaking_stage_is_told_with_both_shares():
    report = found(drawn(3, per_day=3.0), drawn(4, Change(0, 1, leak=0.3), per_day=3.0, shift=100_000))
    assert ("Hearing", "fate_q") in told(report)
    (pair,) = [pair for pair in report.stages if pair.stage == "Hearing"]
    assert pair.a.advance - pair.b.advance > 0.15 and report.share_q is not None


def test_where_nothing_differs_something_is_told_at_most_once_in_six():
    reports = [found(drawn(place), drawn(place + 500, shift=100_000)) for place in range(30)]
    assert sum(bool(told(report)) or min(report.share_q, report.cycle_q) <= 0.1 for report in reports) <= 5
    neutral = next(report for report in reports if not told(report) and min(report.share_q, report.cycle_q) > 0.1)
    assert compare.finding(neutral.as_facts())["head"] == "No clear difference"


def test_sides_count_as_they_would_alone():
    a, b = drawn(1), drawn(2, shift=100_000)
    report = found(a, b)
    again = found(b, a)
    for one, other in zip(report.stages, again.stages, strict=True):
        assert (one.a, one.b, one.pace_q) == (other.b, other.a, pytest.approx(other.pace_q))
    ended = a.steps.filter(pl.col("day").is_between(LAST - 89, LAST))
    assert report.a.whole.won == ended.filter(pl.col("stage") == a.won).height
    assert report.a.whole.lost == ended.filter(pl.col("stage") == a.lost).height


def test_cards_of_both_are_compared_with_the_others_only():
    everyone = drawn(5, per_day=3.0)
    some = EventLog(everyone.stages, everyone.steps.filter(pl.col("card") % 3 == 0))
    others = EventLog(everyone.stages, everyone.steps.filter(pl.col("card") % 3 != 0))
    shared, apart = found(everyone, some), found(others, some)
    assert shared.shared > 0 and shared.warnings[0]["code"] == "shared"
    assert [pair.pace_q for pair in shared.stages] == [pair.pace_q for pair in apart.stages]
    same = found(everyone, everyone)
    assert same.tests == 0 and same.warnings[0]["code"] == "same"
    assert "Too few to compare" in compare.finding(same.as_facts())["head"]


def test_without_anything_else_the_days_before_are_compared_with():
    selection = Selection(pipeline=1, as_of=days.day(LAST))
    before = selection.other.window
    assert before == (selection.window[0] - timedelta(days=90), selection.window[0] - timedelta(days=1))
    journeys = drawn(6)
    report = compare.report(replace(river(journeys), other=river(journeys)), selection)
    assert report.shared == 0 and report.tests > 0 and report.b.window == before
    assert "–" in compare.side_name(report.as_facts(), "b")


def test_a_selection_comes_back_from_a_job_as_it_went():
    asked = replace(SELECTION, against=(("team", 2), ("until", "1970-12-01"), ("window_days", 30)), least=5.0)
    assert Selection.from_arguments(**asked.as_arguments()) == asked
    assert asked.other == Selection(1, days.day(LAST), window_days=30, team=2, until=days.day(334), least=5.0)


def test_nothing_at_all_is_said():
    report = found(log([]), log([]))
    assert [warning["code"] for warning in report.warnings] == ["empty"] and report.stages == ()
