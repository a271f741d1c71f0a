from datetime import date

import numpy as np
import polars as pl
import pytest

from analytics import days, exports
from analytics.reports import _suspects as suspects
from analytics.reports import bottleneck
from analytics.selection import Selection
from analytics.tables import stage_visits
from tests.simulation import Change, booked_in_bulk, log, river, simulate

DAYS = 390
AS_OF = days.day(DAYS - 1)
SELECTION = Selection(pipeline=1, as_of=AS_OF)
SLOWED = Change(day=310, stage=3, slower=2.5)


def asked(journeys, selection=SELECTION):
    return bottleneck.report(river(journeys), selection, np.random.default_rng(selection.seed()))


def simulated(seed, change=None, per_day=3.0):
    return simulate(np.random.default_rng(seed), days=DAYS, per_day=per_day, change=change)


def test_the_stage_that_became_slower_is_named_with_its_gain():
    named = asked(simulated(1, SLOWED, per_day=5.0)).bottleneck
    assert (named.stage, named.kind, named.currency) == ("Estimate", "slower", "EUR")
    assert named.q < 0.10
    assert 0 < named.gain_low < named.gain < named.gain_high
    assert abs(days.number(named.since) - SLOWED.day) <= 28


def test_the_stage_that_loses_more_is_named_a_leak():
    named = asked(simulated(2, Change(day=300, stage=1, leak=0.30), per_day=4.0)).bottleneck
    assert (named.stage, named.kind) == ("Hearing", "leak")


def test_where_nothing_changed_nothing_is_named():
    named = [asked(simulated(seed, per_day=1.5)).bottleneck for seed in range(20, 32)]
    assert sum(bottleneck is not None for bottleneck in named) <= 1


def test_counts_are_those_of_the_log():
    journeys = simulated(3)
    report = asked(journeys)
    window_from = days.number(SELECTION.window[0])
    for code, line in enumerate(report.stages):
        steps = journeys.steps.filter(pl.col("stage") == code)
        entered = steps.filter(pl.col("day") >= window_from).height
        assert line.entered == entered
    last = journeys.steps.group_by("card").agg(pl.col("stage").last())
    assert [line.open for line in report.stages] == [last.filter(pl.col("stage") == code).height for code in range(5)]


def test_shares_are_of_all_that_entered():
    for line in asked(simulated(4)).stages:
        assert line.advance + line.back + line.lost + line.still_open == pytest.approx(1.0)
        assert line.advance_low <= line.advance <= line.advance_high
        assert line.median_low <= line.median_days <= line.median_high <= DAYS


def test_what_happens_later_changes_nothing():
    """The future is corrupted: every later step becomes a loss on the day after."""
    journeys = simulated(5, SLOWED)
    earlier = Selection(pipeline=1, as_of=days.day(340))
    corrupted = log(
        journeys.steps.with_columns(
            stage=pl.when(pl.col("day") > 340).then(6).otherwise("stage"),
            day=pl.when(pl.col("day") > 340).then(341).otherwise("day"),
            amount=pl.when(pl.col("day") > 340).then(1.0).otherwise("amount"),
        )
        .select("card", "stage", "day", "amount")
        .rows()
    )
    assert asked(corrupted, earlier).as_facts() == asked(journeys, earlier).as_facts()


def test_the_same_question_gives_the_same_numbers():
    journeys = simulated(6, SLOWED)
    assert asked(journeys).as_facts() == asked(journeys).as_facts()


def test_the_json_has_the_promised_shape():
    shape = exports.bottleneck(asked(simulated(1, SLOWED)).as_facts())
    assert set(shape) - {"queues"} == {
        "pipeline", "as_of", "reference", "window", "stages", "bottleneck", "warnings"
    }  # fmt: skip
    assert set(shape["stages"][0]) == {
        "stage", "entered", "open", "median_days", "median_low", "median_high", "p85_days", "mean_days", "horizon_days",
        "advance", "advance_low", "advance_high", "lost", "still_open",
    }  # fmt: skip
    assert set(shape["bottleneck"]) == {"stage", "kind", "since", "q", "gain", "gain_low", "gain_high", "currency"}
    assert date.fromisoformat(shape["as_of"]) == AS_OF
    assert exports.bottleneck(asked(simulated(21, per_day=1.5)).as_facts())["bottleneck"] is None


