"""Does the calendar matter? Months of a quarter, and the last working days of a month, by what they brought so far.

A calendar effect is believed as far as it repeats: months of the same place in the quarter are set against each other,
and an effect is shrunk by how much months vary without one. After one quarter there is next to nothing to believe;
after three, a regular pattern is taken almost whole.

Source: random-effects analysis of variance on log ratios, moment estimates with weak priors (James and Stein 1961).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .survival import Floats, Ints

MONTH_NOISE = 0.03  # what months vary beyond chance, squared, before anything is seen; counts as two months
NOISE_MONTHS = 2.0
FEWEST_DAYS = 14
FEWEST_EVENTS = 5.0
LAST_DAYS = 3
PLACES = 3


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Factors of mean about 1. of_month: (3,) by place in the quarter; of_end: on a month's last three working days,
    of_rest: on its other days."""

    of_month: Floats
    of_end: float = 1.0
    of_rest: float = 1.0

    def on(self, days: Ints) -> Floats:
        """(n,) the factor of each day."""
        months, is_end = calendar(days)
        return self.of_month[months % PLACES] * np.where(is_end, self.of_end, self.of_rest)


EVEN = Rhythm(np.ones(PLACES))


def calendar(days: Ints) -> tuple[Ints, np.ndarray]:
    """Of each day: its month, counted from January 1970, and whether it is after all but three of its working days."""
    dates = np.asarray(days).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    left = np.busday_count(dates, (months + 1).astype("datetime64[D]"))
    return months.astype(np.int64), left <= LAST_DAYS


def rhythm(days: Ints, observed: Floats, expected: Floats) -> Rhythm:
    """Factors by which `observed` is more than `expected` in some months. All (n,), one a day; in events."""
    if not len(days) or expected.sum() <= 0:
        return EVEN
    months, is_end = calendar(days)
    of_month = _by_place(months, observed, expected)
    expected = expected * of_month[months % PLACES]
    of_end, of_rest = _of_ends(months, is_end, observed, expected)
    return EVEN if (of_month == 1).all() and of_end == of_rest else Rhythm(of_month, of_end, of_rest)


def _by_place(months: Ints, observed: Floats, expected: Floats) -> Floats:
    seen, place = np.unique(months, return_inverse=True)
    o, e, n = (np.bincount(place, weights=values) for values in (observed, expected, np.ones(len(months))))
    enough = (n >= FEWEST_DAYS) & (e >= FEWEST_EVENTS)
    o, e, kind = o[enough], e[enough], seen[enough] % PLACES
    if len(kind) <= len(np.unique(kind)):
        return np.ones(PLACES)
    ratio = np.log((o + 0.5) / (e * o.sum() / max(e.sum(), 1e-9) + 0.5))
    chance = 1 / np.maximum(e, 1.0)
    means = np.array([ratio[kind == c].mean() if (kind == c).any() else 0.0 for c in range(PLACES)])
    counts = np.bincount(kind, minlength=PLACES)
    repeats = len(kind) - int((counts > 0).sum())
    apart = float(((ratio - means[kind]) ** 2).sum() - (chance * (1 - 1 / counts[kind])).sum())
    noise = (max(apart, 0.0) + MONTH_NOISE * NOISE_MONTHS) / (repeats + NOISE_MONTHS)
    return _shrunk(means, np.array([_variance(chance[kind == c], noise) for c in range(PLACES)]))


def _variance(chance: Floats, noise: float) -> float:
    """Of the mean of so many log ratios."""
    return float((chance + noise).sum()) / len(chance) ** 2 if len(chance) else np.inf


def _shrunk(means: Floats, variances: Floats) -> Floats:
    known = np.isfinite(variances)
    if known.sum() < 2:
        return np.ones(len(means))
    centred = np.where(known, means - means[known].mean(), 0.0)
    between = max(0.0, float((centred[known] ** 2 - variances[known]).sum()) / (known.sum() - 1))
    factors = np.exp(centred * between / (between + np.where(known, variances, 1.0)))
    return factors / factors.mean()


def _of_ends(months: Ints, is_end: np.ndarray, observed: Floats, expected: Floats) -> tuple[float, float]:
    """The factors of a month's last working days and of the others, from how regularly the former differ."""
    seen, place = np.unique(months, return_inverse=True)
    n = np.bincount(place)
    o, e = (np.bincount(place[is_end], weights=v[is_end], minlength=len(seen)) for v in (observed, expected))
    rest_o, rest_e = (
        np.bincount(place[~is_end], weights=v[~is_end], minlength=len(seen)) for v in (observed, expected)
    )
    whole = (n >= 2 * FEWEST_DAYS) & (e > 0.5) & (rest_e > 0.5)
    if whole.sum() < 3:
        return 1.0, 1.0
    o, e, rest_o, rest_e = (values[whole] for values in (o, e, rest_o, rest_e))
    ratio = np.log((o + 0.5) / (e + 0.5)) - np.log((rest_o + 0.5) / (rest_e + 0.5))
    chance = 1 / (e + 0.5) + 1 / (rest_e + 0.5)
    mean = float(ratio.mean())
    noise = (max(0.0, float(((ratio - mean) ** 2 - chance).sum())) + MONTH_NOISE * NOISE_MONTHS) / (
        len(ratio) - 1 + NOISE_MONTHS
    )
    variance = _variance(chance, noise)
    between = max(0.0, mean**2 - variance)
    effect = float(np.exp(mean * between / (between + variance)))
    share = float(e.sum() / (e.sum() + rest_e.sum()))
    level = 1 - share + share * effect
    return effect / level, 1 / level


__all__ = ["EVEN", "Rhythm", "calendar", "rhythm"]
