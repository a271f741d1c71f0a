"""Pipelines as they are outside of textbooks, with a truth that is known: each has its own pace and rates, large deals
are won less often, some cards are forgotten where they stand, orders come in at the end of a month, the inflow has good
and bad weeks and a trend."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from analytics import days as calendar
from analytics.event_log import EventLog, event_log
from tests.simulation import GO_ON, MEAN_DAYS, NAMES, SHAPE, STAGES

FIRST = calendar.number(date(2024, 1, 1))
OPEN_STAGES = len(NAMES)
WON, LOST = OPEN_STAGES, OPEN_STAGES + 1
LOSING_TAKES = 1.8
FORGOTTEN = 0.08
SKIP, BACK = 0.05, 0.04
AT_MONTH_END = 0.25
WEEKLY_SPREAD = 0.25
LARGE_DEALS = -0.125  # change of the log odds to go on per standard deviation of the log amount
MOST_STEPS = 30


@dataclass(frozen=True)
class Habits:
    """What a pipeline is like."""

    mean_days: np.ndarray
    go_on: np.ndarray
    trend: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Habits":
        return cls(
            np.array(MEAN_DAYS) * rng.lognormal(0, 0.3, OPEN_STAGES),
            np.clip(np.array(GO_ON) + rng.normal(0, 0.05, OPEN_STAGES), 0.4, 0.92),
            rng.normal(0, 0.3),
        )


def market(rng: np.random.Generator, *, days: int, per_day: float, habits: Habits | None = None) -> EventLog:
    """The log of all cards that come within `days` days from 2024-01-01, as it is at their end."""
    habits = habits or Habits.drawn(rng)
    return journeys(rng, habits, _begins(rng, days, per_day, habits.trend), days=days)


def journeys(rng: np.random.Generator, habits: Habits, begins: np.ndarray, *, days: int) -> EventLog:
    """The log of cards that come at these moments (n,), in days from 2024-01-01, as it is at the end of `days`."""
    z = rng.standard_normal(len(begins))
    card, stage, at = np.arange(len(begins)), np.zeros(len(begins), dtype=np.int64), begins
    taken = [(card, stage, at)]
    for _step in range(MOST_STEPS):
        if not len(card):
            break
        card, stage, at = _next(rng, habits, card, stage, at, z)
        seen = at < days
        card, stage, at = card[seen], stage[seen], at[seen]
        taken.append((card, stage, at))
        still = stage < OPEN_STAGES
        card, stage, at = card[still], stage[still], at[still]
    card, stage, at = (np.concatenate([step[part] for step in taken]) for part in range(3))
    order = np.lexsort((at, card))
    steps = pl.DataFrame(
        {
            "card": card[order],
            "stage": stage[order],
            "day": FIRST + np.floor(at[order]).astype(np.int64),
            "amount": np.exp(8.5 + z)[card[order]],
        }
    )
    return event_log(
        STAGES, steps.with_columns(seq=pl.int_range(pl.len()).over("card"), exact=pl.lit(True), attempt=pl.lit(1))
    )


def _begins(rng: np.random.Generator, days: int, per_day: float, trend: float) -> np.ndarray:
    weeks = rng.gamma(WEEKLY_SPREAD**-2, WEEKLY_SPREAD**2, size=days // 7 + 1)
    day = np.arange(days)
    cards = rng.poisson(np.maximum(per_day * weeks[day // 7] * (1 + trend * day / 365), 0.0))
    return np.repeat(day, cards) + rng.random(cards.sum())


def _next(rng, habits: Habits, card, stage, at, z):
    """Where each card goes next and when; the forgotten ones go nowhere."""
    remembered = rng.random(len(card)) >= FORGOTTEN / OPEN_STAGES
    card, stage, at = card[remembered], stage[remembered], at[remembered]
    rate = habits.go_on[stage]
    goes_on = rng.random(len(card)) < 1 / (1 + (1 - rate) / rate * np.exp(-LARGE_DEALS * z[card]))
    stay = rng.gamma(SHAPE, habits.mean_days[stage] / SHAPE) * np.where(goes_on, 1.0, LOSING_TAKES)
    luck = rng.random(len(card))
    skips, returns = luck < SKIP, (luck > 1 - BACK) & (stage > 0)
    ahead = np.where(returns, stage - 1, np.minimum(stage + 1 + skips, WON))
    following = np.where(goes_on, ahead, LOST)
    return card, following, np.where(following == WON, _at_month_end(rng, at + stay), at + stay)


def _at_month_end(rng, at):
    """A quarter of the orders wait for one of the last two days of their month."""
    dates = (FIRST + np.floor(at)).astype(np.int64).astype("datetime64[D]")
    end = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64) - FIRST
    late = end - 2 * rng.random(len(at))
    return np.where(rng.random(len(at)) < AT_MONTH_END, np.maximum(at, late), at)


def people(rng: np.random.Generator, *, days: int, per_day: tuple[float, ...], apart: float) -> list[EventLog]:
    """The logs of the people of one pipeline, each with so many cards a day of their own; no card is in two of them.
    apart: by how much they differ, as the standard deviation of the log of their pace, and of the log odds to go on."""
    habits = Habits.drawn(rng)
    found, first = [], 0
    for own in per_day:
        odds = habits.go_on / (1 - habits.go_on) * np.exp(apart * rng.standard_normal())
        theirs = Habits(habits.mean_days * np.exp(apart * rng.standard_normal()), odds / (1 + odds), habits.trend)
        log = market(rng, days=days, per_day=own, habits=theirs)
        found.append(EventLog(STAGES, log.steps.with_columns(pl.col("card") + first)))
        first += int(log.steps["card"].max() or 0) + 1
    return found
