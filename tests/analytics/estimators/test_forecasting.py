import numpy as np
import pytest

from analytics.estimators import forecasting, markov, recalibration
from analytics.estimators.forecasting import Inflow, Past
from analytics.estimators.markov import Nights

MONTHS = np.repeat([0, 1], 30)
SURE = recalibration.Tilt(np.zeros(3), np.zeros((3, 3)), 0.0, 1.0)
NONE_COMING = Inflow(0.0, 0.0, np.array([1.0, 0.0, 0.0]), 0.0)


def constant(hazard=0.05, won=0.6):
    """One stage, left by one in twenty every night."""
    hazards = np.zeros((1, 100, 3))
    hazards[..., 1], hazards[..., 2] = hazard * won, hazard * (1 - won)
    return hazards


def draw(seed=3, n=100, amount=1000.0, coming=NONE_COMING, shock=0.0, past=((500.0,), ()), tilt=SURE, is_shared=True):
    ahead = markov.prospects(constant(), MONTHS)
    return forecasting.simulate(
        np.repeat(ahead.now[0, :1], n, axis=0),
        np.full(n, amount),
        forecasting.wins_per_arrival(ahead.at_entry, coming.entry, MONTHS),
        coming,
        Past(*(np.array(values) for values in past)),
        tilt,
        np.random.default_rng(seed),
        shock=shock,
        is_shared=is_shared,
        draws=1000,
    )


def test_the_mean_of_the_draws_is_what_the_hazards_expect():
    by_month = [0.6 * (1 - 0.95**30), 0.6 * (0.95**30 - 0.95**60)]
    assert draw().total.mean(axis=0) == pytest.approx(np.array(by_month) * 100_000, rel=0.02)


def test_the_same_seed_gives_the_same_draws():
    assert (draw(seed=4).total == draw(seed=4).total).all()
    assert (draw(seed=4).total != draw(seed=5).total).any()


def test_a_common_shock_widens_the_range_and_leaves_the_mean():
    calm, shaken = draw(shock=0.0).total[:, 0], draw(shock=0.1).total[:, 0]
    assert shaken.std() > 1.5 * calm.std()
    assert shaken.mean() == pytest.approx(calm.mean(), rel=0.06)


def test_a_shared_shock_makes_periods_good_or_bad_together():
    def together(is_shared):
        coming = Inflow(20.0, 0.0, np.array([0.0, 1.0, 0.0]), 0.0)
        return np.corrcoef(draw(n=0, coming=coming, shock=0.1, is_shared=is_shared).wins.T)[0, 1]

    assert together(is_shared=True) > 0.9
    assert abs(together(is_shared=False)) < 0.15


def test_uncertain_chances_widen_the_range_and_leave_the_mean():
    unsure = recalibration.Tilt(np.zeros(3), np.eye(3) * 0.04, np.log1p(1000.0), 1.0)
    calm, shaken = draw().total[:, 0], draw(tilt=unsure).total[:, 0]
    assert shaken.std() > 1.3 * calm.std()
    assert shaken.mean() == pytest.approx(calm.mean(), rel=0.04)


def test_an_open_card_of_unknown_amount_counts_as_a_usual_win():
    unknown = draw(amount=float("nan"), past=((500.0, 1500.0), ())).total.sum(axis=1).mean()
    assert unknown == pytest.approx(draw().total.sum(axis=1).mean(), rel=0.1)


def test_amounts_shrink_as_those_of_past_wins_did():
    cut = draw(past=((500.0,), (0.5, 0.7))).total.sum(axis=1).mean()
    assert cut == pytest.approx(0.6 * draw().total.sum(axis=1).mean(), rel=0.02)


def test_cards_that_come_are_split_into_first_and_second_tries():
    drawn = draw(n=0, coming=Inflow(2.0, 0.001, np.array([1.0, 0.0, 0.0]), 0.25))
    assert drawn.open.sum() == 0
    assert drawn.recycled.sum() / drawn.total.sum() == pytest.approx(0.25, abs=0.03)


def test_cards_that_are_won_on_the_day_they_come_count():
    coming = Inflow(2.0, 0.001, np.array([0.0, 1.0, 0.0]), 0.0)
    assert draw(n=0, coming=coming).wins.mean(axis=0) == pytest.approx([60, 60], rel=0.05)


