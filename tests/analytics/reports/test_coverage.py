"""How many more are needed, on a pipeline whose history is known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analytics import days, exports
from analytics.figures import coverage as drawn
from analytics.presenting import coverage as words
from analytics.reports import coverage, forecast
from analytics.river import Goal
from analytics.selection import Selection
from tests.simulation import log, river, simulate

SELECTION = Selection(pipeline=1, as_of=days.day(400), months=1)
JOURNEYS = simulate(np.random.default_rng(1), days=500, per_day=2.0)
QUARTER = date(1971, 1, 1), date(1971, 3, 31)  # day 400 is 5 February 1971


def asked(*goals, journeys=JOURNEYS, selection=SELECTION, report=coverage.report):
    seen = replace(river(journeys), goals=tuple(Goal(*goal) for goal in goals))
    return report(seen, selection, np.random.default_rng(selection.seed()))


EXPECTED = asked((*QUARTER, 1.0)).targets[0].point
SHORT = asked((*QUARTER, EXPECTED * 1.3))
FACTS = SHORT.as_facts()


def test_the_chance_is_that_of_the_forecast_page():
    (told,) = asked((*QUARTER, EXPECTED * 1.3), report=forecast.report).targets
    (target,) = SHORT.targets
    assert (target.chance, target.point) == (told.chance, told.point)
    assert target.chance < 0.5


def test_the_further_a_stage_is_the_fewer_are_needed_there():
    numbers = [need.needed for need in SHORT.targets[0].stages]
    assert numbers == sorted(numbers, reverse=True) and numbers[-1] > 0
    assert [need.each for need in SHORT.targets[0].stages] == sorted(need.each for need in SHORT.targets[0].stages)


def test_the_later_they_come_the_more_are_needed_until_none_can_help():
    target = SHORT.targets[0]
    numbers = [week.needed for week in target.weeks]
    can_help = [number for number in numbers if number is not None]
    assert can_help[:4] == sorted(can_help[:4]) and numbers[-1] is None
    assert (target.weeks[0].start, target.weeks[-1].end) == (date(1971, 2, 6), date(1971, 3, 31))
    assert target.stages[0].latest < target.stages[-1].latest <= target.end
    assert sum(week.inflow for week in target.weeks) == pytest.approx(SHORT.inflow_per_week * 54 / 7)


def test_who_is_expected_to_reach_it_needs_nothing():
    enough = asked((*QUARTER, EXPECTED * 0.7))
    assert enough.targets[0].is_enough and enough.targets[0].stages == enough.targets[0].weeks == ()
    assert coverage.finding(enough.as_facts())["head"] == "It is enough"


def test_on_the_eve_no_number_of_new_leads_can_close_in_time():
    eve = asked((*QUARTER, 1e7), selection=replace(SELECTION, as_of=date(1971, 3, 30)))
    assert eve.targets[0].stages[0].needed is None
    assert coverage.finding(eve.as_facts())["head"] == "No number of new leads can close in time"


def test_a_period_to_come_counts_wins_within_it_only():
    later = asked((date(1971, 4, 1), date(1971, 6, 30), EXPECTED * 2)).targets[0]
    assert later.won == 0 and later.stages[-1].each < SHORT.targets[0].stages[-1].each


def test_the_finding_tells_number_chance_and_day():
    told = coverage.finding(FACTS)
    number, latest = SHORT.targets[0].stages[0].needed, SHORT.targets[0].stages[0].latest
    assert told["head"] == f"{number} more leads are needed"
    assert "chance to win" in told["sentence"] and f"until {latest:%-d %B %Y}" in told["certainty"]


@pytest.mark.django_db
def test_page_and_file_show_every_stage():
    assert len(words.shown(FACTS)["targets"][0]["rows"]) == len(exports.coverage_rows(FACTS)) == 5
    assert exports.coverage_rows(FACTS)[0]["needed"] == SHORT.targets[0].stages[0].needed
    assert len(drawn.weeks(FACTS["targets"][0])["data"][0]["x"]) == len(SHORT.targets[0].weeks)


def test_without_a_target_or_with_too_little_it_is_said():
    bare, young = asked(), asked((*QUARTER, 1.0), journeys=log([(card, 0, 390) for card in range(30)]))
    assert [warned["code"] for warned in bare.warnings] == ["no_target"] and bare.inflow_per_week > 0
    assert [warned["code"] for warned in young.warnings] == ["no_wins"] and young.targets == ()
    heads = [coverage.finding(report.as_facts())["head"] for report in (bare, young)]
    assert heads == ["Nothing to measure against", "Too early to say"]
    for report in (bare, young):
        assert words.shown(report.as_facts())["targets"] == [] and drawn.figures(report.as_facts()) == {}


def test_the_chart_is_of_the_next_target_that_new_ones_can_still_help():
    none, much, some = (
        {"weeks": [{"needed": needed, "inflow": 42.0}, {"needed": None, "inflow": 42.0}]} for needed in (None, 1149, 57)
    )
    assert drawn.charted({"targets": [none, {"weeks": []}, much, some]}) is some
    assert drawn.charted({"targets": [none, much]}) is None


@pytest.mark.django_db
def test_the_weeks_speak_of_the_first_that_could_bring_enough():
    def shown(*needed):
        (target,) = FACTS["targets"]
        weeks = [week | {"inflow": 42.0, "needed": n} for week, n in zip(target["weeks"], needed, strict=False)]
        return words.shown(FACTS | {"targets": [{**target, "weeks": weeks}]})

    assert shown(57, 1149)["weeks_title"].endswith(": 57 more than the usual 42 would have to come this week")
    second = shown(1149, 57)
    start = date.fromisoformat(FACTS["targets"][0]["weeks"][1]["start"])
    assert second["weeks_title"].endswith(
        f"57 more than the usual 42 would have to come in the week from {start:%-d %b}"
    )
    assert [row["needed"] for row in second["weeks"]] == ["no realistic number", "57"]
    assert shown(1149, None)["weeks_title"] == ""


@pytest.mark.django_db
def test_a_month_nearly_over_does_not_lead_while_a_quarter_can_be_helped():
    near = (date(1971, 2, 1), date(1971, 2, 8), 1e6)
    both = asked(near, (*QUARTER, EXPECTED * 1.3)).as_facts()
    assert coverage.leading(both)["end"] == "1971-03-31"
    assert coverage.finding(both)["sentence"].endswith("now it would be four in five.")
    assert [row["key"][:10] for row in words.shown(both)["targets"]] == ["1971-03-31", "1971-02-08"]


@pytest.mark.django_db
def test_a_number_that_nobody_could_bring_is_not_told_as_one():
    far = asked((*QUARTER, EXPECTED * 40)).as_facts()
    target = far["targets"][0]
    assert not coverage.is_realistic(10**6, target, far) and coverage.is_realistic(3, target, far)
    told = coverage.finding(far)
    assert told["head"] in {"No realistic number of new leads is enough", "No number of new leads can close in time"}
    assert told["sentence"].startswith("Under 1")
    assert {row["needed"] for row in words.shown(far)["targets"][0]["rows"]} <= {
        "no realistic number",
        "no number is enough",
    }
