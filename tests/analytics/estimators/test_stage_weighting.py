import numpy as np
import pytest

from analytics.estimators import stage_weighting
from analytics.estimators.stage_weighting import Passages, Standing

# Two stages. Five cards: won, won, lost, and two open ones, as their stays in open stages.
PASSAGES = Passages(
    state=np.array([0, 1, 0, 0, 1, 0, 0]),
    entered=np.array([0, 10, 20, 30, 40, 80, 95]),
    outcome=np.array([1, 1, 1, 0, 0, -1, -1]),
    ended=np.array([20, 20, 30, 60, 60, 80, 95]),
)


def test_rates_and_stays_by_hand():
    assert stage_weighting.rate_of_closed(PASSAGES, 2) == pytest.approx([2 / 3, 1 / 2])
    assert stage_weighting.rate_of_cohorts(PASSAGES, 2, today=100, age=10) == pytest.approx([2 / 4, 1 / 2])
    assert stage_weighting.mean_days_to_win(PASSAGES, 3) == pytest.approx([15, 10, 30])


def test_variants_by_hand():
    """A card due on day 110, one overdue, and one whose date somebody gave."""
    cards = Standing(
        np.array([0, 1, 0]), np.array([95, 40, 95]), np.array([300.0, 100.0, 30.0]), np.array([np.nan, np.nan, 125.0])
    )
    found = stage_weighting.variants(
        PASSAGES, cards, today=100, states=2, period_ends=np.array([114, 128]), new_business=np.array([7.0, 7.0])
    )
    assert found["stage_weighted"] == pytest.approx([200 + 50, 20])
    assert found["stage_weighted_drop"] == pytest.approx([200, 20])
    assert found["stage_weighted_drop_new"] == pytest.approx([207, 27])
    assert found["stage_weighted_cohort"] == pytest.approx([200 + 50, 20])
    assert len(found) == 8
