"""The chance of a yes, from facts known beforehand: logistic regression whose coefficients are drawn towards zero.

The prior keeps answers finite and honest where data are few: what was seen among the won only is no certainty.

Source: penalised maximum likelihood as in le Cessie and van Houwelingen 1992; Laplace's approximation for covariance
and evidence (MacKay 1992); average effects by the delta method, as in Lane and Nelder 1982.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from .survival import Floats

INTERCEPT_SPREAD = 5.0
ROUNDS = 50
SMALLEST_STEP = 1e-8
LARGEST_LOG_ODDS = 30.0


@dataclass(frozen=True, slots=True)
class Fit:
    """coefficients: (1 + p,) in log odds, the intercept first, then one a column; covariance: theirs, (1 + p, 1 + p);
    n cases, of which `events` said yes; evidence: log of how likely the answers are under the prior, to choose it by.
    """

    coefficients: Floats
    covariance: Floats
    n: int
    events: int
    evidence: float

    def wald(self, contrast: Floats) -> Wald:
        """Whether a sum of coefficients differs from zero; contrast: (1 + p,) their weights, the intercept's first."""
        value = float(contrast @ self.coefficients)
        return Wald(value, max(float(contrast @ self.covariance @ contrast), 0.0) ** 0.5)


@dataclass(frozen=True, slots=True)
class Wald:
    value: float
    error: float

    @property
    def p(self) -> float:
        """Two-sided."""
        return 1.0 if self.error <= 0 else float(2 * ndtr(-abs(self.value) / self.error))


@dataclass(frozen=True, slots=True)
class Chances:
    """One row a case: the chance of a yes, and the interval of that chance (not of the answer)."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Effect:
    """By how much an average chance differs, with its interval: .08 are eight points."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scale:
    """What one unit of each column is: its standard deviation among the cases, from their mean."""

    centre: Floats
    unit: Floats

    @classmethod
    def of(cls, x: Floats) -> Scale:
        """Of the known cells of each column; a column that does not vary has the unit 1."""
        known = ~np.isnan(x)
        n = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, x, 0.0)
        centre = filled.sum(axis=0) / n
        unit = (np.where(known, x - centre, 0.0) ** 2).sum(axis=0) / n
        return cls(centre, np.where(unit > 0, unit, 1.0) ** 0.5)

    def applied(self, x: Floats) -> Floats:
        """In units from the mean; an unknown cell counts as the mean."""
        return np.nan_to_num((x - self.centre) / self.unit, nan=0.0)


def fit(x: Floats, y: NDArray[np.bool_] | Floats, *, prior_spread: float | Floats = 1.0) -> Fit:
    """Coefficients, drawn towards zero.

    x: (n, p), without unknown cells, its columns of about unit size (`Scale`); y: (n,), whether the answer was yes;
    prior_spread: the standard deviation, one for all or (p,), that a column's coefficient is believed to have. The
    intercept is left nearly free. Without cases the answer is the prior.
    """
    x = np.column_stack([np.ones(len(x)), x])
    y = np.asarray(y, dtype=float)
    precision = np.append(
        INTERCEPT_SPREAD**-2, np.broadcast_to(np.asarray(prior_spread, float) ** -2.0, x.shape[1] - 1)
    )
    b = np.zeros(x.shape[1])
    reached = _log_posterior(x, y, b, precision)
    for _ in range(ROUNDS):
        p = _chance(x @ b)
        slope = x.T @ (y - p) - precision * b
        step = np.linalg.solve(_curvature(x, p, precision), slope)
        b, reached, moved = _ascended(x, y, b, step, precision, reached)
        if moved < SMALLEST_STEP:
            break
    curvature = _curvature(x, _chance(x @ b), precision)
    covariance = np.linalg.inv(curvature)
    evidence = reached + 0.5 * (np.log(precision).sum() - np.linalg.slogdet(curvature)[1])
    return Fit(b, covariance, len(y), int(y.sum()), float(evidence))


def chance(of: Fit, x: Floats, *, level: float = 0.80) -> Chances:
    """The chance of each case, x: (n, p) in the columns that were fitted."""
    x = np.column_stack([np.ones(len(x)), x])
    odds = x @ of.coefficients
    reach = float(ndtri((1 + level) / 2)) * np.maximum(((x @ of.covariance) * x).sum(axis=1), 0.0) ** 0.5
    return Chances(_chance(odds), _chance(odds - reach), _chance(odds + reach))


@dataclass(frozen=True, slots=True)
class Average:
    """The mean chance of many cases, and how it follows the coefficients: slope, (1 + p,)."""

    value: float
    slope: Floats


def average(of: Fit, x: Floats) -> Average:
    """Of the cases as x has them, (n, p): as they are, or as if something about them were otherwise."""
    x = np.column_stack([np.ones(len(x)), x])
    p = _chance(x @ of.coefficients)
    return Average(float(p.mean()), (x * (p * (1 - p))[:, None]).mean(axis=0))


def effect(of: Fit, looks: Sequence[tuple[float, Average]], *, level: float = 0.90) -> Effect:
    """A weighted sum of average chances: [(1, as if), (-1, as it is)] is the difference something makes on average."""
    value = sum(weight * look.value for weight, look in looks)
    slope = np.sum([weight * look.slope for weight, look in looks], axis=0)
    reach = float(ndtri((1 + level) / 2)) * max(float(slope @ of.covariance @ slope), 0.0) ** 0.5
    return Effect(value, max(value - reach, -1.0), min(value + reach, 1.0))


def _chance(log_odds: Floats) -> Floats:
    return expit(np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS))


def _curvature(x: Floats, p: Floats, precision: Floats) -> Floats:
    return (x * (p * (1 - p))[:, None]).T @ x + np.diag(precision)


def _log_posterior(x: Floats, y: Floats, b: Floats, precision: Floats) -> float:
    odds = x @ b
    return float((y * odds - np.logaddexp(0.0, odds)).sum() - 0.5 * (precision * b**2).sum())


def _ascended(
    x: Floats, y: Floats, b: Floats, step: Floats, precision: Floats, reached: float
) -> tuple[Floats, float, float]:
    """Where the step leads, halved until it leads upwards; how high that is, and how far it went."""
    for halvings in range(30):
        part = step * 0.5**halvings
        now = _log_posterior(x, y, b + part, precision)
        if now >= reached:
            return b + part, now, float(np.abs(part).max())
    return b, reached, 0.0


__all__ = ["Average", "Chances", "Effect", "Fit", "Scale", "Wald", "average", "chance", "effect", "fit"]
