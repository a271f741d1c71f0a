"""What would be won if: by hand, against the backward equation, and against what each change promises."""

import numpy as np
import pytest

from analytics.estimators import forecasting, markov, supposing
from analytics.estimators.supposing import Changes, Curves, changed, passage, stretched, won_per_day

RNG = np.random.default_rng(5)
STATES, AGES, DAYS = 3, 20, 45


def hazards(states=STATES, ages=AGES):
    """Any chain in which something of everything happens."""
    return RNG.dirichlet([0.6] * (states + 2) + [30.0], size=(states, ages))[:, :, :-1]


CHAIN = hazards()
FACTORS = np.where(np.arange(DAYS)[:, None] % 9 < 3, [[1.4, 0.8]], [[0.9, 1.1]])
STANDING = RNG.random((STATES, AGES)) * 1000
ENTRY = np.array([0.6, 0.2, 0.1, 0.06, 0.04])
CURVES = Curves(CHAIN, STANDING, ENTRY, 250.0, FACTORS)


def asked_backwards(chain, *, standing=STANDING):
    """The same amounts by the backward equation of `markov`, whose periods are single days."""
    days = np.arange(DAYS)
    found = markov.prospects(chain, days, factors=FACTORS)
    ages = chain.shape[1]
    padded = np.zeros((STATES, ages))
    padded[:, :AGES] = standing
    opens = np.tensordot(padded, found.now, axes=2)
    return opens, CURVES.per_day * forecasting.wins_per_arrival(found.at_entry, ENTRY, days)


def test_forwards_and_backwards_the_same_is_won_on_every_day():
    for found, told in zip(won_per_day(CURVES), asked_backwards(CHAIN), strict=True):
        np.testing.assert_allclose(found, told, rtol=1e-9)


def test_a_changed_stage_is_as_if_the_chain_had_always_been_so():
    chain = changed(CHAIN, 1, time=1.5, conversion=-0.1)
    found = won_per_day(CURVES, Changes(stage=1, time=1.5, conversion=-0.1))
    for one, told in zip(found, asked_backwards(chain), strict=True):
        np.testing.assert_allclose(one, told, rtol=1e-9)


def test_one_stage_one_night_by_hand():
    """Each night a tenth is won and a fifth is lost: of 100 that stand there 10, 7 and 4.9 come."""
    chain = np.tile([[0.0, 0.1, 0.2]], (1, 4, 1))
    curves = Curves(chain, np.array([[100.0, 0, 0, 0]]), np.array([1.0, 0, 0]), 10.0, np.ones((3, 2)))
    opens, new = won_per_day(curves)
    np.testing.assert_allclose(opens, [10, 7, 4.9])
    np.testing.assert_allclose(new, [0, 1, 1.7])
    opens, new = won_per_day(curves, Changes(inflow=2.0, value=3.0, delay=1))
    np.testing.assert_allclose(opens, [10, 21, 14.7])
    np.testing.assert_allclose(new, [0, 3, (1.7 + 1) * 3])  # of the day after the first, twice as many are there


def test_without_a_change_nothing_changes():
    for found, told in zip(won_per_day(CURVES, Changes(stage=2, delay=4)), won_per_day(CURVES), strict=True):
        np.testing.assert_array_equal(found, told)


@pytest.mark.parametrize("change", [Changes(inflow=1.7), Changes(value=1.4), Changes(stage=0, conversion=0.15)])
def test_before_its_day_a_change_changes_nothing_and_then_it_brings_more(change):
    later = Changes(change.inflow, change.stage, change.time, change.conversion, change.value, delay=12)
    usual, found = sum(won_per_day(CURVES)), sum(won_per_day(CURVES, later))
    np.testing.assert_allclose(found[:12], usual[:12])
    assert found[12:].sum() > usual[12:].sum()
    assert sum(won_per_day(CURVES, change)).sum() > found.sum()


def test_inflow_moves_only_what_is_not_there_yet():
    (opens, new), (same, twice) = won_per_day(CURVES), won_per_day(CURVES, Changes(inflow=2.0))
    np.testing.assert_array_equal(same, opens)
    np.testing.assert_allclose(twice, 2 * new)


@pytest.mark.parametrize("time", [0.5, 0.8, 1.25, 2.0])
def test_a_stage_that_takes_longer_keeps_what_it_kept(time):
    fine = hazards(ages=200) * 0.08  # so small that nights hardly matter
    usual, found = passage(fine, 1), passage(changed(fine, 1, time=time), 1)
    assert found.goes_on == pytest.approx(usual.goes_on, abs=0.004)
    assert found.nights == pytest.approx(usual.nights * time, rel=0.03)


def test_a_time_that_is_whole_nights_is_exact():
    """Twice as long: each night is split in two halves which together end as many as the one did."""
    chain = np.tile([[0.0, 0.1, 0.2]], (1, 6, 1))
    found = changed(chain, 0, time=2.0)[0]
    assert found.shape == (12, 3)
    np.testing.assert_allclose(1 - (1 - found.sum(axis=1)) ** 2, 0.3)
    np.testing.assert_allclose(found[:, 2] / found[:, 1], 2.0)


@pytest.mark.parametrize("more", [-0.4, -0.1, 0.05, 0.3])
def test_a_stage_that_keeps_more_takes_as_long(more):
    usual, found = passage(CHAIN, 1), passage(changed(CHAIN, 1, conversion=more), 1)
    assert found.goes_on == pytest.approx(min(max(usual.goes_on + more, 0.01), 0.99), abs=1e-6)
    assert found.nights == usual.nights
    np.testing.assert_allclose(changed(CHAIN, 1, conversion=more).sum(axis=2), CHAIN.sum(axis=2))


def test_other_stages_stay_as_they_are():
    found = changed(CHAIN, 1, time=0.6, conversion=0.2)
    np.testing.assert_array_equal(found[[0, 2]], CHAIN[[0, 2]])


def test_half_of_the_cards_have_left_after_so_many_nights():
    assert passage(np.tile([[0.0, 0.1, 0.2]], (1, 4, 1)), 0) == supposing.Passage(pytest.approx(1 / 3), 2)
    assert passage(np.tile([[0.0, 0.01, 0.01]], (1, 4, 1)), 0) == supposing.Passage(pytest.approx(0.5), 35)
    assert passage(np.zeros((1, 4, 3)), 0) == supposing.Passage(0.0, None)


def test_a_forecast_is_stretched_about_its_mean():
    quantiles = np.array([0.0, 50.0, 100.0])
    np.testing.assert_allclose(stretched(quantiles, 2.0), [0, 100, 200])
    np.testing.assert_allclose(stretched(quantiles, 2.0, width=0.5), [50, 100, 150])
    np.testing.assert_allclose(stretched(quantiles, 1.0, width=2.0), [0, 50, 150])
