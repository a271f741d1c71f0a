"""What would be won if: the forecast itself without a change, the quick answer against the exact one."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analytics import days, supposing
from analytics.reports import forecast, what_if
from analytics.river import Goal
from analytics.selection import Selection
from analytics.supposing import Supposed
from tests.simulation import river, simulate

SELECTION = Selection(pipeline=1, as_of=days.day(400), months=2)
JOURNEYS = simulate(np.random.default_rng(1), days=500, per_day=2.0)
QUARTER_DAYS = date(1971, 1, 1), date(1971, 3, 31)  # day 400 is 5 February 1971


def aiming(amount):
    return replace(river(JOURNEYS), goals=(Goal(*QUARTER_DAYS, amount),))


NOTHING = Supposed()


def asked(supposed=NOTHING, *, seen):
    selection = replace(SELECTION, suppose=supposed.as_pairs())
    return what_if.report(seen, selection, np.random.default_rng(0)).as_facts()


RIVER = aiming(asked(seen=aiming(1.0))["stretches"][-1]["point"] * 1.05)
FACTS = asked(seen=RIVER)
STAGE = FACTS["stages"][1]["key"]


def both(**said):
    """The quick moves and the exact ones."""
    supposed = Supposed(**said)
    return supposing.quick_moves(FACTS, supposed), supposing.exact_moves(asked(supposed, seen=RIVER))


def test_without_a_change_it_is_the_forecast():
    told = forecast.report(RIVER, SELECTION, np.random.default_rng(0))
    found = supposing.outcomes(FACTS, supposing.quick_moves(FACTS, NOTHING))
    assert [(one.start, one.end) for one in found] == [*((p.start, p.end) for p in told.periods), QUARTER_DAYS]
    for one, period in zip(found, told.periods, strict=False):
        said = [one.now.q10, one.now.q50, one.now.q90, one.now.point]
        assert said == pytest.approx([period.q10, period.q50, period.q90, period.point], rel=1e-4)
        assert one.then == one.now
    assert found[-1].now.chance == found[-1].then.chance == pytest.approx(told.targets[0].chance, rel=1e-5)


@pytest.mark.parametrize(
    "said",
    [
        {"inflow": 50},
        {"inflow": -60, "delay": 14},
        {"value": 30},
        {"value": -20, "delay": 30},
        {"stage": STAGE, "stage_time": -40},
        {"stage": STAGE, "stage_time": 60, "delay": 9},
        {"stage": STAGE, "conversion": 10},
        {"stage": STAGE, "conversion": -20, "inflow": 40, "value": 10, "delay": 3},
    ],
)
def test_the_quick_answer_is_the_exact_one_but_for_the_range(said):
    quick, exact = both(**said)
    assert [move.ratio for move in quick] == pytest.approx([move.ratio for move in exact], rel=0.02)
    assert {move.width for move in quick} == {1.0}
    assert all(0.5 < move.width < 1.6 for move in exact)


def test_worth_half_as_much_again_moves_everything_so_far():
    quick, exact = both(value=50)
    assert [move.ratio for move in quick] == pytest.approx([1.5] * 3)
    assert [(move.ratio, move.width) for move in exact] == [pytest.approx((1.5, 1.0), rel=1e-5)] * 3


def test_what_begins_after_the_last_day_changes_nothing():
    quick, exact = both(inflow=100, value=100, stage=STAGE, conversion=20, stage_time=-50, delay=FACTS["days_ahead"])
    assert [move.ratio for move in quick] == [1.0] * 3
    assert [(move.ratio, move.width) for move in exact] == [(1.0, 1.0)] * 3


def test_more_inflow_raises_the_chance_and_less_lowers_it():
    def chance(**said):
        found = supposing.outcomes(FACTS, supposing.quick_moves(FACTS, Supposed(**said)))
        return found[-1].then.chance

    usual = chance()
    assert 0.05 < usual < 0.95
    assert chance(inflow=-80) < chance(inflow=-30) < usual < chance(inflow=50) < chance(inflow=200)
    assert chance(stage=STAGE, conversion=-20) < usual < chance(stage=STAGE, conversion=20)
    assert chance(inflow=200, delay=40) < chance(inflow=200)


def test_the_stages_are_told_as_they_are_and_would_be():
    for stage, found in supposing.passages(FACTS, Supposed(stage=STAGE, conversion=5, stage_time=100)):
        if stage["key"] != STAGE:
            assert (found.goes_on, found.nights) == (pytest.approx(stage["goes_on"], abs=1e-5), stage["nights"])
        else:
            assert found.goes_on == pytest.approx(stage["goes_on"] + 0.05, abs=1e-4)
            assert found.nights == pytest.approx(2 * stage["nights"], abs=1)


def test_a_stage_that_is_no_more_changes_nothing():
    assert [move.ratio for move in supposing.quick_moves(FACTS, Supposed(stage="gone", conversion=30))] == [1.0] * 3


def test_with_too_little_history_nothing_is_supposed():
    few = what_if.report(RIVER, replace(SELECTION, as_of=days.day(12)), np.random.default_rng(0)).as_facts()
    assert few["stretches"] == few["stages"] == [] and few["curves"] is None
    assert [warned["code"] for warned in few["warnings"]] == ["no_wins"]


def test_only_what_is_otherwise_is_asked():
    assert Supposed(stage="a", delay=9).as_pairs() is None
    said = Supposed(inflow=10, stage="a", delay=9)
    assert said.as_pairs() == (("delay", 9), ("inflow", 10))
    assert Supposed.from_pairs(said.as_pairs()) == Supposed(inflow=10, delay=9)
    selection = replace(SELECTION, suppose=said.as_pairs())
    assert Selection.from_arguments(**selection.as_arguments()) == selection
