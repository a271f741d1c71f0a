import numpy as np
import pytest
from scipy import stats

from analytics.estimators import blending
from analytics.estimators.history import LEVELS

NORMAL = stats.norm.ppf(LEVELS)


def test_the_score_of_a_figure_is_its_error():
    assert blending.crps(np.full(99, 7.0), 10.0) == pytest.approx(3.0)


def test_the_score_is_that_of_the_distribution():
    """Gneiting and Raftery 2007: the score of a standard normal at its mean is 0.2337."""
    assert blending.crps(NORMAL, 0.0) == pytest.approx(0.2337, abs=0.003)
    actual = np.random.default_rng(1).standard_normal(500)
    score = {width: np.mean([blending.crps(NORMAL * width, y) for y in actual]) for width in (0.3, 1.0, 3.0)}
    assert score[1.0] == min(score.values())


def test_who_was_better_counts_more_and_with_no_record_all_count_as_given():
    even = np.ones(2)
    assert blending.weights(np.zeros((0, 2)), np.zeros(0), even).tolist() == [0.5, 0.5]
    assert blending.weights(np.zeros((0, 2)), np.zeros(0), np.array([2.0, 1.0])) == pytest.approx([2 / 3, 1 / 3])
    once = blending.weights(np.array([[1.0, 2.0]]), np.ones(1), even)
    often = blending.weights(np.array([[1.0, 2.0]] * 20), np.ones(20), even)
    assert 0.5 < once[0] < often[0] < 1 and often.sum() == pytest.approx(1)


def test_windows_that_tell_less_count_less():
    scores, counts = np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([1.0, 0.1])
    assert blending.weights(scores, counts, np.ones(2))[0] > 0.5


def test_a_blend_lies_between_its_parts():
    blended = blending.blend(np.stack([NORMAL, NORMAL + 10]), np.array([0.25, 0.75]))
    assert blending.quantile(blended, 0.5) == pytest.approx(7.5)


def test_a_miss_is_measured_in_half_bands():
    assert blending.miss(NORMAL, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert blending.miss(NORMAL, 1.2816) == pytest.approx(1.0, abs=0.01)
    assert blending.miss(NORMAL, -2.5631) == pytest.approx(2.0, abs=0.01)


def test_the_range_grows_where_past_ones_were_too_narrow():
    assert blending.width(np.zeros(0), 0) == 1.0
    assert blending.width(np.full(40, 3.0), 40) > 1.5
    assert blending.width(np.full(40, 0.3), 40) == 0.8
    assert blending.width(np.append(np.zeros(79), np.full(21, 9.0)), 1e6) == 2.0
    assert blending.width(np.append(np.zeros(81), np.full(19, 9.0)), 1e6) == 0.8
    assert blending.width(np.full(40, 3.0), 2) < blending.width(np.full(40, 3.0), 40)


def test_widening_keeps_the_median_and_never_goes_below_zero():
    wider = blending.widened(NORMAL + 1, 2.0)
    assert blending.quantile(wider, 0.5) == pytest.approx(1.0)
    assert blending.quantile(wider, 0.9) == pytest.approx(1 + 2 * 1.2816, abs=0.01)
    assert wider.min() == 0
