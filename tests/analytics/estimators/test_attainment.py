import numpy as np
import pytest
from scipy import stats

from analytics.estimators.attainment import chance
from analytics.estimators.history import LEVELS

QUANTILES = stats.norm(100, 20).ppf(LEVELS)


@pytest.mark.parametrize("needed", [60, 90, 100, 117, 140])
def test_the_chance_is_that_of_the_distribution(needed):
    assert chance(QUANTILES, needed) == pytest.approx(stats.norm(100, 20).sf(needed), abs=0.004)


def test_what_is_reached_already_is_certain_and_nothing_else_is():
    assert chance(QUANTILES, 0) == chance(QUANTILES, -5) == 1
    assert chance(QUANTILES, 1e-9) == pytest.approx(0.995)
    assert chance(QUANTILES, 1e9) == pytest.approx(0.005)


def test_more_is_never_likelier():
    found = [chance(QUANTILES, needed) for needed in np.linspace(0, 250, 200)]
    assert found == sorted(found, reverse=True)


def test_where_nothing_varies_it_is_reached_or_not():
    same = np.full(len(LEVELS), 50.0)
    assert chance(same, 49.9) == pytest.approx(0.995) and chance(same, 50.1) == pytest.approx(0.005)
