"""What boards and panels show of each stage: how long cards stay and how many are won, over the past year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import chain, days
from ..estimators import markov, survival
from ..estimators.survival import OPEN
from ..event_log import EventLog
from ..selection import Selection
from ..tables import stage_visits

YEAR = 365
OLDEST = 250


@dataclass(frozen=True, slots=True)
class Norm:
    """n: passages that ended in the year; days by which half and 85 % have left; the chance to be won from here."""

    key: str
    n: int
    median_days: float | None
    p85_days: float | None
    chance: float | None


def norms(log: EventLog, selection: Selection) -> list[Norm]:
    """One for each open stage, of the stays watched in the year up to the selection's day."""
    today = days.number(selection.as_of)
    visited = stage_visits.visits(log.steps, today)
    since = stage_visits.trusted_from(visited)
    if since is None:
        return []
    first = max(since, today - YEAR + 1)
    chances = _chances(visited, len(log.open_stages), first, today)
    return [
        _norm(stage.key, visited.filter(pl.col("stage") == code), first, today, chances[code])
        for code, stage in enumerate(log.open_stages)
    ]


def _norm(key: str, here: pl.DataFrame, first: int, today: int, chance: float) -> Norm:
    watched = stage_visits.watched(here, first, today)
    cause = np.where(watched["ended"].to_numpy(), 0, OPEN)
    table = survival.risk_table(watched["start"].to_numpy(), watched["stop"].to_numpy(), cause, causes=1)
    n = int(watched["ended"].sum())
    if not n:
        return Norm(key, 0, None, None, None)
    curve = survival.kaplan_meier(table)
    return Norm(key, n, curve.quantile(0.5).value, curve.quantile(0.85).value, chance)


def _chances(visited: pl.DataFrame, states: int, first: int, today: int) -> np.ndarray:
    """For a card that enters each stage, the chance to be won within a year, (states,)."""
    watched, _entered = chain.nights(stage_visits.nights(visited), states, first, today)
    hazards = markov.fit(markov.count(watched, states=states, ages=OLDEST)).mean()
    return markov.prospects(hazards, np.zeros(YEAR, dtype=np.int64)).at_entry[0, :, 0]
