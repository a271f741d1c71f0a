"""What goes with a yes, when all that is known beforehand is held alike.

Every fact enters one ridge logistic model together with what must be adjusted for; each is then tested in it, so that
a fact that only travels with another one is not taken for it. Levels of a fact are compared with its other levels.
What was not measured is in no model: these are associations.

Source: regression adjustment with average effects (Lane and Nelder 1982); Benjamini and Hochberg 1995; owners as
random effects whose spread maximises the evidence (empirical Bayes); the E-value of VanderWeele and Ding 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import comparison, logistic
from .survival import Floats, Ints

PRIOR_SPREAD = 1.0  # log odds: a fact seldom makes the odds three times as large or small
SHRUNK_SPREADS = (0.02, 0.1, 0.2, 0.35, 0.6, 1.0)
CONFIDENCE = 0.90
QUARTERS = (0.25, 0.75)
TENTHS = (0.10, 0.90)
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Measured:
    """A fact that is a number: values (n,), nan where unknown."""

    key: str
    values: Floats


@dataclass(frozen=True, slots=True)
class Grouped:
    """A fact that is one of several: codes (n,) below `levels`, UNKNOWN where it is not known or too rare to tell.

    shrunk: the levels are drawn towards each other by how much they differ at all, and not tested.
    """

    key: str
    codes: Ints
    levels: int
    shrunk: bool = False


@dataclass(frozen=True, slots=True)
class Association:
    """One fact, or one level of it, against the others.

    n: cases that have it, or of which the number is known; effect: by how much the average chance differs, the level
    against the other levels, or the upper end of the number against its lower (ends: those two); p: two-sided, and q:
    the false discovery rate at which it holds, both None for levels that are not tested; e_value: how strongly
    something unmeasured would have to go with both to explain away the nearer end of the interval, 1 where that has
    passed zero.
    """

    key: str
    level: int | None
    n: int
    effect: logistic.Effect
    p: float | None
    q: float | None
    e_value: float
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Associations:
    """spread: the standard deviation between the levels that are shrunk, in log odds; None where there are none."""

    rows: tuple[Association, ...]
    spread: float | None


def associations(
    y: NDArray[np.bool_], facts: Sequence[Measured | Grouped], adjusting: Floats, *, rate: float = 0.10
) -> Associations:
    """y: (n,), whether the answer was yes; adjusting: (n, k) numbers that are held alike and not told."""
    design = _Design(facts, adjusting)
    free = logistic.fit(design.x, y, prior_spread=PRIOR_SPREAD)
    drawn, spread = design.drawn_together(y)
    rows = [row for fact in facts for row in design.rows(drawn if drawn and _is_shrunk(fact) else free, fact)]
    tested = [place for place, row in enumerate(rows) if row.p is not None]
    q = comparison.false_discovery(np.array([rows[place].p for place in tested], dtype=float), rate=rate)[1]
    for place, value in zip(tested, q, strict=True):
        row = rows[place]
        rows[place] = Association(row.key, row.level, row.n, row.effect, row.p, float(value), row.e_value, row.ends)
    return Associations(tuple(rows), spread)


class _Design:
    """The columns of the model, and which of them are whose."""

    def __init__(self, facts: Sequence[Measured | Grouped], adjusting: Floats):
        scale = logistic.Scale.of(adjusting)
        columns = [*scale.applied(adjusting).T]
        self.places: dict[str, list[int]] = {}
        self.scales: dict[str, logistic.Scale] = {}
        shrunk: list[int] = []
        for fact in facts:
            is_unknown = np.isnan(fact.values) if isinstance(fact, Measured) else fact.codes == UNKNOWN
            begins = len(columns)
            if isinstance(fact, Measured):
                self.scales[fact.key] = own = logistic.Scale.of(fact.values[:, None])
                columns.append(own.applied(fact.values[:, None])[:, 0])
            else:
                columns += [(fact.codes == level).astype(float) for level in _columns(fact) or []]
            self.places[fact.key] = list(range(begins, len(columns)))
            if _is_shrunk(fact):
                shrunk += self.places[fact.key]
            if is_unknown.any() and not is_unknown.all():
                columns.append(is_unknown.astype(float))
        self.x = np.column_stack(columns) if columns else np.zeros((len(adjusting), 0))
        self.shrunk = np.isin(np.arange(self.x.shape[1]), shrunk)

    def drawn_together(self, y: NDArray[np.bool_]) -> tuple[logistic.Fit, float] | tuple[None, None]:
        """The fit whose spread between shrunk levels makes the answers likeliest, and that spread.

        Other facts are not tested in it: what the shrunk levels no longer explain would be laid to them.
        """
        if not self.shrunk.any():
            return None, None
        fits = [
            (logistic.fit(self.x, y, prior_spread=np.where(self.shrunk, spread, PRIOR_SPREAD)), spread)
            for spread in SHRUNK_SPREADS
        ]
        return max(fits, key=lambda found: found[0].evidence)

    def rows(self, fit: logistic.Fit, fact: Measured | Grouped) -> list[Association]:
        return self._measured(fit, fact) if isinstance(fact, Measured) else self._grouped(fit, fact)

    def _measured(self, fit: logistic.Fit, fact: Measured) -> list[Association]:
        known = fact.values[~np.isnan(fact.values)]
        ends = _ends(known)
        if ends is None:
            return []
        (place,), scale = self.places[fact.key], self.scales[fact.key]
        low, high = (self._as_if(fit, [place], scale.applied(np.array([[end]]))[0]) for end in ends)
        contrast = np.zeros(len(fit.coefficients))
        contrast[place + 1] = 1.0
        effect = logistic.effect(fit, [(1.0, high), (-1.0, low)], level=CONFIDENCE)
        p, e_value = fit.wald(contrast).p, _e_value(low.value, effect)
        return [Association(fact.key, None, len(known), effect, p, None, e_value, ends)]

    def _grouped(self, fit: logistic.Fit, fact: Grouped) -> list[Association]:
        columns = _columns(fact)
        if columns is None:
            return []
        counts, places = _counts(fact), self.places[fact.key]
        seen = np.flatnonzero(counts)
        values = {level: (np.array(columns) == level).astype(float) for level in seen.tolist()}
        looks = {level: self._as_if(fit, places, value) for level, value in values.items()}
        rows = []
        for level in columns:
            weights = np.where(np.arange(fact.levels) == level, 0.0, -counts / (counts.sum() - counts[level]))
            weights[level] = 1.0
            effect = logistic.effect(fit, [(float(weights[other]), looks[other]) for other in looks], level=CONFIDENCE)
            contrast = np.zeros(len(fit.coefficients))
            contrast[np.array(places) + 1] = sum(weights[other] * values[other] for other in looks)
            p = None if fact.shrunk else fit.wald(contrast).p
            e_value = _e_value(looks[level].value - effect.value, effect)
            rows.append(Association(fact.key, level, int(counts[level]), effect, p, None, e_value))
        return rows

    def _as_if(self, fit: logistic.Fit, places: list[int], values: Floats) -> logistic.Average:
        """The average chance if these columns said the same of every case."""
        x = self.x.copy()
        x[:, places] = values
        return logistic.average(fit, x)


def _is_shrunk(fact: Measured | Grouped) -> bool:
    return isinstance(fact, Grouped) and fact.shrunk


def _counts(fact: Grouped) -> Ints:
    return np.bincount(fact.codes[fact.codes != UNKNOWN], minlength=fact.levels)


def _columns(fact: Grouped) -> list[int] | None:
    """The levels that are told, of two only the rarer: the other says the same. None where nothing can be compared."""
    counts = _counts(fact)
    seen = np.flatnonzero(counts).tolist()
    if len(seen) < 2:
        return None
    return [min(seen, key=lambda level: (counts[level], level))] if len(seen) == 2 and not fact.shrunk else seen


def _ends(known: Floats) -> tuple[float, float] | None:
    """The quarters of the numbers, or their tenths where the quarters are one; None where those are, too."""
    for shares in (QUARTERS, TENTHS):
        if len(known):
            low, high = np.quantile(known, shares)
            if high > low:
                return float(low), float(high)
    return None


def _e_value(without: float, effect: logistic.Effect) -> float:
    nearer = effect.low if effect.value > 0 else effect.high
    if nearer * effect.value <= 0 or without <= 0:
        return 1.0
    ratio = max(without + nearer, 1e-3) / without
    ratio = max(ratio, 1 / ratio)
    return float(ratio + (ratio * (ratio - 1)) ** 0.5)


__all__ = ["Association", "Associations", "Grouped", "Measured", "associations"]
