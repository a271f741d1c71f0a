"""One forecast of several: each counts by how good it was so far, and the range is as wide as it had to be.

Source: quantile averaging (Vincent 1912; Lichtendahl, Grushka-Cockayne and Winkler 2013); conformal width as in Romano,
Patterson and Candès 2019, with a prior since few periods have ended.
"""

from __future__ import annotations

import numpy as np

from .history import LEVELS
from .survival import Floats

SHARPNESS = 6.0
PSEUDO_SCORES = 3.0
PSEUDO_WIDTHS = 8.0
NARROWEST, WIDEST = 0.8, 2.0
BAND = 0.80


def crps(quantiles: Floats, actual: float) -> float:
    """The continuous ranked probability score of a distribution given at LEVELS: its mean absolute error."""
    return 2 * float(np.mean(np.where(actual >= quantiles, LEVELS, LEVELS - 1) * (actual - quantiles)))


def weights(scores: Floats, counts: Floats, prior: Floats) -> Floats:
    """How much each forecast counts, (K,), adding up to 1.

    scores: (n, K) of past windows, lower is better; counts: (n,) how much each window tells; prior: (K,) how much each
    counts before anything is graded. A few pseudo scores, equal for all, keep to it while little has been seen.
    """
    mean = np.ones(len(prior))
    if counts.sum() > 0:
        sums = counts @ scores
        even = sums.mean() / counts.sum()
        mean = (sums + PSEUDO_SCORES * even) / (counts.sum() + PSEUDO_SCORES)
    raw = prior * np.maximum(mean / max(mean.min(), 1e-12), 1.0) ** -SHARPNESS
    return raw / raw.sum()


def blend(quantiles: Floats, weight: Floats) -> Floats:
    """The weighted mean of each quantile. quantiles: (K, levels)."""
    return weight @ quantiles


def miss(quantiles: Floats, actual: float) -> float:
    """How far off the median, in half-widths of the 80 % band on that side: 1 at its edge."""
    middle = quantile(quantiles, 0.5)
    edge = quantile(quantiles, 0.9 if actual >= middle else 0.1)
    return abs(actual - middle) / max(abs(edge - middle), 1e-9 * max(abs(middle), 1.0))


def width(misses: Floats, effective: float) -> float:
    """By how much to widen the range so that four of five past windows would have been inside. misses: (n,), of which
    `effective` are independent. It is made narrower by a fifth at most: a quiet past promises little."""
    if not len(misses):
        return 1.0
    n = max(effective, 1.0)
    needed = float(np.quantile(misses, BAND))
    return float(np.clip((needed * n + PSEUDO_WIDTHS) / (n + PSEUDO_WIDTHS), NARROWEST, WIDEST))


def widened(quantiles: Floats, factor: float) -> Floats:
    middle = quantile(quantiles, 0.5)
    return np.maximum(middle + (quantiles - middle) * factor, 0.0)


def quantile(quantiles: Floats, level: float) -> float:
    return float(np.interp(level, LEVELS, quantiles))


__all__ = ["blend", "crps", "miss", "quantile", "weights", "widened", "width"]
