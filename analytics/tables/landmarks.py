"""What was known of each deal when it first came to a stage, and what became of it within so many days.

A landmark is the day on which a deal first came to the stage or to a later open one. Nothing that happened on that day
or after it is among the facts, so that no fact is a consequence of what it is to explain.
"""

from __future__ import annotations

import polars as pl

AT_ONCE, WITHIN_A_WEEK, LATER, NOT_YET = "1", "7", "later", "none"
NOBODY = "nobody"
OURS = ("call", "email", "meeting")


def reached(visited: pl.DataFrame, stage: int, *, won: int) -> pl.DataFrame:
    """One row a deal that came to open stage `stage` or beyond: card, day, begun (the day its journey began), exact
    (whether its landmark's day is known), amount (the newest known then), again (a second try)."""
    begun = visited.group_by("card").agg(begun=pl.col("entered").first())
    return (
        visited.filter(pl.col("stage").is_between(stage, won - 1))
        .unique("card", keep="first", maintain_order=True)
        .join(begun, on="card", maintain_order="left")
        .select("card", "begun", "exact", "amount", day="entered", again=pl.col("attempt") > 1)
    )


def outcomes(visited: pl.DataFrame, landed: pl.DataFrame, horizon: int, *, won: int) -> pl.Series:
    """Whether each deal was won `horizon` days after its landmark, in the order of `landed`."""
    at_end = (
        visited.join(landed.select("card", until=pl.col("day") + horizon), on="card")
        .filter(pl.col("entered") <= pl.col("until"))
        .group_by("card")
        .agg(is_won=pl.col("stage").last() == won)
    )
    return landed.join(at_end, on="card", how="left", maintain_order="left")["is_won"].fill_null(value=False)


def told(landed: pl.DataFrame, acts: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """What was known from what had been done before each landmark, in the order of `landed`.

    Columns: card; owner (then; null where nobody); response (how soon after its beginning somebody of ours first
    turned to it); met (the role of whom we met last, NOBODY without a meeting, null where it is not said); and of each
    other kind of act how many there were.
    """
    before = acts.join(landed.select("card", "begun", landmark="day"), on="card").filter(
        pl.col("day") < pl.col("landmark")
    )
    answered = (
        before.filter(pl.col("kind").is_in(OURS) & (pl.col("day") >= pl.col("begun")))
        .group_by("card")
        .agg(waited=(pl.col("day") - pl.col("begun")).min())
    )
    meetings = (
        before.filter(pl.col("kind") == "meeting")
        .sort("day", maintain_order=True)
        .group_by("card")
        .agg(met=pl.col("who").last(), has_met=pl.lit(value=True))
    )
    waited = pl.col("waited")
    return (
        landed.select("card", "day")
        .join(_owned(landed, owners), on="card", how="left", maintain_order="left")
        .join(answered, on="card", how="left", maintain_order="left")
        .join(meetings, on="card", how="left", maintain_order="left")
        .join(_counted(before), on="card", how="left", maintain_order="left")
        .with_columns(
            response=pl.when(waited.is_null())
            .then(pl.lit(NOT_YET))
            .when(waited <= 1)
            .then(pl.lit(AT_ONCE))
            .when(waited <= 7)
            .then(pl.lit(WITHIN_A_WEEK))
            .otherwise(pl.lit(LATER)),
            met=pl.when(pl.col("has_met").is_null()).then(pl.lit(NOBODY)).otherwise("met"),
        )
        .with_columns(pl.col("^acts_.*$").fill_null(0))
        .drop("waited", "has_met", "day")
    )


def _counted(before: pl.DataFrame) -> pl.DataFrame:
    """How many acts of each kind but meetings, one column a kind."""
    kinds = before.filter(pl.col("kind") != "meeting")["kind"].unique().sort().to_list()
    return before.group_by("card").agg((pl.col("kind") == kind).sum().alias(f"acts_{kind}") for kind in kinds)


def _owned(landed: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    """Who had the deal on the eve of its landmark: whom the first later change replaced, else who has it now."""
    return (
        owners.join(landed.select("card", landmark="day"), on="card")
        .filter(pl.col("until").is_null() | (pl.col("until") >= pl.col("landmark")))
        .sort("until", nulls_last=True, maintain_order=True)
        .group_by("card")
        .agg(pl.col("owner").first())
    )


__all__ = ["outcomes", "reached", "told"]