def test_each_kind_of_trouble_is_told_by_its_own_sum_of_events():
    """A slower stage loses no larger share, and a leaking one keeps cards no longer."""
    for change, kind, other in ((SLOWED, "slower", "leak"), (Change(300, 1, leak=0.30), "leak", "slower")):
        journeys = simulated(11, change, per_day=6.0)
        visited = stage_visits.visits(journeys.steps, DAYS - 1)
        window, reference = (tuple(days.number(day) for day in p) for p in (SELECTION.window, SELECTION.reference))
        found, _few = suspects.suspects(
            journeys, visited, [change.stage], window, (max(reference[0], 10), reference[1])
        )
        p = {suspect.kind: suspect.p for suspect in found}
        assert p[kind] < 1e-4 and p[other] > 100 * p[kind]


def test_overdue_queues_are_something_to_do_where_no_stage_stands_out():
    """Ten cards have waited a hundred days where 85 % leave within a few weeks; what they are worth is expected of
    them, no more."""
    rows = simulated(21, per_day=1.5).steps.select("card", "stage", "day", "amount").rows()
    old = [(10_000 + card, 1, DAYS - 100, 50_000.0) for card in range(10)]
    report = asked(log(rows + old))
    queue = report.queues[0]
    assert report.bottleneck is None and (queue.stage, queue.overdue >= 10) == ("Hearing", True)
    assert queue.oldest_days >= 99 and 5 < queue.line_days < 40
    assert queue.value >= 500_000 > queue.worth > 0
    assert "Hearing" in bottleneck.finding(report.as_facts())["sentence"]


def test_catching_up_is_recognised():
    rng = np.random.default_rng(4)
    report = asked(booked_in_bulk(simulated(4), rng))
    bulk = next(warning for warning in report.warnings if warning["code"] == "bulk")
    assert 10 <= bulk["n"] <= 27
    assert "bulk" not in {warning["code"] for warning in asked(simulated(4)).warnings}


def test_a_window_may_end_before_the_day_asked():
    earlier = asked(simulated(3), Selection(pipeline=1, as_of=AS_OF, until=days.day(DAYS - 60), window_days=30))
    assert earlier.window == (days.day(DAYS - 89), days.day(DAYS - 60))
    steps = simulated(3).steps.filter((pl.col("stage") == 2) & pl.col("day").is_between(DAYS - 89, DAYS - 60))
    assert earlier.stages[2].entered == steps.height


def test_an_empty_pipeline_says_so():
    report = asked(log([]))
    assert report.stages == () and report.bottleneck is None
    assert [warning["code"] for warning in report.warnings] == ["empty"]


def test_five_deals_are_counted_and_nothing_is_claimed():
    report = asked(log([(card, 0, DAYS - 20) for card in range(5)] + [(5, 0, DAYS - 30), (5, 1, DAYS - 10)]))
    assert report.stages[0].entered == 6 and report.stages[0].median_days is None
    assert report.bottleneck is None and not report.could_compare
    assert {"not_enough_stays", "no_reference"} <= {warning["code"] for warning in report.warnings}
    assert bottleneck.finding(report.as_facts())["head"] == "Too early to say where deals get stuck"


def test_a_median_that_is_not_reached_is_not_made_up():
    rows = [(card, 0, 300) for card in range(50)] + [(card, 1, 320) for card in range(40, 50)]
    line = asked(log(sorted([*rows, (99, 0, 299), (99, 1, 300)]))).stages[0]
    assert line.median_days is None and line.advance == pytest.approx(0.2, abs=0.02)


def test_old_stays_alone_do_not_tell_how_stays_begin():
    """Cards that waited long before the window: whether new ones would go on, nobody has seen."""
    rows = [(card, 0, 10) for card in range(40)] + [(99, 0, 5), (99, 1, 12)]
    line = asked(log(sorted(rows))).stages[0]
    assert (line.entered, line.open, line.median_days, line.advance) == (0, 40, None, None)


def test_the_finding_is_a_sentence_and_neutral_without_a_bottleneck():
    named = bottleneck.finding(asked(simulated(1, SLOWED)).as_facts())
    assert named["head"] == "The bottleneck is Estimate" and "up from" in named["sentence"]
    assert bottleneck.finding(asked(simulated(21, per_day=1.5)).as_facts())["head"] == "No clear bottleneck"


def test_old_data_say_how_old_they_are():
    report = asked(simulated(7), Selection(pipeline=1, as_of=days.day(DAYS + 200)))
    assert "stale" in {warning["code"] for warning in report.warnings}
