import numpy as np
import pytest
from scipy.stats import binomtest, chi2_contingency

from analytics.estimators import proportions


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 10), (10, 10), (47, 200)])
def test_the_interval_agrees_with_scipy(count, total):
    ours = proportions.wilson(count, total)
    theirs = binomtest(count, total).proportion_ci(method="wilson")
    assert (ours.value, ours.low, ours.high) == pytest.approx((count / total, theirs.low, theirs.high), abs=1e-9)


def test_of_nothing_there_is_no_share():
    assert proportions.wilson(0, 0).value is None


@pytest.mark.parametrize("table", [(12, 40, 30, 200), (5, 60, 40, 180), (9, 20, 11, 20)])
def test_the_difference_agrees_with_scipy(table):
    count, total, before, total_before = table
    observed = np.array([[count, total - count], [before, total_before - before]])
    assert proportions.differ(*table) == pytest.approx(chi2_contingency(observed).pvalue, abs=1e-9)


def test_nothing_to_compare_is_no_difference():
    assert proportions.differ(0, 0, 3, 9) == proportions.differ(0, 5, 0, 9) == 1.0
