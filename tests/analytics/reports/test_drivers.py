"""What goes with winning: by hand, silent where too few, and right where the truth is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics import days, told_facts
from analytics.reports import _landmarks, drivers
from analytics.river import ACT_COLUMNS, Facts
from analytics.selection import Selection
from tests.dealings import NAMES, REAL, dealings
from tests.simulation import STAGES, log, river

WON, LOST = len(STAGES) - 2, len(STAGES) - 1
LAST = 700


@pytest.fixture(scope="module")
def made():
    return dealings(np.random.default_rng(11), 2000)


@pytest.fixture(scope="module")
def found(made):
    return drivers.report(made.river, asked(made))


def asked(made, **more):
    return Selection(pipeline=1, as_of=days.day(made.last), **more)


def test_what_matters_is_named_and_what_travels_along_is_not(found):
    named = {row.fact for row in found.drivers if row.is_named}
    assert len(named & set(REAL)) >= 4 and len(named & set(NAMES) - set(REAL)) <= 1
    assert {"amount", "source"} <= named and "month_of_quarter" not in named


def test_the_finding_names_the_strongest_and_does_not_speak_of_causes(found):
    facts = found.as_facts()
    words = drivers.finding(facts)
    strongest = facts["drivers"][0]
    what = "winning" if strongest["effect"] > 0 else "losing"
    assert words["head"] == f"What goes with {what}: {told_facts.label(strongest)}"
    turned = facts | {"drivers": [strongest | {"effect": -strongest["effect"]}]}
    assert drivers.finding(turned)["head"] != words["head"]
    assert "points" in words["sentence"] and "not proven to cause" in words["certainty"]


def test_named_ones_come_first_by_their_weight(found):
    weights = [abs(row.effect) for row in found.drivers if row.is_named]
    assert weights == sorted(weights, reverse=True) and [row.is_named for row in found.drivers][: len(weights)] == [
        True
    ] * len(weights)


def test_the_same_selection_gives_the_same_numbers(made, found):
    assert drivers.report(made.river, asked(made)).as_facts() == found.as_facts()


def test_where_ends_are_handed_out_anew_hardly_anything_is_named():
    seen = [
        drivers.report(made.river, asked(made))
        for made in (dealings(np.random.default_rng([12, place]), 1000, permuted=True) for place in range(12))
    ]
    assert sum(any(row.is_named for row in report.drivers) for report in seen) <= 4


def test_deals_that_came_lately_are_left_out_won_or_not():
    """Else the quick ones among them would count for all."""
    rows = [
        row for card in range(100) for row in ((card, 0, 100), (card, 1, 110), (card, WON if card % 2 else LOST, 130))
    ] + [row for card in range(100, 150) for row in ((card, 0, LAST - 20), (card, 1, LAST - 10), (card, WON, LAST - 1))]
    report = drivers.report(river(log(rows)), Selection(pipeline=1, as_of=days.day(LAST)))
    assert (report.horizon_days, report.n, report.won, report.young) == (20, 100, 50, 50)
    assert report.warnings[0]["code"] == "not_enough_followed" and report.tests == 0
    assert "Not enough yet: needs 500 deals" in drivers.finding(report.as_facts())["sentence"]


def test_below_the_minimum_shares_are_shown_as_they_are():
    rows, source = [], []
    for card in range(80):
        rows += [(card, 0, 100 + card), (card, 1, 110 + card), (card, WON if card % 4 == 0 else LOST, 120 + card)]
        source.append("Fair" if card % 2 else "Web")
    facts = Facts(pl.DataFrame({"card": range(80), "source": source}))
    report = drivers.report(replace(river(log(rows)), facts=lambda: facts), Selection(pipeline=1, as_of=days.day(LAST)))
    shares = {row.level: (row.n, row.share, row.effect, row.q) for row in report.drivers if row.fact == "source"}
    assert shares == {"Web": (40, 0.5, None, None), "Fair": (40, 0.0, None, None)}


def test_what_happened_later_changes_nothing(made):
    """A call on the day of the landmark or after it is no fact of it; nor is a later owner, or what came after."""
    of = replace(made.river, facts=lambda: told)
    known = made.river.facts()
    late = made.river.deals.steps.filter(pl.col("stage") == 1).select(
        "card", pl.col("day").cast(pl.Int64), kind=pl.lit("call"), who=pl.lit(None, pl.String)
    )
    told = replace(known, acts=late.select(*ACT_COLUMNS))
    report = drivers.report(of, asked(made))
    assert not [row for row in report.drivers if row.fact == "acts_call"]
    same = [row for row in report.drivers if row.fact in NAMES]
    without = [row for row in drivers.report(made.river, asked(made)).drivers if row.fact in NAMES]
    assert [row.effect for row in same] == [row.effect for row in without]


def test_the_stage_can_be_chosen_and_none_other(made):
    first = drivers.report(made.river, asked(made, landmark="inquiry"))
    assert (
        first.landmark.stage == "Inquiry" and first.horizon_days >= drivers.report(made.river, asked(made)).horizon_days
    )
    assert drivers.report(made.river, asked(made, landmark="nowhere")).landmark is None
    assert [place.key for place in first.landmarks] == [stage.key for stage in STAGES[:-2]]


def test_a_rare_level_is_told_with_nothing():
    assert _landmarks.FEWEST_OF_A_LEVEL == 30
    made = dealings(np.random.default_rng(13), 600)
    known = made.river.facts()
    rare = known.properties.with_columns(rare=pl.when(pl.col("card") < 29).then(pl.lit("one")).otherwise(pl.lit("two")))
    report = drivers.report(replace(made.river, facts=lambda: replace(known, properties=rare)), asked(made))
    assert not [row for row in report.drivers if row.fact == "rare"]


def test_an_empty_pipeline_says_so():
    report = drivers.report(river(log([])), Selection(pipeline=1, as_of=days.day(LAST)))
    assert [warning["code"] for warning in report.warnings] == ["empty"]
    assert "Too early" in drivers.finding(report.as_facts())["head"]