def test_inflow_by_hand():
    days = np.repeat(np.arange(100, 156), 3)
    coming = forecasting.inflow(days, np.zeros(168, int), np.arange(168) % 4 == 0, today=155, since=0, states=1)
    assert coming.per_day == 3.0
    assert coming.second_tries == 0.25
    assert coming.entry == pytest.approx([1, 0, 0], abs=1e-6)


def test_months_that_are_good_or_bad_together_show_as_a_shock():
    rng = np.random.default_rng(7)
    expected = np.full(390, 2.0)

    def shock(good_and_bad):
        level = np.where((np.arange(390) // 30) % 2 == 0, 1 + good_and_bad, 1 - good_and_bad)
        return forecasting.period_shock(rng.poisson(expected * level).astype(float), expected, 30)

    assert shock(0.0) < 0.02 < 0.15 < shock(0.5) < 0.4


def test_with_too_few_long_periods_the_shock_is_taken_from_shorter_ones():
    flat = np.full(60, 2.0)
    assert forecasting.period_shock(flat, flat, 56) == forecasting.period_shock(flat, flat, 14)
    assert forecasting.period_shock(flat[:10], flat[:10], 7) == forecasting.UNKNOWN_SHOCK


def test_ends_seen_and_expected_by_hand():
    """Two cards that came on day 10; one is won in the third night, the other still there on day 14."""
    stays = Nights(np.zeros(2, int), np.zeros(2, int), np.array([3, 4]), np.array([1, -1]))
    seen, due = forecasting.ends_by_day(stays, np.array([10, 10]), constant(0.1, 0.5), first=10, today=14)
    assert seen.tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert due.tolist() == [pytest.approx([0, 0.1, 0.1, 0.1, 0.05])] * 2


@pytest.mark.parametrize("is_shared", [True, False])
def test_who_is_won_is_drawn_as_if_all_cards_were_looked_at_at_once(is_shared):
    rng = np.random.default_rng(8)
    chances, effects = rng.random((600, 2)) / 5, np.exp(rng.standard_normal((600, 50)) / 3)
    shocks = rng.gamma(20, 1 / 20, (50, 1 if is_shared else 2)) * np.ones((1, 2))
    whole = 1 - (1 - np.minimum(chances @ shocks.T, markov.CERTAIN)) ** effects
    luck = np.random.default_rng(9).standard_exponential(whole.shape, dtype=np.float32)
    expected = np.nonzero(1 - np.exp(-luck.astype(float)) < whole)
    if is_shared:
        chances, shocks = chances.sum(axis=1, keepdims=True), shocks[:, :1]
    found = forecasting._won(chances, shocks, lambda part: effects[part], np.random.default_rng(9))
    np.testing.assert_array_equal(found, expected)


def test_ends_expected_are_those_of_each_night_of_each_stay():
    rng = np.random.default_rng(12)
    hazards = np.repeat(rng.random((3, 6, 5)) / 20, [1, 4, 2, 9, 1, 3], axis=1)
    entered, stay = rng.integers(-40, 60, 500), rng.integers(1, 70, 500)
    watched_from = np.maximum(-entered - 1, 0)
    stays = Nights(rng.integers(0, 3, 500), watched_from, np.maximum(stay, watched_from), np.full(500, -1))
    due = np.zeros((2, 61))
    for state, start, stop, day in zip(stays.state, stays.watched_from, stays.stop, entered, strict=True):
        for age in range(start, stop):
            if 0 <= day + age + 1 <= 60:
                due[:, day + age + 1] += hazards[state, min(age, 19), 3:]
    _seen, expected = forecasting.ends_by_day(stays, entered, hazards, first=0, today=60)
    np.testing.assert_allclose(expected, due, atol=1e-12)


@pytest.mark.parametrize("is_shared", [True, False])
def test_wins_fall_into_periods_by_their_chances(is_shared):
    chances = np.array([[0.1, 0.3], [0.2, 0.0], [0.0, 0.0]])
    card = np.repeat([0, 1], 4000)
    ones = np.ones((8000, 2))
    period = forecasting._periods(chances, card, ones, np.random.default_rng(1), is_shared=is_shared)
    assert period[:4000].mean() == pytest.approx(0.75, abs=0.03)
    assert (period[4000:] == 0).all()
