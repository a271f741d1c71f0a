"""How long stays last and how they end, with the open ones counted as still waiting.

Ages are whole days. A stay of age `a` left on the a-th day after its entry (0: the same day); an open stay of age `a`
is known not to have left up to and including that day, so it is at risk at `a` and leaves the risk set afterwards.

Source: Kaplan and Meier 1958; Greenwood 1926; Aalen and Johansen 1978; the log-log interval of Kalbfleisch and
Prentice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[Any]  # of float64; the stubs of bincount think otherwise
Ints = NDArray[np.int64]
OPEN = -1
FEWEST_WATCHED = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; None where the data cannot tell."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class RiskTable:
    """How many were at risk at each age, and how many left then by each cause.

    at_risk: (A,) stays; events: (K, A) stays. Ages run 0 … A-1 days.
    """

    at_risk: Ints
    events: Ints

    @property
    def entered(self) -> int:
        """Stays that were watched from their first day."""
        return int(self.at_risk[0]) if len(self.at_risk) else 0

    @property
    def left(self) -> Ints:
        return self.events.sum(axis=0)


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """S(a) = P(stay > a days) at each age with a pointwise interval. survival, low, high: (A,); at_risk: (A,)."""

    survival: Floats
    low: Floats
    high: Floats
    at_risk: Ints

    def quantile(self, share: float) -> Estimate:
        """The day by which `share` of those who enter have left; None while the curve has not come down so far, or came
        so far only where too few were still watched to tell."""
        level = 1 - share + 1e-12
        curves = (self.survival, self.low, self.high)
        return Estimate(*(self._if_watched(_first_at_or_below(curve, level)) for curve in curves))

    def _if_watched(self, age: float | None) -> float | None:
        """The age, if at least ten were watched there, or at least half of all that would be, were none still open."""
        if age is None:
            return None
        there = int(age)
        staying = self.survival[there - 1] if there else 1.0
        return age if self.at_risk[there] >= min(FEWEST_WATCHED, self.at_risk[0] * staying / 2) else None

    def restricted_mean(self, horizon: int) -> float:
        """Mean days of stay, counting at most `horizon` days of each."""
        ages = min(horizon, len(self.survival))
        tail = self.survival[-1] * (horizon - ages) if ages < horizon and len(self.survival) else 0.0
        return float(self.survival[:ages].sum() + tail)


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """F_k(a) = P(left by cause k within a days). incidence, low, high: (K, A); still_open: (A,)."""

    incidence: Floats
    low: Floats
    high: Floats
    still_open: Floats

    def at(self, age: int, cause: int) -> Estimate:
        age = min(age, self.incidence.shape[1] - 1)
        if age < 0:
            return Estimate(None)
        return Estimate(float(self.incidence[cause, age]), float(self.low[cause, age]), float(self.high[cause, age]))


def risk_table(start: Ints, stop: Ints, cause: Ints, *, causes: int, oldest: int = 3650) -> RiskTable:
    """Count by age. start: age from which the stay was watched; stop: age at which it ended or was last seen open;
    cause: 0 … causes-1, or OPEN. All (n,). Stays never watched (start > stop) are left out; longer ones than `oldest`
    days count as open at that age."""
    start, stop, cause = (np.asarray(values, dtype=np.int64) for values in (start, stop, cause))
    watched = (start <= stop) & (start <= oldest)
    start, stop, cause = start[watched], stop[watched], cause[watched]
    cause = np.where(stop > oldest, OPEN, cause)
    stop = np.minimum(stop, oldest)
    ages = int(stop.max()) + 1 if len(stop) else 0
    came = np.bincount(start, minlength=ages + 1)
    gone = np.bincount(stop + 1, minlength=ages + 1)
    ended = cause != OPEN
    events = np.bincount(cause[ended] * ages + stop[ended], minlength=causes * ages).reshape(causes, ages)
    return RiskTable(np.cumsum(came - gone[: ages + 1])[:ages], events)


def kaplan_meier(table: RiskTable, *, confidence: float = 0.95) -> SurvivalCurve:
    """The share that still stays at each age, with Greenwood's variance on the log-log scale."""
    at_risk, left = table.at_risk.astype(float), table.left.astype(float)
    hazard = np.divide(left, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
    survival = np.cumprod(1 - hazard)
    remaining = at_risk * (at_risk - left)
    terms = np.divide(left, remaining, out=np.full_like(at_risk, np.inf), where=remaining > 0)
    greenwood = np.cumsum(np.where(left > 0, terms, 0.0))
    low, high = _log_log_interval(survival, greenwood, confidence)
    return SurvivalCurve(survival, low, high, table.at_risk)


def aalen_johansen(table: RiskTable, *, confidence: float = 0.95) -> CumulativeIncidence:
    """The share that has left by each cause at each age, with the delta-method variance."""
    at_risk, events, left = table.at_risk.astype(float), table.events.astype(float), table.left.astype(float)
    safe = np.where(at_risk > 0, at_risk, 1.0)
    survival = np.cumprod(1 - left / safe)
    before = np.concatenate([[1.0], survival[:-1]]) if len(survival) else survival
    incidence = np.cumsum(before * events / safe, axis=1)
    variance = _incidence_variance(incidence, before, events, left, safe)
    low, high = _complementary_interval(incidence, variance, confidence)
    return CumulativeIncidence(incidence, low, high, survival)


def _incidence_variance(incidence: Floats, before: Floats, events: Floats, left: Floats, at_risk: Floats) -> Floats:
    """Marubini and Valsecchi's formula, expanded into running sums so that it costs one pass."""
    spread = at_risk * (at_risk - left)
    by_all = np.divide(left, spread, out=np.zeros_like(left), where=spread > 0)
    by_cause = before * events / at_risk**2
    own = before**2 * events * (at_risk - events) / at_risk**3
    total = np.cumsum(by_all)
    weighted, squared = np.cumsum(incidence * by_all, axis=1), np.cumsum(incidence**2 * by_all, axis=1)
    crossed, crossed_weighted = np.cumsum(by_cause, axis=1), np.cumsum(incidence * by_cause, axis=1)
    variance = (
        incidence**2 * total
        - 2 * incidence * weighted
        + squared
        + np.cumsum(own, axis=1)
        - 2 * (incidence * crossed - crossed_weighted)
    )
    return np.maximum(variance, 0.0)


def _log_log_interval(survival: Floats, greenwood: Floats, confidence: float) -> tuple[Floats, Floats]:
    z = ndtri(0.5 + confidence / 2)
    inside = (survival > 0) & (survival < 1) & np.isfinite(greenwood)
    log = np.log(np.where(inside, survival, 0.5))
    width = np.minimum(z * np.sqrt(np.where(inside, greenwood, 0.0)) / np.abs(log), 50.0)
    low = np.where(inside, np.exp(log * np.exp(width)), survival)
    high = np.where(inside, np.exp(log * np.exp(-width)), survival)
    for age in np.flatnonzero(survival <= 0)[:1]:  # nobody is left: how low the curve really is cannot be said
        high[age:] = high[age - 1] if age else 1.0
    return low, high


def _complementary_interval(incidence: Floats, variance: Floats, confidence: float) -> tuple[Floats, Floats]:
    z = ndtri(0.5 + confidence / 2)
    inside = (incidence > 0) & (incidence < 1)
    rest = np.where(inside, 1 - incidence, 0.5)
    log = np.log(rest)
    width = np.minimum(z * np.sqrt(variance) / (rest * np.abs(log)), 50.0)
    low = np.where(inside, 1 - np.exp(log * np.exp(-width)), incidence)
    high = np.where(inside, 1 - np.exp(log * np.exp(width)), incidence)
    return low, high


def _first_at_or_below(curve: Floats, level: float) -> float | None:
    reached = np.flatnonzero(curve <= level)
    return float(reached[0]) if len(reached) else None
