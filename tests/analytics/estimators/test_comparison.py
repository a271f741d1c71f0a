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
    ours = comparison.log_rank(table(*now), table(*before), [1.0])
    oracle = logrank_test(now[0] + 1, before[0] + 1, now[1] != OPEN, before[1] != OPEN)
    assert ours.z**2 == pytest.approx(oracle.test_statistic, rel=1e-6)


def test_fewer_than_expected_have_a_small_p():
    rng = np.random.default_rng(1)
    slower = comparison.log_rank(table(*group(rng, 300, 0.04)), table(*group(rng, 900, 0.08)), [-1.0])
    assert slower.z > 5 and slower.p < 1e-6


def test_equal_periods_are_called_different_as_often_as_the_level_says():
    rng = np.random.default_rng(2)
    p = [comparison.log_rank(table(*group(rng, 60, 0.08)), table(*group(rng, 200, 0.08)), [-1.0]).p for _ in range(400)]
    assert 0.06 < np.mean(np.array(p) < 0.10) < 0.14


def test_dispersion_widens_the_test():
    rng = np.random.default_rng(3)
    now, before = table(*group(rng, 100, 0.05)), table(*group(rng, 300, 0.08))
    assert comparison.log_rank(now, before, [1.0], dispersion=4.0).z == pytest.approx(
        comparison.log_rank(now, before, [1.0]).z / 2
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
    assert comparison.change_point(seen[None], due[None]) == 18


def test_few_weeks_have_no_change_point():
    assert comparison.change_point(np.ones((1, 5)), np.ones((1, 5))) is None


def test_weekly_counts_by_hand():
    """A stay entered on day 0 and left on day 9, another entered on day 7 and still open on day 13; hazard .1 a day."""
    seen, due = comparison.weekly_counts(
        np.array([0, 7]), np.array([0, 0]), np.array([9, 6]), np.array([1, OPEN]),
        np.array([[0.2] * 5, [0.1] * 5]), first=0, last=13,
    )  # fmt: skip
    assert seen.tolist() == [[0, 0], [0, 1]]
    assert due[1].tolist() == pytest.approx([0.7, 0.3 + 0.7]) and due[0].tolist() == pytest.approx([1.4, 2.0])


def test_stays_that_are_alike_count_as_often_as_they_are():
    once = (np.array([0, 3]), np.array([0, 1]), np.array([9, 5]), np.array([0, OPEN]))
    rates = np.linspace(0.05, 0.2, 8)[None]
    seen, due = comparison.weekly_counts(*once, rates, first=0, last=13)
    thrice = comparison.weekly_counts(*(np.tile(part, 3) for part in once), rates, first=0, last=13)
    assert (thrice[0] == 3 * seen).all() and thrice[1][0].tolist() == pytest.approx((3 * due)[0].tolist())


def looks(rng, hazard_now, weeks=range(4, 13)):
    """A year of stays that begin all the time; the newest weeks, from four on, against the first nine months."""
    entered = rng.integers(0, 360, 500)
    stay = rng.geometric(np.where(entered < 270, 0.08, hazard_now))
    left = entered + stay

    def period(first, last):
        inside = (entered <= last) & (left >= first)
        cause = np.where(left[inside] <= last, 0, OPEN)
        start, stop = np.maximum(first - entered[inside], 0), np.minimum(left[inside], last) - entered[inside]
        return survival.risk_table(start, stop, cause, causes=1)

    before = period(0, 270)
    return [comparison.log_rank(period(360 - 7 * k + 1, 360), before, [-1.0]) for k in weeks]


def test_a_search_through_equal_periods_finds_something_as_often_as_its_level_says():
    rng = np.random.default_rng(5)
    p = np.array([comparison.strongest(looks(rng, 0.08)) for _ in range(400)])
    assert 0.06 < (p < 0.10).mean() < 0.14 and 0.02 < (p < 0.05).mean() < 0.08


def test_without_paying_for_the_search_it_would_find_too_much():
    rng = np.random.default_rng(5)
    best = np.array([min(look.p for look in looks(rng, 0.08)) for _ in range(400)])
    assert (best < 0.10).mean() > 0.16


def test_a_search_through_one_look_is_that_look():
    one = looks(np.random.default_rng(6), 0.05, weeks=[8])
    assert comparison.strongest(one) == pytest.approx(one[0].p, rel=1e-3)


def test_small_counts_lean_to_one_side_and_their_p_knows_it():
    """Of 4 expected and more seen, the exact chance is Poisson's (mid-p); the normal curve halves it."""
    few = comparison.Comparison(difference=6.0, variance=4.0, third=4.0)
    exact_mid_p = 0.0081 / 2 + 0.0028  # P(X = 10) / 2 + P(X > 10) of a Poisson variable of mean 4, roughly
    assert few.p == pytest.approx(exact_mid_p, rel=0.35)
    assert comparison.Comparison(6.0, 4.0, 0.0).p < 0.6 * few.p


def test_with_more_cards_smaller_slowdowns_are_found():
    rng = np.random.default_rng(7)
    now, before = table(*group(rng, 100, 0.08)), table(*group(rng, 300, 0.08))
    few = comparison.detectable([comparison.log_rank(now, before, [-1.0])], 0.005, power=0.8)
    now, before = table(*group(rng, 1000, 0.08)), table(*group(rng, 3000, 0.08))
    many = comparison.detectable([comparison.log_rank(now, before, [-1.0])], 0.005, power=0.8)
    assert 1.1 < many < 1.3 < few < 2.5


def test_a_slowdown_of_the_size_that_can_be_found_is_found_four_times_in_five():
    rng = np.random.default_rng(8)
    before = table(*group(rng, 2000, 0.08))
    now = table(*group(rng, 150, 0.08))
    times = comparison.detectable([comparison.log_rank(now, before, [-1.0])], 0.01, power=0.8)
    found = [
        comparison.strongest([comparison.log_rank(table(*group(rng, 150, 0.08 / times)), before, [-1.0])]) < 0.01
        for _ in range(200)
    ]
    assert 0.70 < np.mean(found) < 0.92


def test_of_a_weighted_sum_each_kind_counts_by_its_weight():
    """Ten a day leave by two doors; half of the first door's go through the second now: none fewer, but a leak."""
    before = survival.RiskTable(np.array([1000, 900]), np.array([[60, 60], [40, 40]]))
    now = survival.RiskTable(np.array([500, 450]), np.array([[15, 15], [35, 35]]))
    assert abs(comparison.log_rank(now, before, [-1.0, -1.0]).z) < 0.01
    assert comparison.log_rank(now, before, [-1.0, 1.0]).z > 4
