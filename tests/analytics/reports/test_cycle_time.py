"""Cycle times in chronological order, against what it turned out to be."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from analytics import days
from analytics.estimators import survival
from analytics.event_log import Half, Kind, Stage
from analytics.reports import cycle_time
from analytics.selection import Selection
from analytics.tables import spans, stage_visits
from tests.simulation import STAGES, log, river, simulate

WON, LOST = len(STAGES) - 2, len(STAGES) - 1
SELECTION = Selection(pipeline=1, as_of=days.day(389))
JOURNEYS = simulate(np.random.default_rng(2), days=390, per_day=3.0)


def asked(journeys=JOURNEYS, selection=SELECTION):
    return cycle_time.report(river(journeys), selection)


REPORT = asked()


def test_a_span_ends_when_the_card_ends_for_good():
    rows = [(1, 0, 10), (1, LOST, 20), (1, 1, 25), (1, WON, 40, 7.0), (2, 0, 12), (3, 2, 15), (3, LOST, 15)]
    frame = spans.journeys(stage_visits.visits(log(rows).steps, 100), won=WON)
    assert frame.rows() == [(1, 10, 40, True, 7.0), (2, 12, None, False, None), (3, 15, 15, False, None)]


def test_a_later_start_counts_from_the_first_day_there():
    rows = [(1, 0, 10), (1, 2, 18), (1, WON, 40), (2, 0, 12), (2, LOST, 13)]
    frame = spans.journeys(stage_visits.visits(log(rows).steps, 100), won=WON, first_stage=2)
    assert frame.select("card", "entered", "ended").rows() == [(1, 18, 40)]


def test_each_card_is_in_the_month_in_which_it_began():
    whole = REPORT.spans[0]
    first = days.number(whole.cohorts[0].start)
    assert len(whole.cohorts) == 12 and whole.cohorts[-1].end >= SELECTION.as_of
    began = JOURNEYS.steps.group_by("card").agg(pl.col("day").min()).filter(pl.col("day") >= first)
    assert sum(cohort.n for cohort in whole.cohorts) == began.height
    assert all(earlier.end < later.start for earlier, later in zip(whole.cohorts, whole.cohorts[1:], strict=False))


def test_the_newest_month_is_not_estimable_while_the_customary_average_falls():
    cohorts = REPORT.spans[0].cohorts
    assert cohorts[-1].open / cohorts[-1].n > 0.6 and cohorts[-1].median_days is None
    grown = [cohort.mean_of_ended for cohort in cohorts[3:9]]
    assert cohorts[-1].mean_of_ended < 0.6 * np.mean(grown)


def test_medians_asked_early_are_what_they_turned_out_to_be():
    """Asked as of day 300, months with some still open; asked again when all have ended."""
    early = {
        cohort.start: cohort for cohort in asked(selection=replace(SELECTION, as_of=days.day(250))).spans[0].cohorts
    }
    late = {cohort.start: cohort for cohort in REPORT.spans[0].cohorts}
    both = [
        (early[start], late[start])
        for start in early
        if start in late and early[start].median_days is not None and early[start].open
    ]
    assert len(both) >= 3
    for then, now in both:
        assert then.median_days == pytest.approx(now.median_days, abs=max(3, 0.2 * now.median_days))


def test_lines_of_the_control_chart_are_those_of_the_cards_won():
    control = REPORT.controls[0]
    lasted = sorted(card.days for card in control.finished)
    assert control.n == len(lasted) and [card.on for card in control.finished] == sorted(c.on for c in control.finished)
    for name, share in (("p50", 0.5), ("p85", 0.85), ("p95", 0.95)):
        line = getattr(control, name)
        assert np.mean(np.array(lasted) <= line) >= share > np.mean(np.array(lasted) < line)


def test_open_cards_stand_beside_the_lines_of_their_stage():
    for ageing in REPORT.ageing:
        assert ageing.open == len(ageing.waiting) and ageing.p50 < ageing.p85 < ageing.p95
        assert ageing.overdue == sum(card.days > ageing.p85 for card in ageing.waiting)
        assert [card.days for card in ageing.waiting] == sorted((c.days for c in ageing.waiting), reverse=True)


@pytest.mark.parametrize(("times", "head"), [(1.0, "about as long"), (3.0, "longer")])
def test_the_finding_is_neutral_unless_the_pace_has_changed(times, head):
    """From day 300 on everything takes so many times as long."""
    slowed = JOURNEYS.steps.with_columns(
        day=pl.when(pl.col("day") > 290).then((290 + (pl.col("day") - 290) * times).cast(pl.Int32)).otherwise("day")
    ).filter(pl.col("day") < 390)
    assert head in cycle_time.finding(asked(replace(JOURNEYS, steps=slowed)).as_facts())["head"]


def test_marketing_and_sales_are_told_apart():
    stages = (Stage("ready", "Ready", half=Half.MARKETING), *STAGES)
    rows = [row for card in range(1, 30) for row in ((card, 0, 300), (card, 1, 310), (card, len(stages) - 2, 320))]
    found = asked(log(rows, stages))
    assert [span.key for span in found.spans[:3]] == ["journey", "sales", "ready"]
    assert [control.p50 for control in found.controls] == [20.0, 10.0]
    assert stages[-1].kind is Kind.LOST


def test_five_deals_are_counted_and_nothing_is_claimed():
    found = asked(log([(card, 0, 380) for card in range(4)] + [(5, 0, 370), (5, WON, 385)]))
    cohort = found.spans[0].cohorts[-1]
    assert (cohort.n, cohort.open, cohort.median_days) == (5, 4, None)
    assert found.controls[0].p50 is None and found.spans[0].p is None
    assert "Too early" in cycle_time.finding(found.as_facts())["head"]


def test_an_empty_pipeline_says_so():
    found = asked(log([]))
    assert [warning["code"] for warning in found.warnings] == ["empty"] and found.spans == ()
    assert "Too early" in cycle_time.finding(found.as_facts())["head"]


def test_what_happens_later_changes_nothing():
    earlier = replace(SELECTION, as_of=days.day(300))
    known = [row for row in JOURNEYS.steps.select("card", "stage", "day", "amount").rows() if row[2] <= 300]
    assert asked(selection=earlier).as_facts() == asked(log(known), earlier).as_facts()


def test_a_cohort_is_the_kaplan_meier_median_of_its_cards():
    cohort = REPORT.spans[0].cohorts[6]
    frame = spans.journeys(stage_visits.visits(JOURNEYS.steps, 389), won=WON)
    inside = frame.filter(pl.col("entered").is_between(days.number(cohort.start), days.number(cohort.end)))
    stop = (inside["ended"].fill_null(389) - inside["entered"]).to_numpy()
    cause = np.where(inside["ended"].is_null(), survival.OPEN, 0)
    table = survival.risk_table(np.zeros(len(stop), int), stop, cause, causes=1)
    assert cohort.median_days == survival.kaplan_meier(table).quantile(0.5).value
    assert cohort.start == date(cohort.start.year, cohort.start.month, 1)
