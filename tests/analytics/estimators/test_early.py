import numpy as np
import pytest

from analytics.estimators import early

STATES = 4
NONE = np.zeros(STATES, dtype=int)


def asked(went_on=NONE, lost=NONE, state=0, amount=1.0, draws=40_000):
    return early.sums(
        np.array(went_on), np.array(lost), np.array([state]), np.array([amount]), np.random.default_rng(1), draws=draws
    )


@pytest.mark.parametrize(("state", "chance"), [(0, 0.7**4), (3, 0.7)])
def test_before_anything_is_seen_seven_of_ten_go_on_from_each_stage(state, chance):
    assert asked(state=state).mean() == pytest.approx(chance, abs=0.01)


def test_what_is_seen_counts_from_the_first_deal_on():
    """Of one that went on and of nine that were lost, beside 2.8 and 1.2 before anything is seen."""
    assert asked([0, 0, 0, 1], [0, 0, 0, 9], state=3).mean() == pytest.approx(3.8 / 14, abs=0.01)


def test_deals_share_what_is_not_known_of_the_stages():
    """A hundred equal deals vary far more than by their own luck."""
    rng, states = np.random.default_rng(2), np.zeros(100, dtype=int)
    found = early.sums(NONE, NONE, states, np.ones(100), rng, draws=4000)
    chance = found.mean() / 100
    assert found.std() > 2 * np.sqrt(100 * chance * (1 - chance))
    assert found.max() <= 100 and found.min() >= 0
