"""Days on which far more steps were booked than usual, as if someone had caught up with a week's work in one go."""

from __future__ import annotations

import polars as pl

TIMES_USUAL = 5
FEWEST_STEPS = 10


def bulk_days(steps: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """Columns day and steps: the days of `first` … `last` with more than five times as many steps as the median day
    that has any. A card's beginning is no step: many may come at once."""
    moves = steps.sort("card", "seq").filter(
        (pl.col("card") == pl.col("card").shift()).fill_null(value=False)
        & pl.col("day").is_between(first, last)
        & pl.col("exact")
    )
    by_day = moves.group_by("day").agg(steps=pl.len().cast(pl.Int64)).sort("day")
    return by_day.filter((pl.col("steps") > TIMES_USUAL * pl.col("steps").median()) & (pl.col("steps") >= FEWEST_STEPS))
