"""Leads at moments of their way: what was known of each then, and whether it became a deal afterwards.

A moment is drawn from each attempt, so that no prospect counts twice: the entry to a stage, or a fortnight, a month and
so on after it. Nothing that was learned later stands in its row.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..estimators.survival import Floats

DAY = 86_400_000_000  # microseconds
EVERY = 14 * DAY
HALF_LIFE = 30 * DAY
STAGES = ("generation", "nurturing", "qualification", "ready")
ACCEPTED, WAITING = "accepted", "waiting"
GROUPS = {
    "form": "wrote", "api": "wrote", "joined": "wrote", "click": "clicked", "reply": "replied",
    "call": "talked", "meeting": "talked",
}  # fmt: skip
TOUCHED = ("wrote", "clicked", "replied", "talked")
ENOUGH_OF_A_SOURCE = 30


def visits(steps: pl.DataFrame) -> pl.DataFrame:
    """One row a stay: lead, attempt, stage, entered, left (null: still there), began (of the attempt), and accepted,
    when sales took the attempt (null: it did not).

    `steps` have card, seq, to, occurred_at (microseconds), as they count after amendments. A prospect who came back
    from sales begins a new attempt.
    """
    came_back = ((pl.col("to") == WAITING) & (pl.col("to").shift() == ACCEPTED)).over("card").fill_null(value=False)
    taken = pl.col("occurred_at").filter(pl.col("to") == ACCEPTED).min()
    return (
        steps.sort("card", "seq")
        .with_columns(
            attempt=1 + came_back.cast(pl.Int64).cum_sum().over("card"),
            left=pl.col("occurred_at").shift(-1).over("card"),
        )
        .with_columns(began=pl.col("occurred_at").min().over("card", "attempt"), accepted=taken.over("card", "attempt"))
        .filter(pl.col("to").is_in(STAGES))
        .select("attempt", "left", "began", "accepted", lead="card", stage="to", entered="occurred_at")
    )


def drawn(stays: pl.DataFrame, *, until: int, horizon: int, rng: np.random.Generator) -> pl.DataFrame:
    """A moment of each attempt whose outcome within `horizon` is known by `until`, with `became`: a deal by then."""
    latest = pl.min_horizontal(pl.col("left") - 1, pl.lit(until - horizon))
    candidates = (
        stays.with_columns(many=(latest - pl.col("entered")) // EVERY + 1)
        .filter(pl.col("many") > 0)
        .with_columns(nth=pl.int_ranges(0, "many"))
        .explode("nth")
        .with_columns(moment=pl.col("entered") + pl.col("nth") * EVERY)
        .sort("lead", "attempt", "moment")
    )
    return (
        candidates.with_columns(lot=pl.Series(rng.random(candidates.height)))
        .sort("lot")
        .unique(["lead", "attempt"], keep="first", maintain_order=True)
        .with_columns(became=(pl.col("accepted") - pl.col("moment") <= horizon).fill_null(value=False))
        .sort("moment", "lead", "attempt")
        .drop("many", "nth", "lot")
    )


def now(stays: pl.DataFrame, at: int) -> pl.DataFrame:
    """The leads that are open at the moment `at`, there."""
    return stays.filter(pl.col("left").is_null() & (pl.col("entered") <= at)).with_columns(moment=pl.lit(at))


def known(moments: pl.DataFrame, touches: pl.DataFrame, fits: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """The moments with what was known then: days in the stage and in the attempt, touches that fade by half in thirty
    days, the points for who they are as they stood on the day before (null: not known), and the source.

    touches: lead, kind, at; fits: lead, at, fit; sources: lead, since, source, of which the newest counts.
    """
    key = ["lead", "attempt"]
    past = moments.select(*key, "moment").join(touches, on="lead").filter(pl.col("at") <= pl.col("moment"))
    weight = 0.5 ** ((pl.col("moment") - pl.col("at")) / HALF_LIFE)
    group = pl.col("kind").replace_strict(GROUPS, default="none", return_dtype=pl.String)
    summed = past.group_by(key).agg(weight.filter(group == name).sum().alias(name) for name in TOUCHED)
    found = moments.join(summed, on=key, how="left").with_columns(pl.col(name).fill_null(0.0) for name in TOUCHED)
    for rows, moment, value in ((fits, "at", "fit"), (sources, "since", "source")):
        found = found.sort("moment").join_asof(
            rows.sort(moment).select("lead", moment, value),
            left_on="moment",
            right_on=moment,
            by="lead",
            check_sortedness=False,
        )
        found = found.drop(moment, strict=False)
    return found.with_columns(
        in_stage=(pl.col("moment") - pl.col("entered")) / DAY, in_all=(pl.col("moment") - pl.col("began")) / DAY
    ).sort("moment", *key)


def usual_sources(facts: pl.DataFrame) -> list[int]:
    """The sources that enough of these came from; the others are not told apart."""
    counted = facts.drop_nulls("source").group_by("source").len().filter(pl.col("len") >= ENOUGH_OF_A_SOURCE)
    return sorted(counted["source"].to_list())


def matrix(facts: pl.DataFrame, sources: list[int]) -> Floats:
    """(n, p): one column a fact, nan where it was not known."""
    columns = [(facts["stage"] == stage).cast(pl.Float64) for stage in STAGES[1:]]
    columns += [(facts["attempt"] > 1).cast(pl.Float64)]
    columns += [facts[name].log1p() for name in ("in_stage", "in_all", *TOUCHED)]
    columns += [facts["fit"].cast(pl.Float64)]
    columns += [(facts["source"] == source).fill_null(value=False).cast(pl.Float64) for source in sources]
    return np.column_stack([column.fill_null(float("nan")).to_numpy() for column in columns])


def outcomes(facts: pl.DataFrame) -> NDArray[np.bool_]:
    return facts["became"].to_numpy()
