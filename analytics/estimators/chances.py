"""Whether what was known in time tells who will say yes, and the chance of each if it does.

Ridge logistic regression, its spread chosen by evidence. It is believed only when it was nearer to what came than the
average, on cases that it had not seen and that came after those it learned from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import logistic
from .logistic import Chances, Fit, Scale
from .survival import Floats

NEEDED = 500
NEEDED_OF_EACH = 50
SEEN = 0.75  # of the cases, the oldest
SPREADS = (0.05, 0.1, 0.2, 0.5, 1.0)
BEYOND = 1.64  # standard errors: by chance alone one in twenty


@dataclass(frozen=True, slots=True)
class Facts:
    """The columns from which something can be learned, (p,), in which unit, and between which bounds they were seen:
    beyond them nothing is known, so a case there counts as if it stood at the bound."""

    used: NDArray[np.bool_]
    lowest: Floats
    highest: Floats
    scale: Scale

    @classmethod
    def of(cls, x: Floats) -> Facts:
        """Those known of enough cases that differ in them."""
        known = (~np.isnan(x)).sum(axis=0)
        lowest = np.where(np.isnan(x), np.inf, x).min(axis=0, initial=np.inf)
        highest = np.where(np.isnan(x), -np.inf, x).max(axis=0, initial=-np.inf)
        used = (known >= NEEDED_OF_EACH) & (highest > lowest)
        return cls(used, lowest[used], highest[used], Scale.of(x[:, used]))

    def applied(self, x: Floats) -> Floats:
        return self.scale.applied(np.clip(x[:, self.used], self.lowest, self.highest))


@dataclass(frozen=True, slots=True)
class Learned:
    """n cases, of which `events` said yes; skill: by which share the squared error on unseen cases was smaller than
    that of the average (None: too few to tell); fit: None when there is not enough, or nothing that tells."""

    n: int
    events: int
    skill: float | None
    fit: Fit | None
    facts: Facts | None

    @property
    def is_enough(self) -> bool:
        return self.fit is not None

    def of(self, x: Floats) -> Chances:
        """The chance of each case, with its 80 % interval."""
        if self.fit is None or self.facts is None:
            raise ValueError("nothing was learned")
        return logistic.chance(self.fit, self.facts.applied(x))


def learn(x: Floats, y: NDArray[np.bool_], moment: Floats, *, horizon: float) -> Learned:
    """x: (n, p), nan where not known; y: (n,) the outcome within `horizon` after `moment`, (n,) in the same unit."""
    n, events = len(y), int(y.sum())
    if n < NEEDED or min(events, n - events) < NEEDED_OF_EACH:
        return Learned(n, events, None, None, None)
    skill, is_better = _tried(x, y, moment, horizon)
    if not is_better:
        return Learned(n, events, skill, None, None)
    facts = Facts.of(x)
    return Learned(n, events, skill, _fitted(facts.applied(x), y), facts)


def _tried(x: Floats, y: NDArray[np.bool_], moment: Floats, horizon: float) -> tuple[float | None, bool]:
    """Skill on the newest cases, learned only from those whose outcome was known before the first of them; and whether
    that is more than luck."""
    split = float(np.quantile(moment, SEEN))
    old, new = moment <= split - horizon, moment > split
    if min(y[old].sum(), (~y[old]).sum(), new.sum()) < NEEDED_OF_EACH // 2:
        return None, False
    facts = Facts.of(x[old])
    said = logistic.chance(_fitted(facts.applied(x[old]), y[old]), facts.applied(x[new])).value
    average = float(y[old].mean())
    gained = (y[new] - average) ** 2 - (y[new] - said) ** 2
    error = float(gained.std(ddof=1)) / len(gained) ** 0.5
    skill = float(gained.mean() / ((y[new] - average) ** 2).mean())
    return skill, bool(gained.mean() > BEYOND * error)


def _fitted(x: Floats, y: NDArray[np.bool_]) -> Fit:
    fits = [logistic.fit(x, y, prior_spread=spread) for spread in SPREADS]
    return max(fits, key=lambda fit: fit.evidence)
