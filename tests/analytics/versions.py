"""What was known from evening to evening, put together and asked."""

import numpy as np
import polars as pl

from analytics.event_log import NEVER, EventLog, Versions


def told_day_by_day(log: EventLog) -> Versions:
    """A version for each day on which a card took a step, as if each were a correction."""
    days = log.steps.select("card", first="day").unique().sort("card", "first").with_row_index("version")
    days = days.with_columns(
        pl.col("version").cast(pl.Int64), last=(pl.col("first").shift(-1).over("card") - 1).fill_null(NEVER)
    )
    steps = days.join(log.steps, on="card").filter(pl.col("day") <= pl.col("first")).sort("version", "seq")
    steps = steps.with_columns(card="version").select(log.steps.columns)
    return Versions(
        EventLog(log.stages, steps), *(days[name].to_numpy().astype(np.int64) for name in ("card", "first", "last"))
    )


def said_on(versions: Versions, day: int) -> pl.DataFrame:
    """The steps that were known of these cards on the evening of that day."""
    holds = (versions.first <= day) & (day <= versions.last)
    steps = versions.log.steps.filter(pl.Series(holds[versions.log.steps["card"].to_numpy()]))
    return steps.with_columns(card=pl.Series(versions.card[steps["card"].to_numpy()], dtype=pl.Int64))
