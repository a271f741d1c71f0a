"""The shape in which every report receives history: one row a step, and the stages the steps lead to.

Nothing here knows where the rows come from; `sources` fills them from the database, tests by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

from .estimators.survival import Ints
from .tables.ordering import in_order

NEVER = int(np.iinfo(np.int32).max)

STEP_COLUMNS: dict[str, pl.DataType] = {
    "card": pl.Int64(),  # one journey from its first stage to its end
    "seq": pl.Int32(),  # the order of the steps of a card
    "stage": pl.Int16(),  # the stage entered, an index into EventLog.stages
    "day": pl.Int32(),  # when it happened: days since 1970-01-01 in the pipeline's time zone
    "exact": pl.Boolean(),  # false where an import only knows "not later than"
    "amount": pl.Float64(),  # in the base currency, null where unknown
    "attempt": pl.Int32(),  # 1, or higher for a prospect who came back
}


class Kind(StrEnum):
    OPEN = "open"
    PARKED = "parked"  # open, but its stay is a date somebody chose
    WON = "won"
    LOST = "lost"


class Half(StrEnum):
    MARKETING = "marketing"
    SALES = "sales"


class InvalidLog(ValueError):
    """The steps do not keep to the contract; the message says which column or card."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the river. Stages stand in the order in which cards are meant to pass them."""

    key: str
    name: str
    kind: Kind = Kind.OPEN
    half: Half = Half.SALES

    @property
    def is_open(self) -> bool:
        return self.kind in (Kind.OPEN, Kind.PARKED)


@dataclass(frozen=True, slots=True)
class EventLog:
    """Steps of many cards, sorted by card and seq. Open stages come first in `stages`, then won and lost, one each."""

    stages: tuple[Stage, ...]
    steps: pl.DataFrame

    @property
    def open_stages(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.stages if stage.is_open)

    @property
    def won(self) -> int:
        return next(code for code, stage in enumerate(self.stages) if stage.kind is Kind.WON)

    @property
    def lost(self) -> int:
        return next(code for code, stage in enumerate(self.stages) if stage.kind is Kind.LOST)


@dataclass(frozen=True, slots=True)
class Versions:
    """Cards of which later words changed what was said before: a journey for each stretch of evenings on which one of
    them was known to be the same.

    log: its `card` is the place of the version in `card`, `first` and `last`, all (v,): whose it is, and the first and
    the last evening on which it was all that was known (NEVER for the present one). Sorted by card and evening.
    """

    log: EventLog
    card: Ints
    first: Ints
    last: Ints


def event_log(stages: Sequence[Stage], steps: pl.DataFrame) -> EventLog:
    """A log that keeps to the contract, sorted; else InvalidLog."""
    stages = tuple(stages)
    _check_stages(stages)
    missing = [name for name in STEP_COLUMNS if name not in steps.columns]
    if missing:
        raise InvalidLog(f"The steps lack the columns {', '.join(missing)}.")
    try:
        steps = steps.select(pl.col(name).cast(kind, strict=True) for name, kind in STEP_COLUMNS.items())
    except pl.exceptions.PolarsError as problem:
        raise InvalidLog(f"A column does not have its type: {problem}") from problem
    steps = in_order(steps)
    _check_steps(steps, len(stages))
    return EventLog(stages, steps)


def _check_stages(stages: tuple[Stage, ...]) -> None:
    kinds = [stage.kind for stage in stages]
    if kinds.count(Kind.WON) != 1 or kinds.count(Kind.LOST) != 1:
        raise InvalidLog("A river has exactly one won and one lost stage.")
    if [stage.is_open for stage in stages] != [True] * (len(stages) - 2) + [False, False]:
        raise InvalidLog("Open stages come first, then won and lost.")
    if len({stage.key for stage in stages}) != len(stages):
        raise InvalidLog("Two stages have the same key.")


def _check_steps(steps: pl.DataFrame, stages: int) -> None:
    for name in STEP_COLUMNS:
        if name != "amount" and steps[name].null_count():
            raise InvalidLog(f"The column {name} has {steps[name].null_count()} empty cells.")
    if steps.height == 0:
        return
    lowest, highest = steps["stage"].min(), steps["stage"].max()
    if lowest < 0 or highest >= stages:  # type: ignore[operator]
        raise InvalidLog(f"Stage codes run from {lowest} to {highest}, but there are {stages} stages.")
    same_card = pl.col("card") == pl.col("card").shift()
    twice = steps.filter(same_card & (pl.col("seq") == pl.col("seq").shift()))
    if twice.height:
        raise InvalidLog(f"Card {twice['card'][0]} has step {twice['seq'][0]} twice.")
    backwards = steps.filter(same_card & (pl.col("day") < pl.col("day").shift()))
    if backwards.height:
        raise InvalidLog(f"Card {backwards['card'][0]} goes back in time at step {backwards['seq'][0]}.")
    if steps["amount"].is_nan().any() or (steps["amount"] < 0).any():
        raise InvalidLog("An amount is negative or not a number.")
