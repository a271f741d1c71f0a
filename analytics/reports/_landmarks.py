"""Deals at their landmark: which they are, what was known of each then, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import days
from ..estimators import survival
from ..estimators.drivers import UNKNOWN, Grouped, Measured
from ..estimators.survival import OPEN, Floats
from ..event_log import EventLog, Half, Stage
from ..river import Facts, River
from ..selection import Selection
from ..tables import landmarks, stage_visits

LONGEST_HORIZON = 180
CLOSED_BY_THEN = 0.95
TWO_YEARS = 730
FEWEST_OF_A_LEVEL = 30
OFTEN_NONE = 0.3
SOME, NONE = "some", "none"
AGAIN, FIRST = "again", "first"
OWNER = "owner"
COUNTED = "acts_"


@dataclass(frozen=True, slots=True)
class Landed:
    """The deals that came to `stage` from `first` to `last` (days), and were then watched for `horizon` days.

    frame: card, day, is_won and one column a fact, text or number; young: deals that came too lately to be among them;
    inexact: deals whose day of coming is not known. `levels` are those a text fact is told by.
    """

    stage: Stage
    code: int
    horizon: int
    first: int
    last: int
    frame: pl.DataFrame
    young: int
    inexact: int

    @property
    def names(self) -> list[str]:
        return [name for name in self.frame.columns if name not in ("card", "day", "is_won")]

    def levels(self, name: str) -> tuple[str, ...]:
        """Those seen often enough to be compared, the most frequent first."""
        counted = self.frame[name].drop_nulls().value_counts().sort(["count", name], descending=[True, False])
        return tuple(counted.filter(pl.col("count") >= FEWEST_OF_A_LEVEL)[name].to_list())

    def facts(self) -> list[Measured | Grouped]:
        return [
            self._grouped(name) if self.frame[name].dtype == pl.String else Measured(name, _numbers(self.frame[name]))
            for name in self.names
        ]

    def _grouped(self, name: str) -> Grouped:
        levels = self.levels(name)
        codes = self.frame[name].replace_strict(
            {level: code for code, level in enumerate(levels)}, default=UNKNOWN, return_dtype=pl.Int64
        )
        return Grouped(name, codes.fill_null(UNKNOWN).to_numpy(), len(levels), shrunk=name == OWNER)


def stages(log: EventLog) -> list[tuple[int, Stage]]:
    """Where deals can be looked at: the open stages of sales."""
    return [(code, stage) for code, stage in enumerate(log.open_stages) if stage.half is Half.SALES]


def landed(river: River, selection: Selection) -> Landed | None:
    """None where the pipeline has no such stage. The second stage of sales is looked at where none is asked for: at the
    first, nothing has been done by sales yet."""
    log, today = river.journeys, days.number(selection.as_of)
    choices = stages(log)
    asked = [place for place in choices if place[1].key == selection.landmark]
    if not choices or (selection.landmark and not asked):
        return None
    code, stage = asked[0] if asked else choices[:2][-1]
    visited = stage_visits.visits(log.steps, today)
    deals = visited.join(river.deals.steps.select("card").unique(), on="card", how="semi", maintain_order="left")
    everyone = landmarks.reached(deals, code, won=log.won)
    known = everyone.filter("exact")
    horizon = _horizon(deals, known, log.won, today)
    first, last = (days.number(day) for day in selection.lately(TWO_YEARS))
    inside = known.filter(pl.col("day").is_between(first, last))
    old = inside.filter(pl.col("day") + horizon <= today)
    facts = river.facts() if river.facts else Facts(old.select("card"))
    is_won = landmarks.outcomes(deals, old, horizon, won=log.won)
    return Landed(
        stage=stage,
        code=code,
        horizon=horizon,
        first=first,
        last=min(last, today - horizon),
        frame=_with_facts(old, facts).with_columns(is_won=is_won),
        young=inside.height - old.height,
        inexact=everyone.height - known.height,
    )


def _horizon(deals: pl.DataFrame, known: pl.DataFrame, won: int, today: int) -> int:
    """The days within which 95 % of them are won or lost; shorter where hardly anybody has been watched so long."""
    last = deals.group_by("card").agg(ended=pl.col("entered").last(), stage=pl.col("stage").last())
    spans = known.join(last, on="card")
    if spans.height == 0:
        return LONGEST_HORIZON
    has_ended = (spans["stage"] >= won).to_numpy()
    lasted = (spans["ended"] - spans["day"]).to_numpy().astype(np.int64)
    followed = today - spans["day"].to_numpy().astype(np.int64)
    table = survival.risk_table(
        np.zeros_like(lasted), np.where(has_ended, lasted, followed), np.where(has_ended, 0, OPEN), causes=1
    )
    closed = survival.kaplan_meier(table).quantile(CLOSED_BY_THEN).value
    longest = max(1, min(LONGEST_HORIZON, int(np.median(followed))))
    return longest if closed is None else max(1, min(int(closed), longest))


def _with_facts(old: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """card, day, and what was known of each: properties, who had it, what had been done, and when it came."""
    both = old.join(facts.properties, on="card", how="left", maintain_order="left").join(
        landmarks.told(old, facts.acts, facts.owners), on="card", how="left", maintain_order="left"
    )
    month = pl.from_epoch(pl.col("day"), time_unit="d").dt.month()
    derived = {
        "amount": pl.col("amount"),
        "tries": pl.when("again").then(pl.lit(AGAIN)).otherwise(pl.lit(FIRST)),
        "days_before": (pl.col("day") - pl.col("begun")).cast(pl.Float64),
        "month_of_quarter": ((month - 1) % 3 + 1).cast(pl.String),
    }
    if not facts.acts.height:  # nothing is written down: that nobody called is not known either
        both = both.drop("response", "met")
    counted = [name for name in both.columns if name.startswith(COUNTED)]
    often_none = [name for name in counted if both.height and (both[name] == 0).mean() >= OFTEN_NONE]  # type: ignore[operator]
    return both.with_columns(
        **derived,
        **{
            name: pl.when(pl.col(name) > 0).then(pl.lit(SOME)).otherwise(pl.lit(NONE))
            if name in often_none
            else pl.col(name).cast(pl.Float64)
            for name in counted
        },
    ).drop("begun", "exact", "again")


def is_logarithmic(values: Floats) -> bool:
    """Whether a number is one that grows by shares: amounts, days and counts are, what may be negative is not."""
    return not (values < 0).any()


def _numbers(column: pl.Series) -> Floats:
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.log1p(values) if is_logarithmic(values) else values
