"""How many more cards must come so that an amount is reached with a wanted chance.

Each draw takes a total that will come anyway and the amounts of wins that would fill what it lacks: so many wins are
needed, and so many arrivals until as many of them are won (negative binomial). The answer is the quantile of these
numbers at the wanted chance. Weak totals go with weak luck of the new cards: months are good or bad for all.
"""

from __future__ import annotations

import numpy as np

from .history import LEVELS
from .survival import Floats

HOPELESS = 0.005
MOST_WINS = 4096
SMALLEST_VARIANCE = 1e-4
BATCHES = 16


def needed(
    quantiles: Floats,
    gap: float,
    each: float,
    won: Floats,
    rng: np.random.Generator,
    *,
    shock: float,
    wanted: float = 0.8,
    draws: int = 2000,
) -> int | None:
    """The smallest number of arrivals, each won with the chance `each`, so that what comes reaches `gap` with the
    chance `wanted`; None where arrivals cannot help any more (`each` below half a percent).

    quantiles: of what comes anyway, at LEVELS; won: (m,) amounts of recent wins; shock: variance of the luck that all
    cards of the period share.
    """
    levels = (np.arange(draws) + 0.5) / draws
    totals = np.interp(levels, LEVELS, quantiles)
    lacking = np.maximum(gap - totals, 0.0)
    if (lacking <= 0).mean() >= wanted:
        return 0
    if each < HOPELESS or not len(won) or won.mean() <= 0:
        return None
    luck = np.sort(rng.gamma(1 / shock, shock, draws)) if shock > SMALLEST_VARIANCE else np.ones(draws)
    wins = _wins(lacking, won, rng)
    if wins is None:
        return None
    chances = 1 - (1 - min(each, 0.999)) ** luck
    more = wins > 0
    arrivals = np.zeros(draws)
    arrivals[more] = wins[more] + rng.negative_binomial(wins[more], np.clip(chances[more], 1e-6, 1.0))
    return int(np.quantile(arrivals, wanted, method="higher"))


def _wins(lacking: Floats, won: Floats, rng: np.random.Generator) -> np.ndarray | None:
    """So many wins fill what is lacking, (draws,); None where that would be thousands. What a usual win brings is known
    only from so many: each batch of draws has a resample of its own."""
    columns = int(2 * lacking.max() / won.mean()) + 20
    if columns > MOST_WINS:
        return None
    usual = rng.choice(won, size=(BATCHES, len(won)))
    batch = rng.integers(BATCHES, size=len(lacking))
    picked = usual[batch[:, None], rng.integers(len(won), size=(len(lacking), columns))]
    sums = np.cumsum(picked, axis=1)
    return np.where(lacking > 0, 1 + (sums < lacking[:, None]).sum(axis=1), 0)
