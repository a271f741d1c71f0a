import numpy as np
import pytest
from lifelines.statistics import logrank_test
from scipy.stats import false_discovery_control

from analytics.estimators import comparison, survival
from analytics.estimators.survival import OPEN


def group(rng, n, hazard):
    stay = rng.geometric(hazard, n) - 1
    watched = rng.integers(3, 40, n)
    return np.minimum(stay, watched), np.where(stay <= watched, 0, OPEN)


def table(stop, cause):
    return survival.risk_table(np.zeros(len(stop), int), stop, cause, causes=1)


@pytest.mark.parametrize("seed", range(5))
def test_the_log_rank_test_agrees_with_lifelines(seed):
    rng = np.random.default_rng(seed)
    now, before = group(rng, 120, 0.06), group(rng, 300, 0.08)
    ours = comparison.log_rank(table(*now), table(*before), 0)
    oracle = logrank_test(now[0] + 1, before[0] + 1, now[1] != OPEN, before[1] != OPEN)
    assert ours.z**2 == pytest.approx(oracle.test_statistic, rel=1e-6)


def test_fewer_than_expected_is_a_negative_z_and_a_small_p():
    rng = np.random.default_rng(1)
    slower = comparison.log_rank(table(*group(rng, 300, 0.04)), table(*group(rng, 900, 0.08)), 0)
    assert slower.z < -5 and slower.p_fewer < 1e-6 < 0.99 < slower.p_more
    assert slower.ratio == pytest.approx(0.5, abs=0.1)


def test_equal_periods_are_called_different_as_often_as_the_level_says():
    rng = np.random.default_rng(2)
    p = [
        comparison.log_rank(table(*group(rng, 60, 0.08)), table(*group(rng, 200, 0.08)), 0).p_fewer for _ in range(400)
    ]
    assert 0.06 < np.mean(np.array(p) < 0.10) < 0.14


def test_dispersion_widens_the_test():
    rng = np.random.default_rng(3)
    now, before = table(*group(rng, 100, 0.05)), table(*group(rng, 300, 0.08))
    assert comparison.log_rank(now, before, 0, dispersion=4.0).z == pytest.approx(
        comparison.log_rank(now, before, 0).z / 2
    )


def test_weeks_that_vary_by_chance_only_have_dispersion_one():
    rng = np.random.default_rng(4)
    due = np.full(400, 5.0)
    assert comparison.weekly_dispersion(rng.poisson(due).astype(float), due) == pytest.approx(1.0, abs=0.15)


def test_bookings_in_every_second_week_are_over_dispersed():
    due = np.full(20, 5.0)
    assert comparison.weekly_dispersion(np.tile([0.0, 10.0], 10), due) > 4


def test_few_weeks_tell_nothing_of_dispersion():
    assert comparison.weekly_dispersion(np.array([0.0, 9.0]), np.array([3.0, 3.0])) == 1.0


def test_false_discovery_agrees_with_scipy():
    p = np.array([0.001, 0.04, 0.03, 0.5, 0.9, 0.02])
    holds, q = comparison.false_discovery(p, rate=0.10)
    assert q.tolist() == pytest.approx(false_discovery_control(p).tolist())
    assert holds.tolist() == (false_discovery_control(p) <= 0.10).tolist()


def test_no_tests_hold_nothing():
    assert comparison.false_discovery(np.array([]))[0].tolist() == []


def test_the_change_is_found_where_the_rate_halves():
    due = np.full(30, 10.0)
    seen = np.where(np.arange(30) < 18, 10.0, 5.0)
    assert comparison.change_point(seen, due) == 18


def test_few_weeks_have_no_change_point():
    assert comparison.change_point(np.ones(5), np.ones(5)) is None


def test_weekly_counts_by_hand():
    """A stay entered on day 0 and left on day 9, another entered on day 7 and still open on day 13; hazard .1 a day."""
    seen, due = comparison.weekly_counts(
        np.array([0, 7]), np.array([0, 0]), np.array([9, 6]), np.array([True, False]), np.full(5, 0.1), first=0, last=13
    )
    assert seen.tolist() == [0, 1]
    assert due.tolist() == pytest.approx([0.7, 0.3 + 0.7])
