"""The cards behind a mark or a cell: which they are, from the same stays that the number was counted from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import polars as pl

from . import days
from .reports import _landmarks, brings, compare, cycle_time, movement
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
    LOST = "lost"
    FACT = "fact"
    CHANGED = "changed"
    BROUGHT = "brought"
    SPAN = "span"
    SPAN_OPEN = "span_open"
    THERE = "there"
    ENDED = "ended"


class NoSuchStage(ValueError):
    """The river has no stage of that key."""


@dataclass(frozen=True, slots=True)
class Question:
    """what: which cards; stage: the key of the stage they were in, None for any; to: where they went; older: days;
    reason and competitor: of lost deals, empty for "not said", None for any. fact and level: what was known of a deal
    when it came to the stage. way, key, touch and outcome: of those that marketing brought, by what they came, at
    which touch, and what has become of them (`reports.brings`). span: from where to where, of those that began in the
    window (`reports.cycle_time`)."""

    what: What
    stage: str | None = None
    to: str | None = None
    older: int = 0
    reason: str | None = None
    competitor: str | None = None
    fact: str = ""
    level: str = ""
    way: str | None = None
    key: str | None = None
    touch: str = brings.TOUCHES[0]
    outcome: str = brings.OUTCOMES[0]
    span: str = ""


def stays(river: River, selection: Selection, asked: Question) -> pl.DataFrame:
    """One row a stay that was counted, the longest and oldest first: card, stage, entered, left, next, amount.

    A card is that of `river.journeys`: the number of its deal, or of a lead without one (`tables.journeys.lead_of`).
    """
    log, today = river.journeys, days.number(selection.as_of)
    code_of = {stage.key: code for code, stage in enumerate(log.stages)}
    if {asked.stage, asked.to} - {None} - set(code_of):
        raise NoSuchStage(asked.stage or asked.to)
    first, last = (days.number(day) for day in selection.window)
    if asked.what == What.LOST:
        return _lost(river, today, (first, last), asked)
    if asked.what == What.CHANGED:
        return _changed(river, selection, asked)
    if asked.what == What.FACT:
        return _with_fact(river, selection, today, asked)
    if asked.what == What.BROUGHT:
        return _brought(river, selection, asked)
    visited = stage_visits.visits(log.steps, today)
    if asked.what in (What.SPAN, What.SPAN_OPEN):
        return _spanned(river, visited, (first, last), asked)
    if asked.what == What.ENDED:
        ended = compare.ended(log, visited, (first, last))
        ended = ended.filter(pl.col("is_won") == (asked.outcome == "won"))
        return ended.select(COLUMNS).sort("entered", "card")
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
        What.THERE: (pl.col("entered") <= last)
        & (pl.col("left").is_null() | (pl.col("left") > last))
        & (pl.col("stage") < log.won),
    }[asked.what]
    found = here.filter(chosen)
    if asked.to is not None:
        found = found.filter(pl.col("next") == code_of[asked.to])
    return found.select(COLUMNS).sort("entered", "card")


def _spanned(river: River, visited: pl.DataFrame, window: tuple[int, int], asked: Question) -> pl.DataFrame:
    """The cards of one month of a span, each from where it began to where it ended, or stands."""
    log = river.journeys
    frame = next((frame for key, _name, frame in cycle_time.frames(log, visited) if key == asked.span), None)
    if frame is None:
        raise NoSuchStage(asked.span)
    begun = frame.filter(pl.col("entered").is_between(*window))
    if asked.what == What.SPAN_OPEN:
        begun = begun.filter(pl.col("ended").is_null())
    last = visited.filter(pl.col("stage") < log.won).unique("card", keep="last").select("card", "stage", "next")
    return begun.rename({"ended": "left"}).join(last, on="card").select(COLUMNS).sort("entered", "card")


def _changed(river: River, selection: Selection, asked: Question) -> pl.DataFrame:
    """The deals of one bar of what changed, where they stand on the last evening."""
    shift = len(river.journeys.stages) - len(river.deals.stages)
    nothing = pl.lit(None, dtype=pl.Int64)
    found = movement.cards(river, selection, asked.fact).with_columns(
        pl.col("stage") + shift, left=nothing, next=nothing
    )
    return found.select(COLUMNS).sort("entered", "card")


def _with_fact(river: River, selection: Selection, today: int, asked: Question) -> pl.DataFrame:
    """The stays with which deals that had the fact came to the stage, as the report of drivers counts them."""
    landed = _landmarks.landed(river, replace(selection, landmark=asked.stage))
    visited = stage_visits.visits(river.journeys.steps, today)
    if landed is None or asked.fact not in landed.names or landed.frame[asked.fact].dtype != pl.String:
        return visited.select(COLUMNS).clear()
    having = landed.frame.filter(pl.col(asked.fact) == asked.level).select("card", entered="day")
    there = visited.filter(pl.col("stage").is_between(landed.code, river.journeys.won - 1))
    there = there.unique("card", keep="first", maintain_order=True).join(having, on="card", how="semi")
    return there.select(COLUMNS).sort("entered", "card")


def _lost(river: River, today: int, window: tuple[int, int], asked: Question) -> pl.DataFrame:
    """The last stays of deals that were lost in the window, as the report of losses counts them."""
    log = river.journeys
    keys = {stage.key: code for code, stage in enumerate(log.stages)}
    deals = river.deals.steps.select("card").unique()
    visited = stage_visits.visits(log.steps, today).join(deals, on="card", how="semi")
    are_lost = visited.filter(pl.col("left").is_null() & (pl.col("stage") == log.lost)).select("card")
    lost = (
        visited.filter((pl.col("next") == log.lost) & pl.col("left").is_between(*window))
        .join(are_lost, on="card", how="semi")
        .unique("card", keep="last", maintain_order=True)
        .join(river.lost(), on="card", how="left")
        .with_columns(pl.col("reason", "competitor").fill_null(""))
    )
    if asked.stage is not None:
        lost = lost.filter(pl.col("stage") == keys[asked.stage])
    for name, value in (("reason", asked.reason), ("competitor", asked.competitor)):
        if value is not None:
            lost = lost.filter(pl.col(name) == value)
    return lost.select(COLUMNS).sort("entered", "card")


def _brought(river: River, selection: Selection, asked: Question) -> pl.DataFrame:
    """The newest stays of those that marketing brought; of orders those of all deals won."""
    origins = river.origins() if river.origins else brings.NO_ORIGINS
    came = brings.chosen(brings.arrived(river, origins, selection).filter("is_marketing"), asked.outcome)
    if asked.way is not None and asked.key is not None:
        came = came.filter(pl.col(f"{asked.touch}_{asked.way}") == asked.key)
    stand = stage_visits.visits(river.journeys.steps, days.number(selection.as_of)).unique(
        "card", keep="last", maintain_order=True
    )
    if asked.outcome == "orders":
        cards = origins.leads.join(came.select("lead"), on="lead", how="semi")
        stand = stand.filter(pl.col("stage") == river.journeys.won)
    else:
        cards = came
    return stand.join(cards.select("card"), on="card", how="semi").select(COLUMNS).sort("entered", "card")
