"""How many cards went from where to where: over a period, or of those who began in it."""

from __future__ import annotations

import polars as pl

FLOW_COLUMNS = ("stage", "next", "steps", "amount")


def with_latest_amounts(visited: pl.DataFrame) -> pl.DataFrame:
    """Each stay with the newest amount known of its card: what marketing did counts by the deal that came of it."""
    ends = (pl.col("card") != pl.col("card").shift(-1)).fill_null(value=True)
    last = pl.when(ends).then(pl.int_range(pl.len(), dtype=pl.get_index_type())).backward_fill()
    return visited.with_columns(pl.col("amount").gather(last))


def begun_in(visited: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """All stays of the cards that began in the days `first` … `last`."""
    cards = visited.filter(pl.col("first") & pl.col("entered").is_between(first, last))["card"]
    return visited.filter(pl.col("card").is_in(cards.implode()))


def flows(visited: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """Steps from one stage to the next in those days. amount: sum of what is known, a card's once a step."""
    return (
        visited.filter(pl.col("left").is_between(first, last))
        .group_by("stage", "next")
        .agg(steps=pl.len().cast(pl.Int64), amount=pl.col("amount").sum())
        .sort("stage", "next")
        .select(FLOW_COLUMNS)
    )


def stock(visited: pl.DataFrame, evening: int) -> pl.DataFrame:
    """Columns stage, cards and amount: where the cards were at the end of the day, ended ones included."""
    return (
        visited.filter((pl.col("entered") <= evening) & (pl.col("left").is_null() | (pl.col("left") > evening)))
        .group_by("stage")
        .agg(cards=pl.len().cast(pl.Int64), amount=pl.col("amount").sum())
    )


def begun(visited: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """Columns stage, cards, again and amount: where cards began in those days; `again` are second tries."""
    return (
        visited.filter(pl.col("first") & pl.col("entered").is_between(first, last))
        .group_by("stage")
        .agg(
            cards=pl.len().cast(pl.Int64),
            again=(pl.col("attempt") > 1).sum().cast(pl.Int64),
            amount=pl.col("amount").sum(),
        )
    )
