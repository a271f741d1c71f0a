"""Logistic regression drawn towards zero: against counting, against what it maximises, and how often it is right."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from analytics.estimators import logistic


def cases(rng, n, coefficients, intercept=-0.5):
    x = rng.standard_normal((n, len(coefficients)))
    return x, rng.random(n) < expit(intercept + x @ np.asarray(coefficients))


def test_one_yes_or_no_fact_says_what_counting_says():
    x = np.repeat([0.0, 1.0], 100)[:, None]
    y = np.concatenate([np.arange(100) < 20, np.arange(100) < 50])
    found = logistic.fit(x, y, prior_spread=100.0)
    assert logistic.chance(found, np.array([[0.0], [1.0]])).value == pytest.approx([0.2, 0.5], abs=2e-3)
    looks = [(1.0, logistic.average(found, np.ones_like(x))), (-1.0, logistic.average(found, np.zeros_like(x)))]
    difference = logistic.effect(found, looks, level=0.95)
    assert difference.value == pytest.approx(0.3, abs=2e-3)
    reach = 1.96 * (0.2 * 0.8 / 100 + 0.5 * 0.5 / 100) ** 0.5
    assert (difference.low, difference.high) == pytest.approx((0.3 - reach, 0.3 + reach), abs=4e-3)


def test_it_is_the_top_of_the_penalised_likelihood():
    x, y = cases(np.random.default_rng(1), 300, [1.0, -0.7, 0.0])
    spread = np.array([0.3, 1.0, 2.0])

    def height(b):
        odds = b[0] + x @ b[1:]
        return -(y * odds - np.logaddexp(0, odds)).sum() + 0.5 * ((b[1:] / spread) ** 2).sum() + 0.02 * b[0] ** 2

    best = minimize(height, np.zeros(4), tol=1e-12).x
    assert logistic.fit(x, y, prior_spread=spread).coefficients == pytest.approx(best, abs=1e-4)


def test_a_narrow_prior_draws_towards_zero():
    x, y = cases(np.random.default_rng(2), 200, [1.5])
    wide, narrow = (logistic.fit(x, y, prior_spread=spread) for spread in (10.0, 0.1))
    assert 0 < narrow.coefficients[1] < 0.5 < wide.coefficients[1]
    assert wide.evidence > narrow.evidence


def test_what_separates_all_is_not_certain():
    x = np.repeat([-1.0, 1.0], 6)[:, None]
    found = logistic.fit(x, x[:, 0] > 0)
    chances = logistic.chance(found, x)
    assert np.isfinite(found.coefficients).all() and np.isfinite(found.covariance).all()
    assert 0.5 < chances.low[-1] < chances.value[-1] < chances.high[-1] < 1.0


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_where_all_say_the_same_the_chance_keeps_away_from_the_end(answer):
    found = logistic.fit(np.zeros((20, 1)), np.full(20, answer))
    value = logistic.chance(found, np.zeros((1, 1))).value[0]
    assert abs(value - answer) < 0.1 and 0.0 < value < 1.0


def test_without_cases_the_answer_is_the_prior():
    found = logistic.fit(np.zeros((0, 2)), np.zeros(0), prior_spread=0.5)
    assert found.coefficients.tolist() == [0, 0, 0] and found.covariance[1, 1] == pytest.approx(0.25)
    assert (found.n, found.events) == (0, 0)


def test_shuffled_cases_give_the_same_answer():
    rng = np.random.default_rng(3)
    x, y = cases(rng, 150, [0.5, 0.2])
    order = rng.permutation(150)
    one, other = logistic.fit(x, y), logistic.fit(x[order], y[order])
    assert one.coefficients == pytest.approx(other.coefficients, abs=1e-8)


def test_units_make_columns_alike_and_an_unknown_cell_counts_as_the_mean():
    x = np.array([[1000.0, 5.0], [3000.0, 5.0], [np.nan, 5.0]])
    assert logistic.Scale.of(x).applied(x).tolist() == [[-1, 0], [1, 0], [0, 0]]


def test_intervals_hold_and_nothing_is_found_where_there_is_nothing():
    """400 samples of 400 cases with two facts that matter and one that does not."""
    rng, truth = np.random.default_rng(4), np.array([0.6, -0.4, 0.0])
    held, held_chance, alarms = 0, 0, 0
    at = np.array([[0.5, -1.0, 1.0]])
    for _ in range(400):
        x, y = cases(rng, 400, truth)
        found = logistic.fit(x, y, prior_spread=3.0)
        reach = 1.645 * np.diag(found.covariance)[1:] ** 0.5
        held += (np.abs(found.coefficients[1:] - truth) <= reach).mean()
        chances = logistic.chance(found, at, level=0.9)
        held_chance += chances.low[0] <= expit(-0.5 + at[0] @ truth) <= chances.high[0]
        alarms += found.wald(np.array([0.0, 0.0, 0.0, 1.0])).p <= 0.05
    assert held / 400 == pytest.approx(0.90, abs=0.03)
    assert held_chance / 400 == pytest.approx(0.90, abs=0.04)
    assert alarms / 400 <= 0.08


def test_the_interval_of_an_average_effect_holds():
    rng, truth = np.random.default_rng(5), np.array([0.8, 0.5])
    everyone = rng.standard_normal((20_000, 2))
    true = (expit(-0.5 + (everyone + [1, 0]) @ truth) - expit(-0.5 + everyone @ truth)).mean()
    held = 0
    for _ in range(300):
        x, y = cases(rng, 500, truth)
        fitted = logistic.fit(x, y, prior_spread=3.0)
        looks = [(1.0, logistic.average(fitted, x + [1, 0])), (-1.0, logistic.average(fitted, x))]
        found = logistic.effect(fitted, looks, level=0.9)
        held += found.low <= true <= found.high
    assert held / 300 == pytest.approx(0.90, abs=0.05)
