import numpy as np
import pytest
from scipy import stats

from analytics.estimators.history import LEVELS
from analytics.estimators.needing import needed

ONES = np.ones(50)
NOTHING = np.zeros(len(LEVELS))


def asked(quantiles=NOTHING, gap=5.0, each=0.2, won=ONES, *, shock=0.0, seed=1, **rest):
    return needed(quantiles, gap, each, won, np.random.default_rng(seed), shock=shock, **rest)


@pytest.mark.parametrize(("gap", "each"), [(1, 0.5), (5, 0.2), (20, 0.1), (3, 0.01)])
def test_where_all_wins_are_alike_it_is_the_binomial_answer(gap, each):
    numbers = np.arange(1, 2000)
    exact = int(numbers[stats.binom.sf(gap - 1, numbers, each) >= 0.8][0])
    assert asked(gap=gap, each=each, draws=20_000) == pytest.approx(exact, rel=0.03, abs=1)


def test_what_comes_anyway_needs_no_more():
    assert asked(np.full(len(LEVELS), 5.0)) == 0
    assert asked(np.full(len(LEVELS), 4.5)) == asked(gap=0.5)


def test_the_answer_reaches_the_amount_four_times_in_five():
    """Drawn anew, with amounts that vary, a total that varies and a shared luck."""
    rng = np.random.default_rng(3)
    won = np.exp(rng.normal(1, 0.8, 300))
    quantiles = stats.norm(100, 15).ppf(LEVELS)
    number = asked(quantiles, 140.0, 0.15, won, shock=0.02, draws=4000)
    luck = rng.gamma(1 / 0.02, 0.02, 4000)
    wins = rng.binomial(number, 1 - 0.85**luck)
    reached = [
        total + rng.choice(won, n).sum() >= 140 for total, n in zip(rng.normal(100, 15, 4000), wins, strict=True)
    ]
    assert 0.78 <= np.mean(reached) <= 0.86


def test_where_hardly_any_can_be_won_no_number_is_told():
    assert asked(each=0.004) is None and asked(each=0.006) > 500
    assert asked(won=np.zeros(0)) is None and asked(gap=1e9) is None


def test_more_is_needed_of_what_is_won_less_often_and_of_a_wider_gap():
    assert asked(each=0.5) < asked(each=0.25) < asked(each=0.05)
    assert asked(gap=2.0) < asked(gap=8.0) < asked(gap=30.0)
