"""Whether a card stays longer than others did: fresh, slowing (past the median) or stalled (past 85 %)."""

from enum import StrEnum

ENOUGH_PASSAGES = 20


class Age(StrEnum):
    FRESH = "fresh"
    SLOWING = "slowing"
    STALLED = "stalled"
    UNKNOWN = "unknown"


def age_of(days: float, norm) -> Age:
    """Judge a stay by the norm of its stage (n, median_days, p85_days); UNKNOWN before enough passed."""
    if norm is None or norm.n < ENOUGH_PASSAGES:
        return Age.UNKNOWN
    if norm.p85_days is not None and days > norm.p85_days:
        return Age.STALLED
    if norm.median_days is not None and days > norm.median_days:
        return Age.SLOWING
    return Age.FRESH
