"""Deals whose reasons for winning are known: thirty yes-or-no facts, of which five matter and the others only travel
with the value, the source and the owner, which matter as well."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.special import expit

from analytics.river import Facts, River
from tests.simulation import STAGES, log, river

MATTER, TRAVEL = 5, 25
NAMES = tuple(f"fact {number:02}" for number in range(1, MATTER + TRAVEL + 1))
REAL = NAMES[:MATTER]
EFFECT = 0.36  # log odds: about eight points
BY_VALUE = -0.5
SOURCES = {"Fair": -0.5, "Website": 0.0, "Referral": 0.7}
OWNERS = 8
OWNER_SPREAD = 0.25
DAYS = 500
ALWAYS_CLOSED = 100
WON, LOST = len(STAGES) - 2, len(STAGES) - 1


@dataclass(frozen=True)
class Dealings:
    """last: the day on which all of them have long been closed; effects: by how many points a fact that matters changes
    the chance to be won sooner or later, on average."""

    river: River
    last: int
    effects: dict[str, float]


def dealings(rng: np.random.Generator, n: int, *, permuted: bool = False) -> Dealings:
    """Of `n` deals; `permuted` hands their ends out anew, so that nothing goes with winning."""
    z = rng.standard_normal(n)
    source = rng.integers(len(SOURCES), size=n)
    owner = rng.integers(OWNERS, size=n)
    of_source, of_owner = np.array([*SOURCES.values()])[source], rng.normal(0, OWNER_SPREAD, OWNERS)[owner]
    real = rng.random((n, MATTER)) < rng.uniform(0.35, 0.65, MATTER)
    pulled = rng.normal(0, 0.8, (3, TRAVEL))
    lean = np.column_stack([z, of_source / 0.5, of_owner / OWNER_SPREAD]) @ pulled
    travelling = rng.random((n, TRAVEL)) < expit(lean)
    signs = np.where(np.arange(MATTER) % 2, -1.0, 1.0)
    odds = -0.4 + BY_VALUE * z + of_source + of_owner + (real - 0.5) @ (EFFECT * signs)
    is_won = rng.random(n) < expit(odds)
    effects = {}
    for place, name in enumerate(REAL):
        without = odds - real[:, place] * EFFECT * signs[place]
        effects[name] = float((expit(without + EFFECT * signs[place]) - expit(without)).mean())
    if permuted:
        is_won = rng.permutation(is_won)
    begins = rng.integers(DAYS, size=n)
    lasted = lasting(rng, n)
    rows = []
    for card in range(n):
        come, amount = int(begins[card]), float(np.exp(8.5 + z[card]))
        end = WON if is_won[card] else LOST
        rows += [
            (card, 0, come, amount),
            (card, 1, come + 3, amount),
            (card, end, come + 3 + int(lasted[card]), amount),
        ]
    facts = np.column_stack([real, travelling])
    properties = pl.DataFrame(
        {
            "card": np.arange(n),
            "source": [*map(list(SOURCES).__getitem__, source)],
            **{name: np.where(facts[:, place], "yes", "no") for place, name in enumerate(NAMES)},
        }
    )
    owners = pl.DataFrame({"card": np.arange(n), "owner": [f"Owner {number}" for number in owner], "until": [None] * n})
    known = Facts(properties, owners=owners.cast({"until": pl.Int64}))
    return Dealings(replace(river(log(rows)), facts=lambda: known), DAYS + 3 + 2 * ALWAYS_CLOSED, effects)


def lasting(rng: np.random.Generator, n: int) -> np.ndarray:
    """Days from the landmark to the end, whatever it is."""
    return np.minimum(rng.gamma(1.5, 12.0, n).astype(int), ALWAYS_CLOSED)


__all__ = ["NAMES", "REAL", "Dealings", "dealings", "lasting"]
