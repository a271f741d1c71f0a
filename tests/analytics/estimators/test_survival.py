import warnings

import numpy as np
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from analytics.estimators import survival
from analytics.estimators.survival import OPEN


def table(start, stop, cause, causes=2):
    return survival.risk_table(np.array(start), np.array(stop), np.array(cause), causes=causes)


def random_stays(seed, n=400, truncated=False):
    rng = np.random.default_rng(seed)
    stop = rng.geometric(0.08, n) - 1
    cause = np.where(rng.random(n) < 0.3, OPEN, rng.integers(0, 2, n))
    start = np.minimum(rng.integers(0, 6, n), stop) if truncated else np.zeros(n, int)
    return start, stop, cause


def test_by_hand():
    """Five stays: left on days 1, 1 and 3, open at 2, open at 5."""
    curve = survival.kaplan_meier(table([0] * 5, [1, 1, 3, 2, 5], [0, 1, 0, OPEN, OPEN]))
    assert curve.at_risk.tolist() == [5, 5, 3, 2, 1, 1]
    assert curve.survival.tolist() == pytest.approx([1, 0.6, 0.6, 0.3, 0.3, 0.3])
    assert curve.quantile(0.5).value == 3
    assert curve.quantile(0.85).value is None
    assert curve.restricted_mean(3) == pytest.approx(1 + 0.6 + 0.6)


def test_shares_by_hand():
    ends = survival.aalen_johansen(table([0] * 5, [1, 1, 3, 2, 5], [0, 1, 0, OPEN, OPEN]))
    assert ends.at(1, 0).value == pytest.approx(0.2)
    assert ends.at(9, 0).value == pytest.approx(0.2 + 0.6 * 0.5)
    assert ends.at(9, 1).value == pytest.approx(0.2)


def test_leaving_on_the_day_of_entry_counts_as_day_nought():
    curve = survival.kaplan_meier(table([0, 0, 0, 0], [0, 0, 0, 4], [0, 0, 0, 0]))
    assert curve.survival[0] == 0.25
    assert curve.quantile(0.5).value == 0


def test_a_stay_watched_late_is_not_at_risk_before():
    assert table([0, 4], [5, 6], [0, 0]).at_risk.tolist() == [1, 1, 1, 1, 2, 2, 1]


def test_nothing_watched_gives_no_number():
    empty = table([], [], [])
    assert survival.kaplan_meier(empty).quantile(0.5) == survival.Estimate(None, None, None)
    assert survival.aalen_johansen(empty).at(10, 0).value is None


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_survival_agrees_with_lifelines(seed, truncated):
    start, stop, cause = random_stays(seed, truncated=truncated)
    curve = survival.kaplan_meier(table(start, stop, cause))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = KaplanMeierFitter().fit(stop + 1, cause != OPEN, entry=start if truncated else None)
    ages = np.arange(len(curve.survival))
    assert np.abs(curve.survival - oracle.predict(ages + 1).to_numpy()).max() < 5e-4
    interval = oracle.confidence_interval_.reindex(ages + 1, method="ffill").to_numpy()
    known = (curve.survival > 0) & (curve.survival < 1)
    assert np.abs(np.column_stack([curve.low, curve.high])[known] - interval[known]).max() < 5e-4


@pytest.mark.parametrize("seed", range(3))
def test_shares_agree_with_lifelines(seed):
    start, stop, cause = random_stays(seed)
    ends = survival.aalen_johansen(table(start, stop, cause))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        after_the_events_of_its_day = stop + 1 + np.where(cause == OPEN, 0.5, 0.0)
        oracle = AalenJohansenFitter(jitter_level=1e-9, seed=1).fit(
            after_the_events_of_its_day, np.where(cause == OPEN, 0, cause + 1), 1
        )
    expected = oracle.cumulative_density_.iloc[:, 0]
    for age in (0, 3, 10, 20):
        assert abs(ends.incidence[0, age] - expected[expected.index <= age + 1.25].iloc[-1]) < 5e-4


def test_shares_and_the_open_rest_are_the_whole():
    ends = survival.aalen_johansen(table(*random_stays(9, truncated=True)))
    assert (ends.incidence.sum(axis=0) + ends.still_open).tolist() == pytest.approx([1.0] * len(ends.still_open))


def test_without_open_stays_the_curve_is_the_plain_share():
    stop = np.array([1, 2, 2, 7, 9, 9])
    curve = survival.kaplan_meier(table(np.zeros(6, int), stop, np.zeros(6, int)))
    assert curve.survival.tolist() == pytest.approx([(stop > age).mean() for age in range(10)])


def test_a_median_that_hangs_on_a_handful_is_not_told():
    """Of 400 only the seven oldest have been watched for 13 days, and three of them left then."""
    stop = np.concatenate([np.arange(393) % 13, np.full(7, 13)])
    cause = np.concatenate([np.full(393, OPEN), np.array([0] * 4 + [OPEN] * 3)])
    curve = survival.kaplan_meier(table(np.zeros(400, int), stop, cause))
    assert curve.survival[13] < 0.5 and curve.quantile(0.5) == survival.Estimate(None, None, None)
    few = survival.kaplan_meier(table([0] * 6, [1, 2, 3, 4, 5, 6], [0] * 6))
    assert few.quantile(0.5).value == 3


def test_twice_the_data_give_the_same_curve_and_a_narrower_interval():
    start, stop, cause = random_stays(3)
    once = survival.kaplan_meier(table(start, stop, cause))
    twice = survival.kaplan_meier(table(np.tile(start, 2), np.tile(stop, 2), np.tile(cause, 2)))
    assert twice.survival.tolist() == pytest.approx(once.survival.tolist())
    assert (twice.high - twice.low)[5] < (once.high - once.low)[5]


def test_the_interval_of_the_median_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        stay, watched = rng.geometric(0.07, 150) - 1, rng.integers(5, 60, 150)
        cause = np.where(stay <= watched, 0, OPEN)
        median = survival.kaplan_meier(table(np.zeros(150, int), np.minimum(stay, watched), cause)).quantile(0.5)
        held += median.low <= 9 <= median.high  # 1 - .93**10 = .516
    assert 0.90 <= held / 200 <= 1.0


def test_the_interval_of_a_share_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(12)
    held = 0
    for _ in range(300):
        stay, watched, kind = rng.geometric(0.07, 150) - 1, rng.integers(5, 60, 150), rng.random(150) < 0.6
        cause = np.where(stay <= watched, np.where(kind, 0, 1), OPEN)
        share = survival.aalen_johansen(table(np.zeros(150, int), np.minimum(stay, watched), cause)).at(30, 0)
        held += share.low <= 0.6 * (1 - 0.93**31) <= share.high
    assert 0.92 <= held / 300 <= 0.98
