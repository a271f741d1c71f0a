"""How targets stand, on a pipeline whose history is known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analytics import days
from analytics.reports import _targets, forecast
from analytics.river import Goal
from analytics.selection import Selection
from tests.simulation import log, river, simulate

AS_OF = days.day(400)
JOURNEYS = simulate(np.random.default_rng(1), days=500, per_day=3.0)
MONTH = date(1971, 2, 1), date(1971, 2, 28)  # day 400 is 5 February 1971
QUARTER = date(1971, 1, 1), date(1971, 3, 31)


def asked(*goals, journeys=JOURNEYS):
    selection = Selection(pipeline=1, as_of=AS_OF, months=1)
    return forecast.report(
        replace(river(journeys), goals=tuple(Goal(*goal) for goal in goals)), selection, np.random.default_rng(1)
    )


def test_a_target_of_the_month_is_measured_by_the_months_own_forecast():
    report = asked((*MONTH, 1.0))
    (target,), month = report.targets, report.periods[0]
    assert (target.won, target.open, target.new, target.point) == pytest.approx(
        (month.won, month.open, month.new, month.point)
    )
    assert (target.q10, target.q50, target.q90) == pytest.approx((month.q10, month.q50, month.q90))


def test_the_arithmetic_adds_up():
    (target,) = asked((*QUARTER, 900_000.0)).targets
    assert target.point == pytest.approx(target.won + target.open + target.new + target.recycled)
    assert target.short == pytest.approx(target.amount - target.point)
    assert target.gap == pytest.approx(target.amount - target.won)
    assert target.pace == pytest.approx(900_000 * 36 / 90)
    assert target.a_week == pytest.approx(target.gap / (54 / 7))


def test_the_chance_is_half_at_the_median_and_a_tenth_at_its_upper_end():
    (first,) = asked((*MONTH, 1.0)).targets
    chances = [
        target.chance for target in asked(*((*MONTH, level) for level in (first.q10, first.q50, first.q90))).targets
    ]
    assert chances == pytest.approx([0.9, 0.5, 0.1], abs=0.011)


def test_what_is_over_was_reached_or_missed_and_what_is_won_already_is_certain():
    january = date(1971, 1, 1), date(1971, 1, 31)
    reached, missed, current = asked((*january, 1.0), (*january, 1e9), (*MONTH, 1.0)).targets
    assert (reached.chance, missed.chance, current.chance) == (1.0, 0.0, 1.0)
    assert (reached.is_over, current.is_over) == (True, False) and current.gap == 0


def test_only_targets_near_today_are_shown():
    goals = [
        Goal(date(1970, 1, 1), date(1970, 6, 30), 1),
        Goal(*MONTH, 1),
        Goal(date(1973, 1, 1), date(1973, 12, 31), 1),
    ]
    assert _targets.shown(goals, AS_OF) == [goals[1]]


def test_where_nothing_can_be_forecast_the_gap_is_told_without_a_chance():
    few = log([row for card in range(5) for row in ((card, 0, 380, 100.0), (card, 5, 399, 100.0))])
    (target,) = asked((*MONTH, 900.0), journeys=few).targets
    assert (target.chance, target.point, target.gap) == (None, None, 400.0)
