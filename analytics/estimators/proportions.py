"""Shares and whether they differ.

Source: Wilson 1927 for the interval of a share; the two-proportion test with pooled variance and Yates' correction.
"""

from __future__ import annotations

from scipy.special import ndtr, ndtri

from .survival import Estimate


def wilson(count: int, total: int, *, confidence: float = 0.95) -> Estimate:
    """The share with its score interval; None of nothing."""
    if total == 0:
        return Estimate(None)
    z = float(ndtri(0.5 + confidence / 2))
    share, weight = count / total, z**2 / total
    centre = (share + weight / 2) / (1 + weight)
    width = z * (share * (1 - share) / total + weight / total / 4) ** 0.5 / (1 + weight)
    return Estimate(share, max(0.0, centre - width), min(1.0, centre + width))


def differ(count: int, total: int, before: int, total_before: int) -> float:
    """p, two-sided, that both shares are of the same population; 1 where there is nothing to compare."""
    if not total or not total_before:
        return 1.0
    pooled = (count + before) / (total + total_before)
    variance = pooled * (1 - pooled) * (1 / total + 1 / total_before)
    if variance == 0:
        return 1.0
    correction = (1 / total + 1 / total_before) / 2
    distance = max(0.0, abs(count / total - before / total_before) - correction)
    return float(2 * ndtr(-distance / variance**0.5))
