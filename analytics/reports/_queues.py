"""What waits longer than it should: in each stage the cards beyond its 85 % line, and what they are worth.

This is something to do even where no stage has become a bottleneck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import chain
from ..estimators import markov, survival
from ..event_log import EventLog, Kind
from ..tables import stage_visits
from . import _suspects as suspects

YEAR = 365
OLDEST = 250
FEWEST_LEFT = 10


@dataclass(frozen=True, slots=True)
class Queue:
    """Cards of one stage older than `line_days`, by which 85 % of those who entered in the year up to the day had left.

    value: their known amounts; worth: what they can be expected to bring within a year, amount × the chance to be won
    at their stage and age (an unknown amount counts as a usual win's); both None where no amounts are known.
    """

    key: str
    stage: str
    half: str
    open: int
    line_days: float
    overdue: int
    oldest_days: int | None
    value: float | None
    worth: float | None


def queues(log: EventLog, visited: pl.DataFrame, since: int | None, today: int) -> tuple[Queue, ...]:
    """The stages with overdue cards, those with the most expected money first."""
    if since is None:
        return ()
    year = (max(since, today - YEAR + 1), today)
    chances = _chances(log, visited, year)
    won = visited.filter((pl.col("stage") == log.won) & pl.col("amount").is_not_null())
    usual = won["amount"].mean()
    found = []
    for code, stage in enumerate(log.stages):
        if stage.kind is not Kind.OPEN:
            continue
        line = _line(log, visited, code, year)
        waiting = visited.filter((pl.col("stage") == code) & pl.col("left").is_null() & pl.col("exact"))
        overdue = waiting.filter(today - pl.col("entered") > line) if line is not None else waiting.clear()
        if line is None or not overdue.height:
            continue
        ages = (today - overdue["entered"]).to_numpy()
        chance = chances[code, np.minimum(ages, OLDEST - 1)]
        amounts = overdue["amount"].fill_null(usual) if isinstance(usual, float) else None
        found.append(
            Queue(
                key=stage.key,
                stage=stage.name,
                half=stage.half.value,
                open=waiting.height,
                line_days=line,
                overdue=overdue.height,
                oldest_days=int(ages.max()),
                value=float(overdue["amount"].sum()) if amounts is not None else None,
                worth=float((amounts.to_numpy() * chance).sum()) if amounts is not None else None,
            )
        )
    return tuple(sorted(found, key=lambda queue: (-(queue.worth or 0.0), -queue.overdue)))


def _line(log: EventLog, visited: pl.DataFrame, code: int, year: tuple[int, int]) -> float | None:
    """The 85 % line; None where fewer than ten left in the year, or the curve has not come down so far."""
    table = suspects.stays(log, visited, code).table(year)
    if table.left.sum() < FEWEST_LEFT:
        return None
    return survival.kaplan_meier(table).quantile(0.85).value


def _chances(log: EventLog, visited: pl.DataFrame, year: tuple[int, int]) -> np.ndarray:
    """The chance to be won within a year, by stage and age, (S, A)."""
    states = len(log.open_stages)
    watched, _entered = chain.nights(stage_visits.nights(visited), states, *year)
    hazards = markov.fit(markov.count(watched, states=states, ages=OLDEST)).mean()
    return markov.prospects(hazards, np.zeros(YEAR, dtype=np.int64)).now[:, :, 0]
