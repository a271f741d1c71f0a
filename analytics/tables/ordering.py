"""The order in which all tables of steps stand: by card, and by seq within it."""

from __future__ import annotations

import numpy as np
import polars as pl

LARGEST = 2**62


def in_order(steps: pl.DataFrame) -> pl.DataFrame:
    """The steps in order. Both columns are sorted as one number, which is several times as fast, and faster still where
    the steps come in long runs that are in order already."""
    if steps.height == 0:
        return steps
    if steps["card"].null_count() or steps["seq"].null_count():
        return steps.sort("card", "seq")
    cards, seqs = (steps[name].to_numpy().astype(np.int64) for name in ("card", "seq"))
    span = int(seqs.max()) + 1
    if seqs.min() < 0 or (max(-int(cards.min()), int(cards.max())) + 1) * span >= LARGEST:
        return steps.sort("card", "seq")
    place = pl.Series("place of the step", cards * span + seqs)
    if place.is_sorted():
        return steps
    return steps.with_columns(place).sort(place.name).drop(place.name)
