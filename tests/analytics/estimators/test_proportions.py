import pytest
from scipy.stats import binomtest

from analytics.estimators.proportions import jeffreys, wilson


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (417, 1000)])
def test_wilson_agrees_with_scipy(successes, n):
    oracle = binomtest(successes, n).proportion_ci(method="wilson")
    ours = wilson(successes, n)
    assert (ours.low, ours.high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_jeffreys_is_closed_where_all_or_none_succeeded():
    assert (jeffreys(0, 10).low, jeffreys(10, 10).high) == (0.0, 1.0)
    assert jeffreys(5, 10).low == pytest.approx(1 - jeffreys(5, 10).high)


def test_of_nothing_nothing_is_known():
    assert wilson(0, 0).value is None and jeffreys(0, 0).value is None
