"""Are the chances right? Wins that came against wins that were expected, by amount.

The chances of cards that were open on past days are set against what became of them. A ridge Poisson model says by how
much to raise or lower all of them, and how large deals differ from small ones.

Source: landmarking (van Houwelingen 2007); Poisson regression with the expected wins as exposure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .survival import Floats

PRIOR_SPREAD = 0.3
LEVEL_SPREAD = 0.2
SPREADS = np.array([LEVEL_SPREAD, 0.4, 0.2])  # that large deals are won less often is so nearly everywhere
FREE = 2.0  # the level beside which the slopes are found
FEATURES = 3
ROUNDS = 15
LOG_RANGE = (-4.0, 2.0)


@dataclass(frozen=True, slots=True)
class Tilt:
    """Log factors on expected wins: coefficients (3,) of 1, z and z²−1, where z is the standardised log amount; their
    covariance (3, 3); coming: factor on the wins of cards not there yet, and its squared coefficient of variation."""

    coefficients: Floats
    covariance: Floats
    centre: float
    scale: float
    coming: float = 1.0
    coming_variance: float = 0.0

    def features(self, amounts: Floats) -> Floats:
        """(n, 3); a card of unknown amount is a usual one."""
        z = np.clip((np.log1p(np.maximum(amounts, 0.0)) - self.centre) / self.scale, -3, 3)
        z = np.where(np.isnan(z), 0.0, z)
        return np.stack([np.ones(len(z)), z, z**2 - 1], axis=1)

    def effects(self, amounts: Floats, rng: np.random.Generator, draws: int) -> Callable[[slice], Floats]:
        """Of any of the n cards: (n, draws) factors on each one's chance, whose mean is what the coefficients say."""
        x = self.features(amounts)
        root = np.linalg.cholesky(self.covariance + 1e-9 * np.eye(FEATURES))
        deviations = rng.standard_normal((draws, FEATURES)) @ root.T
        level = x @ self.coefficients - ((x @ root) ** 2).sum(axis=1) / 2
        terms = np.column_stack([level, x]).astype(np.float32)
        factors = np.column_stack([np.ones(draws), deviations]).astype(np.float32).T
        return lambda part: np.exp(np.clip(terms[part] @ factors, *LOG_RANGE))


def untilted(won_amounts: Floats) -> Tilt:
    """Before anything is seen: chances are right within a fifth or so."""
    logs = np.log1p(np.maximum(won_amounts[~np.isnan(won_amounts)], 0.0))
    centre, scale = (float(logs.mean()), max(float(logs.std()), 0.3)) if len(logs) else (0.0, 1.0)
    return _even(centre, scale)


def undecided(other: Tilt) -> Tilt:
    """Nothing is seen of how chances differ from those that lean as the other does."""
    return _even(other.centre, other.scale)


def _even(centre: float, scale: float) -> Tilt:
    return Tilt(np.zeros(FEATURES), np.diag(SPREADS**2), centre, scale, 1.0, LEVEL_SPREAD**2)


def tilted(
    features: Floats, expected: Floats, observed: Floats, *, overlap: float, shared: float
) -> tuple[Floats, Floats]:
    """Coefficients (3,) and covariance (3, 3) of a Tilt. overlap: how much one of these wins tells where landmarks
    overlap; shared: how much of that is left of it for the level, since cards share their luck. Good and bad times are
    the same for large and small ones, so they take nothing from what is told of the difference."""
    free = np.append(FREE, SPREADS[1:])
    slopes, of_slopes = fit(features, expected, observed, overlap, free)
    level, of_level = fit(
        features[:, :1], expected * np.exp(features[:, 1:] @ slopes[1:]), observed, overlap * shared, LEVEL_SPREAD
    )
    covariance = np.zeros((FEATURES, FEATURES))
    covariance[:1, :1], covariance[1:, 1:] = of_level, of_slopes[1:, 1:]
    return np.append(level, slopes[1:]), covariance


def fit(
    features: Floats, expected: Floats, observed: Floats, weight: float, spread: Floats | float = PRIOR_SPREAD
) -> tuple[Floats, Floats]:
    """Coefficients and covariance. features: (n, k); expected and observed wins: (n,); weight: how much one of these
    wins tells, less than 1 where landmarks overlap and where cards share their luck; spread: prior standard
    deviation, of all or of each."""
    precision = np.full(features.shape[1], np.square(spread)) ** -1
    b = np.zeros(features.shape[1])
    curvature: NDArray[np.float64] = np.diag(precision)
    for _ in range(ROUNDS):
        mu = expected * np.exp(np.clip(features @ b, -4, 4))
        gradient = features.T @ (weight * (observed - mu)) - precision * b
        curvature = (features * (weight * mu)[:, None]).T @ features + np.diag(precision)
        step = np.clip(np.linalg.solve(curvature, gradient), -1, 1)
        b = b + step
        if np.abs(step).max() < 1e-4:
            break
    return b, np.linalg.inv(curvature)


__all__ = ["Tilt", "fit", "tilted", "undecided", "untilted"]
