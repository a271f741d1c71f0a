import numpy as np
import pytest

from analytics.estimators import forecasting, markov
from analytics.estimators.forecasting import Inflow, OpenCards
from analytics.estimators.markov import Nights

MONTHS = np.repeat([0, 1], 30)


def one_stage(n=4000, hazard=0.05):
    rng = np.random.default_rng(1)
    stop = rng.geometric(hazard, n)
    following = np.where(rng.random(n) < 0.6, 1, 2)
    return markov.fit(markov.count(Nights(np.zeros(n, int), np.zeros(n, int), stop, following), states=1, ages=100))


def cards(n, amount=1000.0):
    return OpenCards(np.zeros(n, int), np.zeros(n, int), np.full(n, amount))


NONE_COMING = Inflow(0.0, 0.0, np.array([1.0, 0.0, 0.0]), 0.0)


def draw(seed=3, cards_=None, coming=NONE_COMING, shock=0.0, amounts=(500.0,)):
    return forecasting.simulate(
        one_stage(),
        cards(100) if cards_ is None else cards_,
        coming,
        np.array(amounts),
        MONTHS,
        np.random.default_rng(seed),
        shock=shock,
    )


def test_the_mean_of_the_draws_is_what_the_hazards_expect():
    expected = 0.6 * (1 - 0.95**60) * 100 * 1000
    assert draw().total.sum(axis=1).mean() == pytest.approx(expected, rel=0.03)


def test_the_same_seed_gives_the_same_draws():
    assert (draw(seed=4).total == draw(seed=4).total).all()
    assert (draw(seed=4).total != draw(seed=5).total).any()


def test_a_common_shock_widens_the_range_and_leaves_the_mean():
    calm, shaken = draw(shock=0.0).total[:, 0], draw(shock=0.2).total[:, 0]
    assert shaken.std() > 1.5 * calm.std()
    assert shaken.mean() == pytest.approx(calm.mean(), rel=0.1)


def test_an_open_card_of_unknown_amount_counts_as_a_usual_win():
    unknown = draw(cards_=cards(100, float("nan")), amounts=(500.0, 1500.0)).total.sum(axis=1).mean()
    assert unknown == pytest.approx(draw().total.sum(axis=1).mean(), rel=0.05)


def test_cards_that_come_are_split_into_first_and_second_tries():
    coming = Inflow(2.0, 0.001, np.array([1.0, 0.0, 0.0]), 0.25)
    drawn = draw(cards_=cards(0), coming=coming)
    assert drawn.open.sum() == 0
    assert drawn.recycled.sum() / drawn.total.sum() == pytest.approx(0.25, abs=0.03)


def test_cards_that_are_won_on_the_day_they_come_count():
    coming = Inflow(2.0, 0.001, np.array([0.0, 1.0, 0.0]), 0.0)
    assert draw(cards_=cards(0), coming=coming).wins.mean(axis=0) == pytest.approx([60, 60], rel=0.05)


def test_inflow_by_hand():
    days = np.repeat(np.arange(100, 156), 3)
    coming = forecasting.inflow(days, np.zeros(168, int), np.arange(168) % 4 == 0, today=155, since=0, states=1)
    assert coming.per_day == 3.0
    assert coming.second_tries == 0.25
    assert coming.entry == pytest.approx([1, 0, 0], abs=1e-6)


def test_months_that_are_good_or_bad_together_show_as_a_shock():
    def shock(good_and_bad):
        rng = np.random.default_rng(7)
        entered = np.repeat(np.arange(0, 390), 6)
        level = np.where((np.arange(480) // 30) % 2 == 0, 1 + good_and_bad, 1 - good_and_bad)
        stop = np.array([1 + np.argmax(rng.random(90) < 0.05 * level[day : day + 90]) for day in entered])
        stays = Nights(np.zeros(len(entered), int), np.zeros(len(entered), int), stop, np.ones(len(entered), int))
        hazards = markov.fit(markov.count(stays, states=1, ages=100)).mean()
        return forecasting.period_shock(stays, entered, hazards, today=389, since=0, length=30)

    assert shock(0.0) < 0.01 < 0.1 < shock(0.5)


def test_stage_weighted_by_hand():
    """Two stages with chances ½ and ¼: one card due in each period, one overdue, one due after the last."""
    weighted = forecasting.stage_weighted(
        np.array([0, 1, 0, 0]),
        np.array([100.0, 400.0, 10.0, 999.0]),
        np.array([105.0, 115.0, 90.0, 500.0]),
        today=100,
        chance=np.array([0.5, 0.25]),
        stay=np.array([5.0, 5.0]),
        period_ends=np.array([110, 120]),
    )
    assert weighted.tolist() == [55.0, 100.0]


def test_the_score_of_a_single_draw_is_its_error():
    assert forecasting.crps(np.array([7.0]), 10.0) == 3.0


def test_the_score_is_best_for_the_distribution_that_is_true():
    rng = np.random.default_rng(8)
    actual = rng.normal(0, 1, 300)
    score = {
        width: np.mean([forecasting.crps(rng.normal(0, width, 400), y) for y in actual]) for width in (0.3, 1.0, 3.0)
    }
    assert score[1.0] == min(score.values())
