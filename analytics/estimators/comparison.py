"""Has a stage changed between two periods?

Calendar-period comparison: a stay gives its days before the boundary to the reference and those after it to the window,
so both are watched from the age they had when their period began (left truncation).

Source: Mantel 1966 for the log-rank test; quasi-Poisson dispersion as in McCullagh and Nelder 1989, chapter 6;
Benjamini and Hochberg 1995.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from .survival import Floats, Ints, RiskTable


@dataclass(frozen=True, slots=True)
class Comparison:
    """Events seen in the window against those expected had it been like the reference.

    ratio: observed / expected by the reference's rates; z: signed, negative where fewer happened than expected;
    p_fewer, p_more: one-sided.
    """

    observed: float
    expected: float
    z: float
    dispersion: float

    @property
    def ratio(self) -> float | None:
        return self.observed / self.expected if self.expected > 0 else None

    @property
    def p_fewer(self) -> float:
        return float(ndtr(self.z))

    @property
    def p_more(self) -> float:
        return float(ndtr(-self.z))


def log_rank(window: RiskTable, reference: RiskTable, cause: int, *, dispersion: float = 1.0) -> Comparison:
    """Compare how often `cause` happened at each age; the variance is multiplied by `dispersion` (at least 1)."""
    ages = max(len(window.at_risk), len(reference.at_risk))
    y1, d1 = _counts(window, cause, ages)
    y0, d0 = _counts(reference, cause, ages)
    y, d = y1 + y0, d1 + d0
    share = np.divide(y1, y, out=np.zeros(ages), where=y > 0)
    difference = float((d1 - d * share).sum())
    tied = np.divide(y - d, y - 1, out=np.zeros(ages), where=y > 1)
    variance = float((d * share * (1 - share) * tied).sum()) * max(dispersion, 1.0)
    rate = np.divide(d0, y0, out=np.zeros(ages), where=y0 > 0)
    return Comparison(
        observed=float(d1.sum()),
        expected=float((rate * y1).sum()),
        z=difference / variance**0.5 if variance > 0 else 0.0,
        dispersion=max(dispersion, 1.0),
    )


def weekly_counts(
    entered: Ints, start: Ints, stop: Ints, happened: NDArray[np.bool_], rate: Floats, *, first: int, last: int
) -> tuple[Floats, Floats]:
    """Events seen and expected in each whole week that ends on day `last`, none before day `first`. Both (weeks,).

    entered (day), start, stop (ages watched, both included), happened (whether it ended by the event): (n,);
    rate: (A,) the event's hazard by age, the last one going on.
    """
    weeks = (last - first + 1) // 7
    begin = last - 7 * weeks + 1
    from_day, to_day = np.maximum(entered + start, begin), np.minimum(entered + stop, last)
    length = np.maximum(to_day - from_day + 1, 0)
    stay = np.repeat(np.arange(len(length)), length)
    day = np.arange(len(stay)) - np.repeat(np.cumsum(length) - length, length) + from_day[stay]
    expected = rate[np.minimum(day - entered[stay], len(rate) - 1)] if len(rate) else np.zeros(len(day))
    ended = (entered + stop)[happened]
    seen = ended[(ended >= begin) & (ended <= last)]
    return (
        np.bincount((seen - begin) // 7, minlength=weeks)[:weeks].astype(float),
        np.bincount((day - begin) // 7, weights=expected, minlength=weeks)[:weeks],
    )


def weekly_dispersion(observed: Floats, expected: Floats) -> float:
    """How much more than Poisson the weekly counts vary around their expectation; at least 1. Both (weeks,).

    Weeks with less than half an event expected are pooled with those after them.
    """
    sums_observed, sums_expected = [], []
    running_observed = running_expected = 0.0
    for seen, due in zip(observed, expected, strict=True):
        running_observed, running_expected = running_observed + seen, running_expected + due
        if running_expected >= 0.5:
            sums_observed.append(running_observed)
            sums_expected.append(running_expected)
            running_observed = running_expected = 0.0
    if len(sums_expected) < 4:
        return 1.0
    o, e = np.array(sums_observed), np.array(sums_expected)
    e = e * o.sum() / e.sum() if o.sum() > 0 else e
    return max(1.0, float(((o - e) ** 2 / np.maximum(e, 1e-9)).sum() / (len(o) - 1)))


def false_discovery(p: Floats, *, rate: float = 0.10) -> tuple[NDArray[np.bool_], Floats]:
    """Which of the tests hold with at most `rate` false ones among them, and each test's q. Both (tests,)."""
    p = np.asarray(p, dtype=float)
    if len(p) == 0:
        return np.zeros(0, bool), p
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty_like(p)
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q <= rate, q


def change_point(observed: Floats, expected: Floats, *, shortest: int = 3) -> int | None:
    """The week from which the rate differs most, as an index; None with too few weeks. Both (weeks,).

    The two-rate Poisson likelihood is maximised; each side has at least `shortest` weeks.
    """
    weeks = len(observed)
    if weeks < 2 * shortest:
        return None
    seen, due = np.cumsum(observed), np.cumsum(expected)
    splits = np.arange(shortest, weeks - shortest + 1)
    before = _log_likelihood(seen[splits - 1], due[splits - 1])
    after = _log_likelihood(seen[-1] - seen[splits - 1], due[-1] - due[splits - 1])
    return int(splits[np.argmax(before + after)])


def _log_likelihood(observed: Floats, expected: Floats) -> Floats:
    ratio = np.maximum(observed, 1e-9) / np.maximum(expected, 1e-9)
    return np.where(observed > 0, observed * np.log(ratio), 0.0)


def _counts(table: RiskTable, cause: int, ages: int) -> tuple[Floats, Floats]:
    at_risk, events = np.zeros(ages), np.zeros(ages)
    at_risk[: len(table.at_risk)] = table.at_risk
    events[: len(table.at_risk)] = table.events[cause]
    return at_risk, events


__all__ = ["Comparison", "change_point", "false_discovery", "log_rank", "weekly_counts", "weekly_dispersion"]
