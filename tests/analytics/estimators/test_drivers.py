"""What goes with a yes: against counting where nothing else matters, and not fooled by what only travels along."""

import numpy as np
import pytest
from scipy.special import expit

from analytics.estimators import drivers
from analytics.estimators.drivers import UNKNOWN, Grouped, Measured

NOTHING = np.zeros((2000, 0))


def found(y, *facts, adjusting=None):
    result = drivers.associations(y, facts, NOTHING[: len(y)] if adjusting is None else adjusting)
    return {(row.key, row.level): row for row in result.rows}, result.spread


def test_of_two_levels_the_rarer_is_told_as_counting_tells_it():
    codes = np.repeat([0, 1], [600, 400])
    y = np.concatenate([np.arange(600) < 180, np.arange(400) < 200])
    rows, _spread = found(y, Grouped("colour", codes, 2))
    assert list(rows) == [("colour", 1)]
    row = rows["colour", 1]
    assert (row.n, row.effect.value) == (400, pytest.approx(0.2, abs=6e-3))
    reach = 1.645 * (0.3 * 0.7 / 600 + 0.5 * 0.5 / 400) ** 0.5
    assert (row.effect.low, row.effect.high) == pytest.approx((0.2 - reach, 0.2 + reach), abs=8e-3)
    assert row.p < 1e-6 and row.q == row.p


def test_a_level_is_compared_with_the_others_as_often_as_they_are_seen():
    codes = np.repeat([0, 1, 2], [500, 300, 200])
    y = np.concatenate([np.arange(500) < 100, np.arange(300) < 150, np.arange(200) < 100])
    rows, _spread = found(y, Grouped("source", codes, 3))
    assert rows["source", 0].effect.value == pytest.approx(0.2 - 0.5, abs=5e-3)
    assert rows["source", 1].effect.value == pytest.approx(0.5 - (500 * 0.2 + 200 * 0.5) / 700, abs=5e-3)


def test_a_number_is_compared_at_its_quarters():
    rng = np.random.default_rng(1)
    values = rng.uniform(0, 4, 2000)
    rows, _spread = found(rng.random(2000) < expit(values - 2), Measured("size", values))
    row = rows["size", None]
    assert row.ends == pytest.approx((1, 3), abs=0.1)
    assert row.effect.low < expit(1) - expit(-1) < row.effect.high


def test_what_only_travels_with_a_cause_is_not_taken_for_it():
    rng = np.random.default_rng(2)
    cause = rng.standard_normal(2000)
    companion = (rng.random(2000) < expit(2 * cause)).astype(int)
    y = rng.random(2000) < expit(cause)
    alone, _spread = found(y, Grouped("companion", companion, 2))
    together, _spread = found(y, Grouped("companion", companion, 2), Measured("cause", cause))
    held, _spread = found(y, Grouped("companion", companion, 2), adjusting=cause[:, None])
    assert alone["companion", 1 if ("companion", 1) in alone else 0].q < 1e-6
    for rows in (together, held):
        (row,) = [row for key, row in rows.items() if key[0] == "companion"]
        assert row.q > 0.1 and row.effect.low < 0 < row.effect.high and row.e_value == 1.0
    assert together["cause", None].q < 1e-6


def test_what_is_not_known_is_compared_with_nothing():
    rng = np.random.default_rng(3)
    codes = np.where(np.arange(2000) < 1000, UNKNOWN, np.arange(2000) % 2)
    y = np.where(codes == UNKNOWN, rng.random(2000) < 0.9, rng.random(2000) < 0.3)
    values = np.where(np.arange(2000) < 1000, np.nan, rng.standard_normal(2000))
    rows, _spread = found(y, Grouped("sector", codes, 2), Measured("size", values))
    assert all(abs(row.effect.value) < 0.06 and row.n <= 1000 for row in rows.values())


def test_what_does_not_vary_is_not_told():
    y = np.arange(100) % 2 == 0
    rows, spread = found(y, Grouped("same", np.zeros(100, int), 1), Measured("flat", np.full(100, 3.0)))
    assert rows == {} and spread is None


def test_owners_are_drawn_together_by_how_little_they_differ_and_not_tested():
    rng = np.random.default_rng(4)
    owner = rng.integers(8, size=2000)
    alike, spread_alike = found(rng.random(2000) < 0.4, Grouped("owner", owner, 8, shrunk=True))
    differing = expit(-0.4 + np.linspace(-0.8, 0.8, 8))[owner]
    unlike, spread = found(rng.random(2000) < differing, Grouped("owner", owner, 8, shrunk=True))
    assert spread_alike <= 0.1 < 0.3 < spread
    assert max(abs(row.effect.value) for row in alike.values()) < 0.02
    assert unlike["owner", 0].effect.high < 0 < unlike["owner", 7].effect.low
    assert all(row.p is None and row.q is None for row in unlike.values())


def test_the_e_value_is_that_of_the_nearer_end():
    codes = np.repeat([0, 1], [600, 400])
    y = np.concatenate([np.arange(600) < 180, np.arange(400) < 200])
    row = found(y, Grouped("colour", codes, 2))[0]["colour", 1]
    ratio = (0.3 + row.effect.low) / 0.3
    assert row.e_value == pytest.approx(ratio + (ratio * (ratio - 1)) ** 0.5, rel=0.02)
