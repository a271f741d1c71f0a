"""The cards behind a mark or a cell: which they are, from the same stays that the number was counted from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from . import days
from .river import River
from .selection import Selection
from .tables import stage_visits

COLUMNS = ("card", "stage", "entered", "left", "next", "amount")


class What(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"
    ENTERED = "entered"
    MOVED = "moved"
    BEGUN = "begun"
    OPEN_BEFORE = "open_before"


class NoSuchStage(ValueError):
    """The river has no stage of that key."""


@dataclass(frozen=True, slots=True)
class Question:
    """what: which cards; stage: the key of the stage they were in, None for any; to: where they went; older: days."""

    what: What
    stage: str | None = None
    to: str | None = None
    older: int = 0


def stays(river: River, selection: Selection, asked: Question) -> pl.DataFrame:
    """One row a stay that was counted, the longest and oldest first: card, stage, entered, left, next, amount.

    A card is that of `river.journeys`: the number of its deal, or of a lead without one (`tables.journeys.lead_of`).
    """
    log, today = river.journeys, days.number(selection.as_of)
    code_of = {stage.key: code for code, stage in enumerate(log.stages)}
    if {asked.stage, asked.to} - {None} - set(code_of):
        raise NoSuchStage(asked.stage or asked.to)
    first, last = (days.number(day) for day in selection.window)
    visited = stage_visits.visits(log.steps, today)
    here = visited if asked.stage is None else visited.filter(pl.col("stage") == code_of[asked.stage])
    chosen = {
        What.OPEN: pl.col("left").is_null() & (pl.col("stage") < log.won),
        What.OVERDUE: pl.col("left").is_null()
        & (pl.col("stage") < log.won)
        & (today - pl.col("entered") > asked.older),
        What.ENTERED: pl.col("entered").is_between(first, last),
        What.MOVED: pl.col("left").is_between(first, last),
        What.BEGUN: pl.col("first") & pl.col("entered").is_between(first, last),
        What.OPEN_BEFORE: (pl.col("entered") < first)
        & (pl.col("left").is_null() | (pl.col("left") >= first))
        & (pl.col("stage") < log.won),
    }[asked.what]
    found = here.filter(chosen)
    if asked.to is not None:
        found = found.filter(pl.col("next") == code_of[asked.to])
    return found.select(COLUMNS).sort("entered", "card")
