import numpy as np
import pytest
from scipy import stats

from analytics.estimators import history


def test_windows_are_whole_and_newest_first():
    assert history.windows(np.arange(8.0), 3).tolist() == [5 + 6 + 7, 2 + 3 + 4]


def test_the_last_window_and_the_mean_of_three():
    per_day = np.repeat([9.0, 1.0, 2.0, 3.0], 7)
    assert history.naive(per_day, 7) == 21
    assert history.mean_of_last(per_day, 7) == 14
    assert history.mean_of_last(per_day[:3], 7) == 63


def test_quantiles_by_hand():
    """Two windows 100 and 80, the older one counting 0.8; four pseudo windows of a tenth of the centre."""
    quantiles = history.student(np.repeat([80.0, 100.0], 5) / 5, 5)
    centre = (100 + 0.8 * 80) / 1.8
    variance = ((100 - centre) ** 2 + (80 - centre) ** 2 + 4 * max(0.3 * centre, 0.1 * centre) ** 2) / 6 * 1.5
    assert quantiles[49] == pytest.approx(centre)
    assert quantiles[89] == pytest.approx(centre + variance**0.5 * stats.t.ppf(0.9, 5))


def test_nothing_is_expected_where_nothing_was_won():
    assert (history.student(np.zeros(30), 7) == 0).all()
    assert (history.student(np.zeros(0), 7) == 0).all()


def test_four_in_five_of_independent_windows_lie_inside_the_band():
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(400):
        per_day = rng.gamma(2.0, 50.0, 7 * 7)
        quantiles = history.student(per_day[:42], 7)
        inside.append(quantiles[9] <= per_day[42:].sum() <= quantiles[89])
    assert 0.75 <= np.mean(inside) <= 0.9
