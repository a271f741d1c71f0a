"""When to ask again after a loss: the chance that a next try is won, as a function of how long one waited.

A binomial Gaussian process on the logarithm of the wait, one curve for all loss reasons and a smaller departure from it
for each, so that reasons with few attempts lean on the others. Fitted by the mode and its curvature (Laplace); the wait
to propose maximises the lower bound of the discounted chance, and the band holds all waits that are nearly as good.

Source: Rasmussen and Williams 2006, algorithm 3.1; what it is worth beside a fixed wait is in docs/metrics.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, ndtri

ENOUGH = 200  # attempts whose end is known; with fewer a fixed wait does no worse
DISCOUNT_PER_YEAR = 0.1
CONFIDENCE = 0.8
NEARLY = 0.05  # waits whose bound lies so little below the best are as good
SHORTEST, LONGEST = 7.0, 730.0
LENGTH = 0.7  # of the curve, in log days: waits that differ by half are alike
ALL, ONE = 1.0, 0.5  # how far the common curve, and a reason's from it, may lie from their level, in logits
LEVEL = 1.5
BINS = 40
STEPS, TOLERANCE = 60, 1e-8


@dataclass(frozen=True)
class Wait:
    """Of one reason: attempts known, the wait in days that pays best, and the waits nearly as good."""

    n: int
    best_days: float
    from_days: float
    to_days: float


@dataclass(frozen=True)
class Curve:
    """Of one reason: the chance at each of the waits, with its lower and upper bound at CONFIDENCE."""

    days: np.ndarray
    chance: np.ndarray
    low: np.ndarray
    high: np.ndarray


def learn(days: np.ndarray, reason: np.ndarray, won: np.ndarray) -> dict[int, Wait]:
    """The wait of each reason, from the attempts: days waited, which reason, 1 for a try that was won and 0 for one
    that was not. Nothing when fewer than ENOUGH are known."""
    if len(days) < ENOUGH:
        return {}
    found = curves(days, reason, won)
    return {key: _best(curve, int((reason == key).sum())) for key, curve in found.items()}


def curves(days: np.ndarray, reason: np.ndarray, won: np.ndarray) -> dict[int, Curve]:
    """The chance over the wait, for each reason that was attempted, within the waits that were tried for any."""
    place, group, count, successes = _binned(days, reason, won)
    mode, weights, prior = _mode(place, group, count, successes)
    span = np.linspace(place.min(), place.max(), 120)
    z = float(ndtri(0.5 + CONFIDENCE / 2))
    return {int(key): _curve(span, key, place, group, mode, weights, prior, z) for key in np.unique(group)}


def _binned(days, reason, won):
    """Attempts of one reason with almost the same wait are one row of the data, so that the matrix stays small."""
    place = np.log(np.clip(np.asarray(days, float), SHORTEST, LONGEST))
    edges = np.linspace(np.log(SHORTEST), np.log(LONGEST), BINS + 1)
    cell = np.clip(np.searchsorted(edges, place, side="right") - 1, 0, BINS - 1)
    keys, inverse = np.unique(np.stack([np.asarray(reason, int), cell]), axis=1, return_inverse=True)
    inverse = inverse.ravel()
    count = np.bincount(inverse).astype(float)
    successes = np.bincount(inverse, weights=np.asarray(won, float))
    middle = np.bincount(inverse, weights=place) / count
    return middle, keys[0], count, successes


def _kernel(x, group, y, other):
    near = np.exp(-0.5 * ((x[:, None] - y[None, :]) / LENGTH) ** 2)
    same = (group[:, None] == other[None, :]).astype(float)
    return LEVEL**2 + ALL**2 * near + same * ONE**2 * (1 + near)


def _mode(place, group, count, successes):
    """Newton steps to the mode of the latent logits around their common level."""
    level = np.log((successes.sum() + 1) / (count.sum() - successes.sum() + 1))
    kernel = _kernel(place, group, place, group)
    latent = np.zeros(len(place))
    for _step in range(STEPS):
        chance = expit(level + latent)
        weights = np.maximum(count * chance * (1 - chance), 1e-10)
        root = np.sqrt(weights)
        factor = cho_factor(np.eye(len(place)) + root[:, None] * kernel * root[None, :], lower=True)
        ahead = weights * latent + successes - count * chance
        solved = ahead - root * cho_solve(factor, root * (kernel @ ahead))
        new = kernel @ solved
        moved, latent = np.abs(new - latent).max(), new
        if moved < TOLERANCE:
            break
    chance = expit(level + latent)
    weights = np.maximum(count * chance * (1 - chance), 1e-10)
    return (level, successes - count * chance), weights, kernel


def _curve(span, key, place, group, mode, weights, kernel, z) -> Curve:
    level, gradient = mode
    there = np.full(len(span), key)
    cross = _kernel(span, there, place, group)
    root = np.sqrt(weights)
    factor = cho_factor(np.eye(len(place)) + root[:, None] * kernel * root[None, :], lower=True)
    reduced = cho_solve(factor, root[:, None] * cross.T)
    own = LEVEL**2 + ALL**2 + ONE**2 * 2
    spread = np.sqrt(np.maximum(own - np.einsum("ij,ji->i", cross * root[None, :], reduced), 0))
    middle = level + cross @ gradient
    return Curve(np.exp(span), expit(middle), expit(middle - z * spread), expit(middle + z * spread))


def _best(curve: Curve, n: int) -> Wait:
    worth = np.exp(-DISCOUNT_PER_YEAR * curve.days / 365) * curve.low
    best = int(worth.argmax())
    good = np.flatnonzero(worth >= worth[best] * (1 - NEARLY))
    return Wait(n, float(curve.days[best]), float(curve.days[good.min()]), float(curve.days[good.max()]))
