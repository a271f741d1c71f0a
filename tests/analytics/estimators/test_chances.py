"""Chances are believed when they told unseen cases better than the average did, and then they mean what they say."""

import numpy as np
import pytest
from scipy.special import expit

from analytics.estimators import chances

HORIZON = 90.0


def planted(n: int, seed: int, strength: float = 1.0):
    """(x, y, moment, true chance): two facts that tell, six that do not, one of them often unknown."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 8))
    true = expit(-1.0 + strength * (1.0 * x[:, 0] - 0.7 * x[:, 1]))
    x[rng.random(n) < 0.3, 5] = np.nan
    return x, rng.random(n) < true, np.sort(rng.uniform(0, 900, n)), true


def test_what_was_planted_is_found_and_the_intervals_hold_it():
    inside, apart = [], []
    for seed in range(10):
        x, y, moment, _true = planted(1500, seed)
        learned = chances.learn(x, y, moment, horizon=HORIZON)
        assert learned.is_enough and learned.skill > 0.05
        fresh, _y, _moment, true = planted(500, seed + 1000)
        said = learned.of(np.nan_to_num(fresh))
        inside.append(((said.low <= true) & (true <= said.high)).mean())
        apart.append(np.abs(said.value - true).mean())
    assert 0.72 < np.mean(inside) < 0.92
    assert np.mean(apart) < 0.04


def test_facts_that_tell_nothing_give_no_chance_but_for_one_time_in_ten():
    believed = [chances.learn(*planted(1200, seed, strength=0.0)[:3], horizon=HORIZON).is_enough for seed in range(25)]
    assert sum(believed) <= 3


@pytest.mark.parametrize("n", [0, 1, 499])
def test_below_five_hundred_nothing_is_learned(n):
    x, y, moment, _true = planted(n, 1)
    learned = chances.learn(x, y, moment, horizon=HORIZON)
    assert (learned.n, learned.is_enough, learned.skill) == (n, False, None)
    with pytest.raises(ValueError, match="nothing was learned"):
        learned.of(x)


def test_when_nearly_nobody_said_yes_nothing_is_learned():
    x, _y, moment, _true = planted(2000, 1)
    y = np.zeros(2000, dtype=bool)
    y[:49] = True
    assert not chances.learn(x, y, moment, horizon=HORIZON).is_enough


def test_when_all_came_within_one_horizon_there_is_nothing_to_try_it_on():
    x, y, moment, _true = planted(1000, 1)
    learned = chances.learn(x, y, moment / 900 * 60, horizon=HORIZON)
    assert (learned.is_enough, learned.skill) == (False, None)


def test_a_fact_that_was_never_known_before_and_one_beyond_all_that_was_seen_change_nothing():
    x, y, moment, _true = planted(1000, 4)
    x[:, 6], x[:, 7] = np.nan, 3.0
    learned = chances.learn(x, y, moment, horizon=HORIZON)
    usual, odd = np.nanmean(x[:, :6], axis=0), x[:, 0].max()
    case = np.array([[*usual, np.nan, 3.0], [*usual, 40.0, 90.0]])
    said = learned.of(case)
    assert said.value[0] == said.value[1] and said.low[0] == said.low[1] > 0.1
    far = np.array([[odd, *usual[1:], 0.0, 0.0], [odd * 50, *usual[1:], 0.0, 0.0]])
    assert learned.of(far).value[0] == learned.of(far).value[1]


def test_the_order_of_the_cases_and_of_the_facts_does_not_matter():
    x, y, moment, _true = planted(900, 3)
    order = np.random.default_rng(1).permutation(900)
    one = chances.learn(x, y, moment, horizon=HORIZON)
    other = chances.learn(x[order][:, ::-1], y[order], moment[order], horizon=HORIZON)
    assert np.allclose(one.of(x).value, other.of(x[:, ::-1]).value, atol=1e-6) and one.skill == pytest.approx(
        other.skill
    )
