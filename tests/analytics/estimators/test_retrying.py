"""When to ask again: the wait that was planted is found, and nothing is said of little."""

import numpy as np
import pytest

from analytics.estimators import retrying

BEST = np.array([60.0, 240.0])


def chance(days, reason):
    """Won most often after 60 days for one reason, after 240 for the other."""
    return 0.04 + 0.3 * np.exp(-0.5 * ((np.log(days) - np.log(BEST[reason])) / 0.6) ** 2)


def world(n: int, seed: int = 1):
    rng = np.random.default_rng(seed)
    reason = rng.integers(0, 2, n)
    days = np.exp(rng.uniform(np.log(14), np.log(500), n))
    return days, reason, rng.random(n) < chance(days, reason)


def worth(days, reason):
    return np.exp(-0.1 * days / 365) * chance(days, reason)


def test_below_two_hundred_attempts_nothing_is_learned():
    assert retrying.learn(*world(199)) == {}
    assert set(retrying.learn(*world(200))) == {0, 1}


@pytest.mark.parametrize("seed", range(3))
def test_the_wait_of_each_reason_comes_near_the_planted_one(seed):
    days, reason, won = world(2000, seed)
    grid = np.exp(np.linspace(np.log(14), np.log(500), 300))
    for key, wait in retrying.learn(days, reason, won).items():
        assert worth(wait.best_days, key) > 0.9 * worth(grid, key).max()
        assert wait.from_days <= wait.best_days <= wait.to_days
        assert wait.n == (reason == key).sum()


def test_a_learned_wait_beats_ninety_days_for_all():
    lost = {"learned": [], "fixed": []}
    grid = np.exp(np.linspace(np.log(14), np.log(500), 300))
    for seed in range(6):
        for key, wait in retrying.learn(*world(600, seed)).items():
            best = worth(grid, key).max()
            lost["learned"].append(1 - worth(wait.best_days, key) / best)
            lost["fixed"].append(1 - worth(90.0, key) / best)
    assert np.mean(lost["learned"]) < 0.5 * np.mean(lost["fixed"])


def test_the_curve_lies_between_its_bounds_and_within_what_was_tried():
    days, reason, won = world(500)
    for curve in retrying.curves(days, reason, won).values():
        assert (curve.low <= curve.chance).all() and (curve.chance <= curve.high).all()
        assert curve.days.min() >= days.min() * 0.999 and curve.days.max() <= days.max() * 1.001


def test_the_order_of_the_attempts_does_not_matter():
    days, reason, won = world(400)
    order = np.random.default_rng(0).permutation(400)
    one, other = retrying.learn(days, reason, won), retrying.learn(days[order], reason[order], won[order])
    assert [round(one[key].best_days, 3) for key in one] == [round(other[key].best_days, 3) for key in one]


@pytest.mark.parametrize("won", [0, 1])
def test_where_all_are_won_or_none_is_it_still_answers(won):
    days, reason, _won = world(300)
    for wait in retrying.learn(days, reason, np.full(300, won)).values():
        assert np.isfinite([wait.best_days, wait.from_days, wait.to_days]).all()
