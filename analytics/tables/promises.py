"""By when deals were expected to be won, how often that was put off, and who had them, on any day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..estimators.survival import Floats, Ints

SAID_TYPES = {"card": pl.Int64, "day": pl.Int64, "before": pl.Int64, "after": pl.Int64}
CLOSE_TYPES = {"card": pl.Int64, "day": pl.Int64, "imported": pl.Boolean}
OWNER_TYPES = {"card": pl.Int64, "owner": pl.Int64, "until": pl.Int64}
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Promises:
    """said: card, day (of the change), before, after: every change of the expected close, in order, days null where
    none is expected. closes: card, day (expected in the end), imported. owners: card, owner, until (day; null for the
    present one)."""

    said: pl.DataFrame
    closes: pl.DataFrame
    owners: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Standing:
    """Of each card asked about, (n,): how often its date was put off, by how many days it has passed (nan where none
    was expected), and its owner (NOBODY where none)."""

    pushes: Ints
    overdue: Floats
    owner: Ints


def standing(promises: Promises, cards: Ints, day: int, *, is_past: bool = False) -> Standing:
    """As it was known at the end of that day. Of a past day, an imported date that was never changed is not known."""
    asked = pl.DataFrame({"card": cards})
    before = promises.said.filter(pl.col("day") <= day)
    changed = before.group_by("card", maintain_order=True).agg(
        pushes=(pl.col("after") > pl.col("before")).sum(), newest=pl.col("after").last(), is_said=pl.lit(value=True)
    )
    later = promises.said.filter(pl.col("day") > day)
    replaced = later.group_by("card", maintain_order=True).agg(
        replaced=pl.col("before").first(), is_later=pl.lit(value=True)
    )
    closes = promises.closes.with_columns(day=pl.when(pl.col("imported") & is_past).then(None).otherwise("day"))
    found = (
        asked.join(changed, on="card", how="left", maintain_order="left")
        .join(replaced, on="card", how="left", maintain_order="left")
        .join(closes, on="card", how="left", maintain_order="left")
        .join(_owners(promises.owners, day), on="card", how="left", maintain_order="left")
    )
    expected = pl.when("is_said").then("newest").when("is_later").then("replaced").otherwise("day")
    facts = found.select(
        pushes=pl.col("pushes").fill_null(0).cast(pl.Int64),
        overdue=(day - expected).cast(pl.Float64).fill_null(float("nan")),
        owner=pl.col("owner").fill_null(NOBODY),
    )
    return Standing(*(facts[name].to_numpy() for name in ("pushes", "overdue", "owner")))


def _owners(owners: pl.DataFrame, day: int) -> pl.DataFrame:
    """Who had each card at the end of the day: whoever gave it away first after it, else who has it."""
    return (
        owners.filter(pl.col("until").is_null() | (pl.col("until") > day))
        .sort("until", nulls_last=True, maintain_order=True)
        .unique("card", keep="first", maintain_order=True)
        .select("card", "owner")
    )


def is_overdue(facts: Standing) -> Floats:
    """1.0 where the date has passed, else 0.0."""
    return (np.nan_to_num(facts.overdue, nan=-1.0) > 0).astype(float)


__all__ = ["NOBODY", "Promises", "Standing", "is_overdue", "standing"]
