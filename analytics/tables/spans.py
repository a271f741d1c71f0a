"""From stays to spans: from a card's beginning, or its first day in sales, to its end; or one stage, door to door."""

from __future__ import annotations

import polars as pl

SPAN_COLUMNS = ("card", "entered", "ended", "is_won", "amount")


def journeys(visited: pl.DataFrame, *, won: int, first_stage: int = 0) -> pl.DataFrame:
    """One row a card: entered (its first day in stage `first_stage` or a later one), ended (the day it was won or lost,
    null while it is open), is_won, amount (the newest known). A card that was reopened ends when it ends for good.

    Cards whose first day is unknown are left out, and so are those that never came to `first_stage`.
    """
    there = visited.filter(pl.col("stage") >= first_stage)
    return (
        there.group_by("card", maintain_order=True)
        .agg(
            pl.col("entered").first(),
            last_stage=pl.col("stage").last(),
            last_entered=pl.col("entered").last(),
            amount=pl.col("amount").drop_nulls().last(),
            is_known=pl.col("exact").first() & pl.col("exact").last(),
            began_open=pl.col("stage").first() < won,
        )
        .filter(pl.col("is_known") & pl.col("began_open"))
        .with_columns(
            ended=pl.when(pl.col("last_stage") >= won).then(pl.col("last_entered")),
            is_won=pl.col("last_stage") == won,
        )
        .select(SPAN_COLUMNS)
    )


def stays(visited: pl.DataFrame, stage: int, *, won: int) -> pl.DataFrame:
    """One row a stay in the stage; is_won where it led straight to the order."""
    return visited.filter((pl.col("stage") == stage) & pl.col("exact")).select(
        "card",
        "entered",
        ended="left",
        is_won=(pl.col("next") == won).fill_null(value=False),
        amount="amount",
    )
