"""What changed adds up, whatever happened between any two evenings."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import days, exports
from analytics.figures import movement as drawn
from analytics.presenting import movement as words
from analytics.reports import movement
from analytics.selection import Selection
from tests.simulation import log, river, simulate

STAGES_OPEN, WON, LOST = 5, 5, 6
UNTIL = days.day(400)
JOURNEYS = simulate(np.random.default_rng(1), days=400, per_day=1.0)


def asked(before, after, *, first=UNTIL - timedelta(days=6), recycled=frozenset()):
    seen = replace(river(after), before=lambda _day: river(before), recycled=lambda: recycled)
    selection = Selection(1, UNTIL, window_days=(UNTIL - first).days + 1)
    return seen, selection, movement.report(seen, selection, np.random.default_rng(1))


def adds_up(report):
    for measure in ("pipeline", "expected"):
        opening, closing = getattr(report.opening, measure), getattr(report.closing, measure)
        if opening is not None:
            assert opening + sum(getattr(bar, measure) for bar in report.bars) == closing


def told(report):
    return {bar.key: (bar.deals, bar.pipeline) for bar in report.bars if bar.deals}


histories = st.lists(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([None, 0.01, 99.99, 1000.0, 123456.78, 1e9])), max_size=5),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(before=histories, after=histories, closed=st.sampled_from([0, 12]), recycled=st.frozensets(st.integers(0, 7)))
def test_any_two_histories_add_up_to_the_cent(before, after, closed, recycled):
    """The earlier history need not be a part of the later: steps were voided, re-dated and re-valued."""
    settled = [row for card in range(100, 100 + closed) for row in ((card, 0, 200), (card, 5 + card % 2, 250, 10.0))]

    def steps(cards, last):
        rows = [
            (card, stage, last - len(way) + number, amount)
            for card, way in enumerate(cards)
            for number, (stage, amount) in enumerate(way)
        ]
        return log(settled + rows)

    then, now = steps(before, 390), steps(after, 398)
    adds_up(asked(then, now, recycled=recycled)[2])


@settings(max_examples=60, deadline=None)
@given(first=st.integers(120, 398), length=st.integers(1, 120))
def test_any_two_evenings_of_a_long_history_add_up(first, length):
    last = min(first + length, 399)
    seen = river(EVERY)
    selection = Selection(1, days.day(last), window_days=last - first or 1)
    report = movement.report(seen, selection, np.random.default_rng(1))
    adds_up(report)
    assert sum(bar.deals for bar in report.bars) > 0


EVERY = log(row for row in JOURNEYS.steps.select("card", "stage", "day", "amount").rows())


def test_each_way_has_its_bar():
    then = log([(1, 0, 1, 100.0), (2, 2, 1, 100.0), (3, 0, 1, 100.0), (4, 1, 1, 100.0), (5, 1, 1, 100.0),
                (6, 0, 1, 100.0), (6, 6, 2, 100.0), (8, 0, 1, 100.0), (9, 0, 1, 100.0)])  # fmt: skip
    now = log([(1, 0, 1, 100.0), (1, 2, 9, 100.0), (2, 2, 1, 100.0), (2, 1, 9, 100.0), (3, 0, 1, 150.0),
               (4, 1, 1, 100.0), (4, 5, 9, 120.0), (5, 1, 1, 100.0), (5, 6, 9, 100.0), (6, 0, 1, 100.0),
               (6, 6, 2, 100.0), (6, 0, 9, 100.0), (7, 0, 9, 70.5), (8, 0, 1, 60.0), (9, 0, 1, 100.0),
               (9, 6, 9, 100.0)])  # fmt: skip
    seen, selection, report = asked(then, now, recycled=frozenset({9}))
    assert told(report) == {
        "new": (1, 7050), "reopened": (1, 10000), "advanced": (1, 0), "slipped": (1, 0), "value_up": (2, 7000),
        "value_down": (1, -4000), "won": (1, -12000), "lost": (1, -10000), "recycled": (1, -10000),
    }  # fmt: skip
    assert (report.opening.pipeline, report.closing.pipeline) == (70000, 58050)
    assert movement.cards(seen, selection, "value_up")["card"].sort().to_list() == [3, 4]
    assert movement.cards(seen, selection, "astrology").height == 0


def test_a_deal_that_came_and_went_meanwhile_is_new_and_lost():
    then, now = log([(1, 0, 1, 5.0)]), log([(1, 0, 1, 5.0), (2, 0, 395, 30.0), (2, 6, 396, 30.0)])
    assert told(asked(then, now)[2]) == {"new": (1, 3000), "lost": (1, -3000)}


def test_a_close_that_is_pushed_slips_without_changing_an_amount():
    steps = log([(1, 0, 1, 5.0)])
    closes = [
        pl.DataFrame({"card": [1], "day": [day]}, schema={"card": pl.Int64, "day": pl.Int64}) for day in (410, 440)
    ]
    seen = replace(
        river(steps),
        expected_close=lambda: closes[1],
        before=lambda _day: replace(river(steps), expected_close=lambda: closes[0]),
    )
    report = movement.report(seen, Selection(1, UNTIL), np.random.default_rng(1))
    assert report.pushed == 1 and told(report) == {"slipped": (1, 0)}


def test_what_is_won_counts_in_full_and_steps_count_by_their_chances():
    report = movement.report(river(EVERY), Selection(1, days.day(380), window_days=30), np.random.default_rng(1))
    bars = {bar.key: bar for bar in report.bars}
    assert bars["won"].expected > 0 > bars["won"].pipeline
    assert bars["advanced"].expected > 0 == bars["advanced"].pipeline
    assert bars["lost"].pipeline < bars["lost"].expected < 0
    assert report.since == days.day(350) and report.until == days.day(380)


def test_with_few_closed_deals_only_the_pipeline_is_told():
    report = asked(log([(1, 0, 1, 5.0)]), log([(1, 0, 1, 5.0), (1, 1, 396, 5.0)]))[2]
    assert report.closing.expected is None and [w["code"] for w in report.warnings] == ["no_chances"]
    assert list(drawn.figures(report.as_facts())) == ["pipeline"]


def test_a_bar_opens_its_deals_and_the_ends_open_none():
    facts = asked(log([(1, 0, 1, 5.0)]), log([(1, 0, 1, 5.0), (2, 0, 396, 7.5)]))[2].as_facts()
    figure = drawn.figures(facts)["pipeline"]
    assert figure["data"][0]["customdata"] == [
        {"told": 5.0}, {"what": "changed", "fact": "new", "told": 7.5}, {"told": 12.5},
    ]  # fmt: skip
    assert figure["layout"]["hovermode"] == "x"


def test_page_and_file_tell_the_cents():
    report = asked(log([(1, 0, 1, 1234.56)]), log([(1, 0, 1, 1234.56), (2, 0, 396, 1000.07)]))[2]
    rows = exports.movement_rows(report.as_facts())
    assert [(row["key"], row["pipeline"]) for row in rows if row["pipeline"]] == [
        ("opening", 1234.56), ("new", 1000.07), ("closing", 2234.63),
    ]  # fmt: skip
    shown = {row["key"]: row["pipeline"] for row in words.shown(report.as_facts())["rows"]}
    assert (shown["new"], shown["closing"]) == ("+1\u2009000.07", "2\u2009234.63")


def test_the_finding_says_how_much_and_why():
    report = movement.report(river(EVERY), Selection(1, days.day(380), window_days=30), np.random.default_rng(1))
    told_ = movement.finding(report.as_facts())
    assert "since 16 December 1970" in told_["head"] or "since" in told_["head"]
    assert told_["sentence"].startswith("What is expected went from")


def test_where_nothing_happened_it_is_said():
    same = log([(1, 0, 1, 5.0)])
    assert movement.finding(asked(same, same)[2].as_facts())["head"].startswith("Nothing has changed since")


@pytest.mark.parametrize("steps", [[], [(1, 0, 1)]])
def test_an_empty_pipeline_has_nothing_to_tell(steps):
    report = asked(log([]), log(steps))[2]
    adds_up(report)
    assert report.opening.deals == 0


def test_what_moved_most_is_named_in_the_direction_in_which_it_went():
    bars = [{"key": "lost", "deals": 1, "pipeline": -900}, {"key": "new", "deals": 1, "pipeline": 1200}]
    bars += [{"key": "value_down", "deals": 1, "pipeline": -1300}, {"key": "value_up", "deals": 1, "pipeline": 1100}]
    facts = {
        "currency": "EUR", "since": "2026-11-16", "bars": bars,
        "opening": {"pipeline": 1000, "expected": None}, "closing": {"pipeline": 1100, "expected": None},
    }  # fmt: skip
    assert "Most of it: new" in movement.finding(facts)["sentence"]
    assert (
        "Most of it: value down" in movement.finding(facts | {"closing": {"pipeline": 0, "expected": None}})["sentence"]
    )
