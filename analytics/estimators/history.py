"""What is said of a period by the periods before it, without looking at a single open card.

Source: a Student-t around the weighted mean of past windows, the newest counting most; its spread shrunk towards that
of shorter stretches.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from .survival import Floats

MOST_WINDOWS = 6
FADING = 0.8
PRIOR_WINDOWS = 4
SMALLEST_SPREAD = 0.1
UNKNOWN_SPREAD = 0.3
SHORTER = (28, 7)
LEVELS = (np.arange(1, 100)) / 100


def windows(per_day: Floats, length: int) -> Floats:
    """Sums of whole windows of `length` days, newest first. per_day: (n,) oldest first."""
    number = len(per_day) // length
    return per_day[len(per_day) - number * length :].reshape(number, length).sum(axis=1)[::-1]


def naive(per_day: Floats, length: int) -> float:
    """The last window again."""
    return mean_of_last(per_day, length, 1)


def mean_of_last(per_day: Floats, length: int, number: int = 3) -> float:
    """The mean of the newest windows; where not even one is whole, the mean day times its days."""
    past = windows(per_day, length)[:number]
    return float(past.mean()) if len(past) else _mean_day(per_day) * length


def student(per_day: Floats, length: int, levels: Floats = LEVELS) -> Floats:
    """Quantiles of the next window's sum, (levels,), never below zero."""
    past = windows(per_day, length)[:MOST_WINDOWS]
    if not len(past):
        past = np.array([_mean_day(per_day) * length])
    weights = FADING ** np.arange(len(past))
    centre = float((past * weights).sum() / weights.sum())
    spread = max(_spread(per_day, length, centre), SMALLEST_SPREAD * centre)
    n = len(past)
    variance = (float(((past - centre) ** 2).sum()) + PRIOR_WINDOWS * spread**2) / (n + PRIOR_WINDOWS)
    return np.maximum(centre + (variance * (1 + 1 / n)) ** 0.5 * stdtrit(n + 3, levels), 0.0)


def _spread(per_day: Floats, length: int, centre: float) -> float:
    """How much windows of this length vary, from the longest stretches of which there are three."""
    for shorter in (length, *(days for days in SHORTER if days < length)):
        past = windows(per_day, shorter)
        if len(past) >= 3:
            return float(past.std(ddof=1)) * (length / shorter) ** 0.5
    return UNKNOWN_SPREAD * centre


def _mean_day(per_day: Floats) -> float:
    return float(per_day.mean()) if len(per_day) else 0.0


__all__ = ["LEVELS", "mean_of_last", "naive", "student", "windows"]
