import numpy as np
import pytest

from analytics.estimators import recalibration

AMOUNTS = np.exp(8 + np.random.default_rng(1).standard_normal(4000))


def fitted(true, weight=1.0, n=4000):
    rng = np.random.default_rng(2)
    before = recalibration.untilted(AMOUNTS)
    x = before.features(AMOUNTS[:n])
    expected = np.full(n, 0.2)
    observed = (rng.random(n) < expected * np.exp(x @ np.array(true))).astype(float)
    return recalibration.fit(x, expected, observed, weight)


def test_what_large_deals_do_differently_is_found():
    coefficients, covariance = fitted((0.2, -0.3, 0.0))
    assert coefficients == pytest.approx([0.2, -0.3, 0.0], abs=0.1)
    assert (np.diag(covariance) < 0.05**2).all()


def test_little_evidence_changes_little():
    few, _ = fitted((0.5, 0.0, 0.0), n=20)
    discounted, covariance = fitted((0.5, 0.0, 0.0), weight=0.01)
    assert abs(few[0]) < 0.35 and 0 < discounted[0] < 0.35
    assert covariance[0, 0] > 0.1**2


def test_a_card_of_unknown_amount_is_a_usual_one():
    assert recalibration.untilted(AMOUNTS).features(np.array([np.nan])).tolist() == [[1.0, 0.0, -1.0]]


def test_uncertainty_leaves_the_mean_factor_where_it_is():
    tilt = recalibration.Tilt(np.array([0.1, 0.0, 0.0]), np.eye(3) * 0.04, 8.0, 1.0)
    effects = tilt.effects(np.array([2980.0, 8100.0]), np.random.default_rng(3), 40_000)(slice(None))
    assert effects.mean(axis=1) == pytest.approx(
        np.exp(tilt.features(np.array([2980.0, 8100.0])) @ tilt.coefficients), rel=0.02
    )


def tilted(true, shared, n=4000):
    rng = np.random.default_rng(2)
    x = recalibration.untilted(AMOUNTS).features(AMOUNTS[:n])
    expected = np.full(n, 0.2)
    observed = (rng.random(n) < expected * np.exp(x @ np.array(true))).astype(float)
    return recalibration.tilted(x, expected, observed, overlap=0.5, shared=shared)


def test_shared_luck_makes_the_level_unsure_and_not_the_difference_between_large_and_small():
    alone, of_alone = tilted((0.3, -0.4, 0.0), shared=1.0)
    together, of_together = tilted((0.3, -0.4, 0.0), shared=0.02)
    assert alone == pytest.approx([0.3, -0.4, 0.0], abs=0.1)
    assert together[0] < 0.6 * alone[0] and together[1:] == pytest.approx(alone[1:])
    assert of_together[0, 0] > 3 * of_alone[0, 0] and (of_together[1:, 1:] == of_alone[1:, 1:]).all()
