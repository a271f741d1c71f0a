"""Intervals of a share. Source: Wilson 1927; Jeffreys' Beta(½, ½) prior (Brown, Cai and DasGupta 2001)."""

from __future__ import annotations

from scipy.special import betaincinv, ndtri

from .survival import Estimate


def wilson(successes: float, n: float, *, confidence: float = 0.95) -> Estimate:
    """The share successes / n with Wilson's interval; nothing known where n is 0."""
    if n <= 0:
        return Estimate(None)
    z = ndtri(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return Estimate(share, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def jeffreys(successes: float, n: float, *, confidence: float = 0.95) -> Estimate:
    """The share successes / n with Jeffreys' interval, closed at 0 and 1 where all failed or all succeeded."""
    if n <= 0:
        return Estimate(None)
    tail = (1 - confidence) / 2
    low = 0.0 if successes <= 0 else float(betaincinv(successes + 0.5, n - successes + 0.5, tail))
    high = 1.0 if successes >= n else float(betaincinv(successes + 0.5, n - successes + 0.5, 1 - tail))
    return Estimate(successes / n, low, high)
