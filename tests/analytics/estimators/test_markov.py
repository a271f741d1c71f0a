import numpy as np
import pytest

from analytics.estimators import markov
from analytics.estimators.markov import Nights
from analytics.estimators.survival import OPEN


def nights(*rows):
    """Rows are state, watched_from, stop, next."""
    return Nights(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))


def constant(states, ages, moves):
    """Hazards that do not depend on age; moves: (state, next) → hazard."""
    hazards = np.zeros((states, ages, states + 2))
    for (state, following), hazard in moves.items():
        hazards[state, :, following] = hazard
    return hazards


def test_counts_by_hand():
    counts = markov.count(nights((0, 0, 3, 1), (0, 1, 2, OPEN), (1, 0, 2, 3)), states=2, ages=4)
    assert counts.exposure.tolist() == [[1, 2, 1, 0], [1, 1, 0, 0]]
    assert counts.events[0, 1].tolist() == [0, 0, 1, 0]
    assert counts.events[1, 3].tolist() == [0, 1, 0, 0]


def test_nights_beyond_the_last_age_count_there():
    counts = markov.count(nights((0, 0, 10, 1)), states=1, ages=4)
    assert counts.exposure.sum() == 10
    assert counts.events[0, 1].tolist() == [0, 0, 0, 1]


def test_nights_of_which_none_was_watched_before_the_last_age_are_so_many():
    assert markov.count(nights((0, 6, 10, OPEN)), states=1, ages=4).exposure.tolist() == [[0, 0, 0, 4]]


def test_with_one_stage_the_chance_is_the_geometric_one():
    ahead = markov.prospects(constant(1, 5, {(0, 1): 0.1}), np.zeros(20, dtype=np.int64))
    assert ahead.now[0, 0, 0] == pytest.approx(1 - 0.9**20)


def test_periods_share_out_the_chance():
    hazards = constant(2, 5, {(0, 1): 0.2, (0, 3): 0.1, (1, 2): 0.3, (1, 3): 0.2})
    split = markov.prospects(hazards, np.repeat([0, 1, 2], 10)).now
    whole = markov.prospects(hazards, np.zeros(30, dtype=np.int64)).now
    assert split.sum(axis=2) == pytest.approx(whole[:, :, 0])


def test_prospects_agree_with_a_walk():
    hazards = constant(2, 3, {(0, 1): 0.15, (0, 3): 0.05, (1, 2): 0.10, (1, 0): 0.05, (1, 3): 0.02})
    hazards[0, 0] *= 0.5
    rng, won, n = np.random.default_rng(5), 0, 6000
    for _ in range(n):
        state, age = 0, 0
        for _night in range(25):
            step = np.searchsorted(np.cumsum(hazards[state, min(age, 2)]), rng.random())
            state, age = (step, 0) if step < 4 else (state, age + 1)
            if state >= 2:
                won += state == 2
                break
    assert markov.prospects(hazards, np.zeros(25, dtype=np.int64)).now[0, 0, 0] == pytest.approx(won / n, abs=0.02)


def test_fitted_hazards_find_the_rates_they_came_from():
    rng = np.random.default_rng(6)
    stop = rng.geometric(0.08, 5000)
    following = np.where(rng.random(5000) < 0.75, 1, 2)
    counts = markov.count(Nights(np.zeros(5000, int), np.zeros(5000, int), stop, following), states=1, ages=60)
    mean = markov.fit(counts).mean()
    assert mean[0, 5, 1] == pytest.approx(0.06, rel=0.25)
    assert mean[0, :30, 2].mean() == pytest.approx(0.02, rel=0.15)


def test_a_stage_without_moves_borrows_from_the_pipeline_and_stays_sane():
    counts = markov.count(nights(*[(0, 0, 4, 1)] * 30), states=2, ages=10)
    mean = markov.fit(counts).mean()
    assert np.isfinite(mean).all() and (mean.sum(axis=2) < 1).all()
    assert mean[1, 0, 2] > 0 or mean[1, 0, 3] > 0


def test_draws_vary_around_the_mean_and_repeat_with_the_seed():
    hazards = markov.fit(markov.count(nights(*[(0, 0, 4, 1)] * 200), states=1, ages=10))
    draws = np.stack([hazards.draw(np.random.default_rng(seed)) for seed in range(200)])
    assert draws.mean(axis=0) == pytest.approx(hazards.mean(), abs=0.02)
    assert (hazards.draw(np.random.default_rng(1)) == draws[1]).all()


def test_ages_from_which_on_all_is_equal_may_be_left_out():
    hazards = constant(2, 50, {(0, 1): 0.1, (1, 2): 0.2})
    hazards[0, :7, 3] = 0.05
    shorter = markov.without_equal_ages(hazards)
    assert shorter.shape == (2, 8, 4)
    periods = np.repeat([0, 1], 10)
    short, long = markov.prospects(shorter, periods), markov.prospects(hazards, periods)
    np.testing.assert_allclose(short.now, long.now[:, :8])
    np.testing.assert_allclose(short.at_entry, long.at_entry)
    assert markov.without_equal_ages(hazards[:, 10:]).shape == (2, 1, 4)


def test_factors_raise_the_chances_of_their_days():
    hazards = constant(1, 1, {(0, 1): 0.1, (0, 2): 0.1})
    factors = np.array([[1.0, 1.0], [2.0, 0.5]])
    ahead = markov.prospects(hazards, np.array([0, 1]), factors=factors)
    assert ahead.now[0, 0].tolist() == pytest.approx([0.1, 0.8 * 0.2])


def test_ages_at_which_none_ever_moved_may_be_a_bin_of_their_own():
    """A card leaves in each of thirty nights; ten are forgotten for eighty."""
    left = [(0, 0, night, 1) for night in range(1, 31)]
    counts = markov.count(nights(*left, *[(0, 0, 80, OPEN)] * 10), states=1, ages=100)
    shared, apart = markov.fit(counts).mean()[0, :, 1], markov.fit(counts, tail_is_apart=True).mean()[0, :, 1]
    assert apart[30] == apart[99] < 0.005 < 0.015 < shared[99] < apart[29]
    nobody = markov.count(nights((0, 0, 80, OPEN)), states=1, ages=100)
    assert (markov.fit(nobody, tail_is_apart=True).mean() == markov.fit(nobody).mean()).all()


def test_days_asked_in_two_parts_are_as_asked_at_once():
    rng = np.random.default_rng(8)
    hazards = rng.dirichlet([1.0, 1.0, 1.0, 1.0, 20.0], size=(2, 12))[:, :, :-1]
    period_of_day = np.repeat([0, 1, 2], [4, 5, 6])
    factors = rng.random((15, 2)) + 0.5
    whole = markov.prospects(hazards, period_of_day, factors=factors)
    then = markov.prospects(hazards, period_of_day[6:], factors=factors[6:])
    now = markov.prospects(hazards, period_of_day[:6], factors=factors[:6], beyond=then)
    np.testing.assert_array_equal(now.now, whole.now)
    np.testing.assert_array_equal(np.concatenate([now.at_entry[:-1], then.at_entry]), whole.at_entry)
