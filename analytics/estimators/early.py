"""What open deals may bring where too little has ended for a forecast: a range without a middle.

How many go on from a stage is Beta distributed: before anything is seen seven of ten do, as in pipelines in general;
what has gone on and what was lost here counts from the first deal on. Who stands in a stage is won if they go on from
it and from all after it.
"""

from __future__ import annotations

import numpy as np

from .survival import Floats, Ints

GO_ON, WEIGHT = 0.7, 4.0
DRAWS = 2000
AT_ONCE = 1000


def sums(
    went_on: Ints, lost: Ints, state: Ints, amounts: Floats, rng: np.random.Generator, *, draws: int = DRAWS
) -> Floats:
    """(draws,) what the open deals bring in all. went_on, lost: (S,) deals that left each stage so; state, amounts:
    (n,) of the open ones."""
    kept = rng.beta(GO_ON * WEIGHT + went_on, (1 - GO_ON) * WEIGHT + lost, size=(draws, len(went_on)))
    chance = np.cumprod(kept[:, ::-1], axis=1)[:, ::-1]
    found = np.zeros(draws)
    for first in range(0, len(state), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        found += (rng.random((draws, len(state[part]))) < chance[:, state[part]]) @ amounts[part]
    return found


__all__ = ["sums"]
