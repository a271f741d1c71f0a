"""Pipelines whose truth is known: cards wait gamma-distributed days in five stages, then go on or are lost."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from analytics.event_log import EventLog, Kind, Stage, event_log
from analytics.river import River

NAMES = ("Inquiry", "Hearing", "Proposal", "Estimate", "Contract")
MEAN_DAYS = (3.0, 8.0, 12.0, 10.0, 7.0)
GO_ON = (0.75, 0.70, 0.70, 0.65, 0.75)
SHAPE = 1.2
LOSING_TAKES = 1.8
STAGES = (
    *(Stage(name.lower(), name) for name in NAMES),
    Stage("won", "Order", Kind.WON),
    Stage("lost", "Lost", Kind.LOST),
)


@dataclass(frozen=True)
class Change:
    """From `day` on, stays that begin in `stage` take `slower` times as long, and `leak` fewer of them go on."""

    day: int
    stage: int
    slower: float = 1.0
    leak: float = 0.0


def simulate(rng: np.random.Generator, *, days: int, per_day: float, change: Change | None = None) -> EventLog:
    """The log of all cards that come within `days` days, as it is at their end."""
    cards = rng.poisson(per_day, size=days)
    begins = np.repeat(np.arange(days), cards) + rng.random(cards.sum())
    amounts = np.exp(8.5 + rng.standard_normal(len(begins)))
    rows = [
        _steps(card, begin, amount, rng, days, change)
        for card, (begin, amount) in enumerate(zip(begins, amounts, strict=True))
    ]
    return log(row for steps in rows for row in steps)


def log(rows, stages=STAGES) -> EventLog:
    """A log of (card, stage, day) or (card, stage, day, amount) rows, in order."""
    full = [(*row, None)[:4] for row in rows]
    frame = pl.DataFrame(
        full, schema={"card": pl.Int64, "stage": pl.Int16, "day": pl.Int32, "amount": pl.Float64}, orient="row"
    )
    return event_log(
        stages,
        frame.with_columns(seq=pl.int_range(pl.len()).over("card"), exact=pl.lit(True), attempt=pl.lit(1)),
    )


def river(journeys: EventLog, currency: str = "EUR") -> River:
    """A river that is all sales."""
    nothing = partial(pl.DataFrame, schema={"card": pl.Int64, "day": pl.Int64})
    return River("Simulated", currency, journeys, journeys, nothing)


def _steps(card, begin, amount, rng, days, change):
    steps, stage, at = [(card, 0, int(begin), float(amount))], 0, begin
    while stage < len(NAMES):
        is_changed = change is not None and stage == change.stage and at >= change.day
        goes_on = rng.random() < GO_ON[stage] - (change.leak if is_changed else 0.0)
        mean = MEAN_DAYS[stage] * (change.slower if is_changed else 1.0) * (1.0 if goes_on else LOSING_TAKES)
        at += rng.gamma(SHAPE, mean / SHAPE)
        if at >= days:
            break
        stage = stage + 1 if goes_on else len(NAMES) + 1
        steps.append((card, stage, int(at), float(amount)))
    return steps


def booked_in_bulk(journeys: EventLog, rng: np.random.Generator, *, every: int = 14, share: float = 0.4) -> EventLog:
    """The same log, a share of whose steps are booked only on the next day of catching up, which comes every so often;
    what is booked after the log's last day is not in it."""
    last = journeys.steps["day"].max()
    day = int(rng.integers(every))
    late = pl.Series(rng.random(journeys.steps.height) < share)
    booked = (
        journeys.steps.with_columns(is_late=late & (journeys.steps["seq"] > 0))
        .with_columns(day=pl.when("is_late").then(pl.col("day") + (day - pl.col("day")) % every).otherwise("day"))
        .with_columns(day=pl.col("day").cum_max().over("card"))
        .filter(pl.col("day") <= last)
    )
    return log(booked.select("card", "stage", "day", "amount").rows())
