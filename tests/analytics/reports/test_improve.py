"""What came of improvements: told where it is there, with its pace, and hardly ever where it is not."""

from dataclasses import replace

import numpy as np
import pytest

from analytics import days
from analytics.reports import improve
from analytics.river import Begun
from analytics.selection import Selection
from tests.simulation import Change, log, river, simulate

LAST, START = 389, 300
SELECTION = Selection(pipeline=1, as_of=days.day(LAST))
KEYS = ("inquiry", "hearing", "proposal", "estimate", "contract")


def done(stage="proposal", day=START, number=1):
    return Begun(number, stage, "Answer within a day", "Ana", days.day(day))


def found(seed, change=None, begun=None):
    journeys = simulate(np.random.default_rng(seed), days=390, per_day=3.0, change=change)
    return improve.report(replace(river(journeys), improvements=begun or (done(),)), SELECTION).as_facts()


def test_a_stage_that_has_become_faster_is_told_with_its_pace():
    (outcome,) = found(1, Change(START, 2, slower=0.4))["outcomes"]
    assert outcome["pace_q"] < 0.01 and outcome["pace_low"] > 1.2 and outcome["median_days"] < outcome["median_before"]
    assert "Proposal, since" in improve.verdict(outcome) and "times as fast" in improve.verdict(outcome)


def test_a_stage_that_has_become_slower_is_told_too():
    (outcome,) = found(2, Change(START, 2, slower=2.5))["outcomes"]
    assert outcome["pace_high"] < 1 and "more slowly" in improve.verdict(outcome)


def test_more_that_go_on_are_told():
    (outcome,) = found(3, Change(START, 1, leak=-0.25), (done("hearing"),))["outcomes"]
    assert outcome["fate_q"] < 0.05 and outcome["advance"] > outcome["advance_before"]
    assert "% go on, it was" in improve.verdict(outcome)


def test_where_nothing_changed_something_is_told_at_most_once_in_six():
    """Five stages are improved at once, and nothing comes of any."""
    begun = tuple(done(key, number=number) for number, key in enumerate(KEYS))
    reports = [found(seed, begun=begun) for seed in range(20)]
    assert sum(any(map(improve.is_changed, report["outcomes"])) for report in reports) <= 3
    neutral = next(report for report in reports if not any(map(improve.is_changed, report["outcomes"])))
    assert improve.finding(neutral)["head"] == "No improvement shows yet"
    assert "no clear change" in improve.verdict(neutral["outcomes"][0])


@pytest.mark.parametrize("day", [LAST - 1, 5])
def test_too_little_after_or_before_is_said(day):
    (outcome,) = found(4, begun=(done(day=day),))["outcomes"]
    assert outcome["pace_q"] is outcome["pace"] is None
    assert "too early to tell; needs 10" in improve.verdict(outcome)


def test_what_has_not_begun_or_whose_stage_is_gone_is_left_out():
    report = found(5, begun=(done(day=LAST + 1), done("nowhere")))
    assert report["outcomes"] == [] and improve.finding(report)["head"] == "Nothing is being improved yet"


def test_an_empty_pipeline_says_so():
    report = improve.report(replace(river(log([])), improvements=(done(),)), SELECTION)
    assert [warning["code"] for warning in report.warnings] == ["empty"] and report.outcomes[0].left == 0
