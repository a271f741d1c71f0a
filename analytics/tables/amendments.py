"""The history that counts: steps without the voided ones, at their latest dates."""

from __future__ import annotations

import polars as pl

from .ordering import in_order


def effective(events: pl.DataFrame, amendments: pl.DataFrame) -> pl.DataFrame:
    """`events` (card, seq, to, occurred_at, …) as amended by `amendments` (card, seq, kind, occurred_at, recorded_at).

    Voided steps vanish, re-dated ones have the date recorded last, and two equal stages in a row are one stay.
    """
    if amendments.height:
        is_spoken_of = pl.col("card").is_in(amendments["card"].unique().implode())
        events = pl.concat([events.filter(~is_spoken_of), _amended(events.filter(is_spoken_of), amendments)])
    events = in_order(events)
    same_stay = (pl.col("card") == pl.col("card").shift()) & (pl.col("to") == pl.col("to").shift())
    return events.filter(~same_stay.fill_null(False))


def _amended(events: pl.DataFrame, amendments: pl.DataFrame) -> pl.DataFrame:
    voided = amendments.filter(pl.col("kind") == "void").select("card", "seq").unique()
    dates = (
        amendments.filter(pl.col("kind") == "redate")
        .sort("recorded_at", maintain_order=True)
        .group_by("card", "seq")
        .agg(redated=pl.col("occurred_at").last())
    )
    return (
        events.join(voided, on=["card", "seq"], how="anti")
        .join(dates, on=["card", "seq"], how="left")
        .with_columns(occurred_at=pl.coalesce("redated", "occurred_at"))
        .drop("redated")
    )
