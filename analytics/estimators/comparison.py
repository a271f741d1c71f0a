"""Has a stage changed lately?

Calendar-period comparison: a stay gives its days before a boundary to the reference and those after it to the window,
so both are watched from the age they had when their period began (left truncation). Since when a change has lasted is
not known, so several boundaries are tried, and the answer is corrected for the search.

Source: Mantel 1966 for the log-rank test, here of any weighted sum of ways to leave; Pearson's type III distribution
for the skewness of small counts; Armitage, McPherson and Rowe 1969 for repeated looks at a growing sum; quasi-Poisson
dispersion as in McCullagh and Nelder 1989, chapter 6; Benjamini and Hochberg 1995.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, ndtr, ndtri

from .survival import Floats, Ints, RiskTable

SMALLEST_P = 1e-12
ALIKE = 0.995
LOWEST_SCORE = -8.0
LOOK_NODES = 160


@dataclass(frozen=True, slots=True)
class Comparison:
    """A weighted sum of events in the window, less what it would be had they come as in both periods together.

    difference: Σ wₖ (observedₖ − expectedₖ); variance and third: its second and third central moment under no change;
    dispersion: how much more than that weeks vary, at least 1.
    """

    difference: float
    variance: float
    third: float
    dispersion: float = 1.0

    @property
    def z(self) -> float:
        return self.difference / (self.variance * self.dispersion) ** 0.5 if self.variance > 0 else 0.0

    @property
    def p(self) -> float:
        """One-sided: how often chance alone makes the sum as large. Three moments are matched (Pearson III)."""
        if self.variance <= 0:
            return 1.0
        skewness = self.third / self.variance**1.5 * self.dispersion**0.5
        if abs(skewness) < 1e-3:
            return max(float(ndtr(-self.z)), SMALLEST_P)
        shape = 4 / skewness**2
        at = shape + np.sign(skewness) * self.z * shape**0.5
        if at <= 0:
            return 1.0 if skewness > 0 else SMALLEST_P
        return max(float(gammaincc(shape, at) if skewness > 0 else gammainc(shape, at)), SMALLEST_P)


def log_rank(
    window: RiskTable, reference: RiskTable, weights: Sequence[float], *, dispersion: float = 1.0
) -> Comparison:
    """Compare how often the causes happened at each age, as the sum with these weights, one a cause.

    At each age those who leave are drawn without replacement from all at risk: the sum's moments are those of a
    multivariate hypergeometric draw. Its variance is multiplied by `dispersion` (at least 1).
    """
    ages = max(len(window.at_risk), len(reference.at_risk))
    y1, d1 = _counts(window, ages)
    y0, d0 = _counts(reference, ages)
    y, d = y1 + y0, d1 + d0
    w = np.asarray(weights, dtype=float)[:, None]
    mean = np.divide((w * d).sum(axis=0), y, out=np.zeros(ages), where=y > 0)
    staying = y - d.sum(axis=0)
    second, third = (
        np.divide((d * (w - mean) ** k).sum(axis=0) + staying * (-mean) ** k, y, out=np.zeros(ages), where=y > 0)
        for k in (2, 3)
    )
    pairs = np.divide(y1 * y0, y - 1, out=np.zeros(ages), where=y > 1)
    triples = np.divide(y1 * y0 * (y0 - y1), (y - 1) * (y - 2), out=np.zeros(ages), where=y > 2)
    return Comparison(
        difference=float(((w * d1).sum(axis=0) - y1 * mean).sum()),
        variance=float((pairs * second).sum()),
        third=float((triples * third).sum()),
        dispersion=max(dispersion, 1.0),
    )


def strongest(looks: Sequence[Comparison]) -> float:
    """The p of the whole search through the looks: windows that grow, shortest first.

    Under no change the standardised sums are a Brownian motion seen at times in proportion to their variances; the
    chance that none of them passes the largest one seen is integrated look by look.
    """
    seen = [look for look in looks if look.variance > 0]
    score = max((-float(ndtri(look.p)) for look in seen), default=0.0)
    return 1.0 if score <= 0 else max(SMALLEST_P, 1 - _none_above(score, [look.variance for look in seen]))


def detectable(looks: Sequence[Comparison], level: float, *, power: float) -> float | None:
    """How many times slower events must come, all through the longest look, to be found with this power at this level
    of the whole search; None where not even their absence would be.

    With e events expected, 1/r as many seen have mean e/r and variance φe/r: the normal approximation is solved for r.
    """
    longest = looks[-1]
    times = [look.variance for look in looks if look.variance > 0]
    if not times:
        return None
    low, high = 0.0, 8.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - _none_above(middle, times) > level else (low, middle)
    events, spread = longest.variance, longest.dispersion**0.5
    needed = high * (events**0.5) * spread
    if needed >= events:
        return None
    # events − x² = needed + z·φ½·x, where x² is what is still seen
    z = float(ndtri(power)) * spread
    seen = (((z**2 + 4 * (events - needed)) ** 0.5) - z) / 2
    return float(events / seen**2) if seen > 0 else None


def _none_above(score: float, times: list[float]) -> float:
    """P(B(t)/√t < score at every one of the times), for a Brownian motion B. Times too alike count once."""
    apart = [times[0]]
    for time in times[1:]:
        if (apart[-1] / time) ** 0.5 < ALIKE:
            apart.append(time)
    nodes, weights = _nodes()
    at = (score - LOWEST_SCORE) / 2 * nodes + (score + LOWEST_SCORE) / 2
    weights = weights * (score - LOWEST_SCORE) / 2
    density = _normal(at)
    for earlier, later in zip(apart, apart[1:], strict=False):
        together = (earlier / later) ** 0.5
        rest = (1 - together**2) ** 0.5
        density = (_normal((at[:, None] - together * at[None, :]) / rest) / rest) @ (density * weights)
    return float((density * weights).sum())


@cache
def _nodes() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(LOOK_NODES)


def _normal(at: Floats) -> Floats:
    return np.exp(-(at**2) / 2) / (2 * np.pi) ** 0.5


def weekly_counts(
    entered: Ints, start: Ints, stop: Ints, cause: Ints, rates: Floats, *, first: int, last: int
) -> tuple[Floats, Floats]:
    """Events seen and expected of each cause in each whole week that ends on day `last`, none before day `first`.

    entered (day), start, stop (ages watched, both included), cause (0 … K-1, or OPEN): (n,); rates: (K, A) hazards by
    age, the last one going on. Both answers are (K, weeks).
    """
    weeks = (last - first + 1) // 7
    begin = last - 7 * weeks + 1
    longest = int(max(start.max(initial=0), stop.max(initial=0))) + 1
    alike, stays = np.unique((entered * longest + start) * longest + stop, return_counts=True)
    days, until = np.divmod(alike, longest)
    due = _expected(*np.divmod(days, longest), until, stays, rates, begin=begin, last=last, weeks=weeks)
    ended = entered + stop
    counted = (cause >= 0) & (ended >= begin) & (ended <= last)
    place = cause[counted] * weeks + (ended[counted] - begin) // 7
    seen = np.bincount(place, minlength=len(rates) * weeks).reshape(len(rates), weeks)
    return seen.astype(float), due


def _expected(
    entered: Ints, start: Ints, stop: Ints, stays: Ints, rates: Floats, *, begin: int, last: int, weeks: int
) -> Floats:
    """(K, weeks), day by day; each row stands for so many `stays`."""
    from_day, to_day = np.maximum(entered + start, begin), np.minimum(entered + stop, last)
    length = np.maximum(to_day - from_day + 1, 0)
    row = np.repeat(np.arange(len(length)), length)
    day = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + from_day[row]
    age, week = np.minimum(day - entered[row], rates.shape[1] - 1), (day - begin) // 7
    return np.stack([np.bincount(week, weights=rate[age] * stays[row], minlength=weeks)[:weeks] for rate in rates])


def weekly_dispersion(observed: Floats, expected: Floats, variance: Floats | None = None) -> float:
    """How much more than Poisson the weekly sums vary around their expectation; at least 1. All (weeks,).

    `variance` is the sums' own, where they are not counts: of Σ wₖ observedₖ it is Σ wₖ² expectedₖ. Weeks with less
    than half of an event expected are pooled with those after them.
    """
    pooled: list[tuple[float, float, float]] = []
    seen = due = spread = 0.0
    for o, e, v in zip(observed, expected, expected if variance is None else variance, strict=True):
        seen, due, spread = seen + o, due + e, spread + v
        if spread >= 0.5:
            pooled.append((seen, due, spread))
            seen = due = spread = 0.0
    if len(pooled) < 4:
        return 1.0
    o, e, v = np.array(pooled).T
    return max(1.0, float(((o - e) ** 2 / v).sum() / (len(o) - 1)))


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
    """The week from which the rates differ most, as an index; None with too few weeks. Both (kinds, weeks).

    The two-rate Poisson likelihood is maximised, the kinds of events changing together; each side has at least
    `shortest` weeks.
    """
    weeks = observed.shape[1]
    if weeks < 2 * shortest:
        return None
    seen, due = np.cumsum(observed, axis=1), np.cumsum(expected, axis=1)
    splits = np.arange(shortest, weeks - shortest + 1)
    before = _log_likelihood(seen[:, splits - 1], due[:, splits - 1])
    after = _log_likelihood(seen[:, -1:] - seen[:, splits - 1], due[:, -1:] - due[:, splits - 1])
    return int(splits[np.argmax((before + after).sum(axis=0))])


def _log_likelihood(observed: Floats, expected: Floats) -> Floats:
    ratio = np.maximum(observed, 1e-9) / np.maximum(expected, 1e-9)
    return np.where(observed > 0, observed * np.log(ratio), 0.0)


def _counts(table: RiskTable, ages: int) -> tuple[Floats, Floats]:
    at_risk, events = np.zeros(ages), np.zeros((len(table.events), ages))
    at_risk[: len(table.at_risk)] = table.at_risk
    events[:, : len(table.at_risk)] = table.events
    return at_risk, events


__all__ = [
    "Comparison",
    "change_point",
    "detectable",
    "false_discovery",
    "log_rank",
    "strongest",
    "weekly_counts",
    "weekly_dispersion",
]
