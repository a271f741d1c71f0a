"""How long things take, in the order in which they began: open cards are waiting, not forgotten.

The customary chart averages what is finished. Of the newest months only the quick ones are, so it always falls; here
each month's cards are followed to today, and where too few have ended nothing is said.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from .. import days
from ..caveats import warning
from ..estimators import comparison, survival
from ..estimators.survival import OPEN
from ..event_log import EventLog, Half, Kind
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import spans, stage_visits

MONTHS = 12
FEWEST = 10
YEAR = 365
MOST_POINTS = 1500
LINES = {"p50": 0.50, "p85": 0.85, "p95": 0.95}
SURE = 0.05
NEVER = np.iinfo(np.int64).max
JOURNEY, SALES = "journey", "sales"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who began in the month. median: the day by which half of them had ended, by any door; None while it cannot
    be told. mean_of_ended: the customary figure, for comparison."""

    start: date
    end: date
    n: int
    open: int
    median_days: float | None
    median_low: float | None
    median_high: float | None
    p85_days: float | None
    mean_of_ended: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where, month by month; `name` is the stage's, empty for the whole way.

    z and p compare how fast spans end in the window and in the reference, two-sided; both None where fewer than ten
    ended in either.
    """

    key: str
    name: str
    cohorts: tuple[Cohort, ...]
    median_days: float | None
    median_low: float | None
    median_high: float | None
    reference_median_days: float | None
    z: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Finished:
    """One card that was won: on which day, and after how many."""

    card: int
    on: date
    days: int
    amount: float | None


@dataclass(frozen=True, slots=True)
class Control:
    """Won cards of the past year in the order in which they were won, and the lines below which 50, 85 and 95 % of them
    lie; lines are None below ten."""

    key: str
    n: int
    p50: float | None
    p85: float | None
    p95: float | None
    finished: tuple[Finished, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open card: how long it has been in its stage."""

    card: int
    days: int
    amount: float | None


@dataclass(frozen=True, slots=True)
class Ageing:
    """The open cards of a stage beside the days by which 50, 85 and 95 % of those who entered in the past year had
    left; None where that cannot be told."""

    key: str
    stage: str
    open: int
    p50: float | None
    p85: float | None
    p95: float | None
    overdue: int
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class CycleTimeReport:
    pipeline: str
    as_of: date
    currency: str
    window: tuple[date, date]
    reference: tuple[date, date]
    spans: tuple[Span, ...]
    controls: tuple[Control, ...]
    ageing: tuple[Ageing, ...]
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> CycleTimeReport:
    log, today = river.journeys, days.number(selection.as_of)
    visited = stage_visits.visits(log.steps, today)
    since = stage_visits.trusted_from(visited)
    asked = _Asked(log, visited, since if since is not None else today, selection)
    warnings = [warning("empty")] if visited.height == 0 else []
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    inexact = visited.filter(~pl.col("exact")).height
    if inexact:
        warnings.append(warning("inexact", n=inexact))
    return CycleTimeReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        window=selection.window,
        reference=selection.reference,
        spans=tuple(asked.span(key, name, frame) for key, name, frame in frames(log, visited) if frame.height),
        controls=tuple(asked.control(key, frame) for key, _name, frame in _journeys(log, visited)),
        ageing=tuple(asked.ageing(code) for code, stage in enumerate(log.stages) if stage.kind is Kind.OPEN),
        warnings=tuple(warnings),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    whole = next(iter(facts["spans"]), None)
    if whole is None or whole["median_days"] is None:
        return {
            "head": _("Too early to say how long it takes"),
            "sentence": _("Too few have come to an end to say how long it takes from beginning to end."),
            "certainty": "",
        }
    words = {
        "median": round(whole["median_days"]),
        "before": "–" if whole["reference_median_days"] is None else round(whole["reference_median_days"]),
        "low": "–" if whole["median_low"] is None else round(whole["median_low"]),
        "high": "∞" if whole["median_high"] is None else round(whole["median_high"]),
    }
    is_sure = whole["p"] is not None and whole["p"] <= SURE
    if is_sure and whole["z"] < 0:
        head = _("It takes longer than before")
    elif is_sure:
        head = _("It goes faster than before")
    else:
        head = _("It takes about as long as before") if whole["p"] is not None else _("How long it takes")
    return {
        "head": head,
        "sentence": _("Half of those who begin come to an end, won or lost, within %(median)s days; it was %(before)s.")
        % words
        if whole["reference_median_days"] is not None
        else _("Half of those who begin come to an end, won or lost, within %(median)s days.") % words,
        "certainty": _("95 %% interval %(low)s to %(high)s days; those still open count as waiting.") % words,
    }


def frames(log: EventLog, visited: pl.DataFrame) -> list[tuple[str, str, pl.DataFrame]]:
    """Every span that is looked at: its key, the name of its stage or nothing, and its cards."""
    stages = [
        (stage.key, stage.name, spans.stays(visited, code, won=log.won))
        for code, stage in enumerate(log.stages)
        if stage.kind is Kind.OPEN
    ]
    return [*_journeys(log, visited), *stages]


def _journeys(log: EventLog, visited: pl.DataFrame) -> list[tuple[str, str, pl.DataFrame]]:
    """From the beginning to the end; and from the first day in sales, where marketing comes before it."""
    first_sales = next((code for code, stage in enumerate(log.stages) if stage.is_open and stage.half is Half.SALES), 0)
    whole = spans.journeys(visited, won=log.won)
    if not first_sales:
        return [(JOURNEY, "", whole)]
    return [(JOURNEY, "", whole), (SALES, "", spans.journeys(visited, won=log.won, first_stage=first_sales))]


class _Asked:
    def __init__(self, log: EventLog, visited: pl.DataFrame, since: int, selection: Selection):
        self.log, self.visited, self.since = log, visited, since
        self.today = days.number(selection.as_of)
        self.year = (max(since, self.today - YEAR + 1), self.today)
        first, last = (days.number(day) for day in selection.window)
        self.window = (max(first, since), last)
        self.reference = (max(days.number(selection.reference[0]), since), first - 1)
        self.months = _months(selection.as_of)

    def span(self, key: str, name: str, frame: pl.DataFrame) -> Span:
        begun = SpanDays.of(frame.sort("entered"))
        now, before = (begun.table(period) for period in (self.window, self.reference))
        median = survival.kaplan_meier(now).quantile(0.5) if now.entered >= FEWEST else survival.Estimate(None)
        earlier = survival.kaplan_meier(before).quantile(0.5) if before.entered >= FEWEST else survival.Estimate(None)
        z = p = None
        if min(now.left.sum(), before.left.sum()) >= FEWEST:
            test = comparison.log_rank(now, before, [1.0])
            z, p = test.z, min(1.0, 2 * min(test.p, 1 - test.p))
        cohorts = tuple(self._cohort(begun, start, end) for start, end in self.months)
        return Span(key, name, cohorts, median.value, median.low, median.high, earlier.value, z, p)

    def control(self, key: str, frame: pl.DataFrame) -> Control:
        won = frame.filter(pl.col("is_won") & (pl.col("ended") >= self.year[0])).sort("ended", "card")
        lasted = (won["ended"] - won["entered"]).to_numpy()
        lines = {
            name: float(np.quantile(lasted, share, method="inverted_cdf")) if won.height >= FEWEST else None
            for name, share in LINES.items()
        }
        newest = won.tail(MOST_POINTS)
        finished = tuple(
            Finished(card, days.day(ended), ended - entered, amount)
            for card, entered, ended, amount in newest.select("card", "entered", "ended", "amount").iter_rows()
        )
        return Control(key, won.height, **lines, finished=finished)

    def ageing(self, code: int) -> Ageing:
        stage = self.log.stages[code]
        frame = spans.stays(self.visited, code, won=self.log.won)
        table = SpanDays.of(frame).table(self.year)
        curve = survival.kaplan_meier(table)
        lines = {
            name: curve.quantile(share).value if table.left.sum() >= FEWEST else None for name, share in LINES.items()
        }
        still = frame.filter(pl.col("ended").is_null()).with_columns(age=self.today - pl.col("entered"))
        overdue = still.filter(pl.col("age") > lines["p85"]).height if lines["p85"] is not None else 0
        oldest = still.sort("age", "card", descending=[True, False]).head(MOST_POINTS // 5)
        waiting = tuple(Waiting(*row) for row in oldest.select("card", "age", "amount").iter_rows())
        return Ageing(stage.key, stage.name, still.height, **lines, overdue=overdue, waiting=waiting)

    def _cohort(self, begun: SpanDays, start: date, end: date) -> Cohort:
        """begun: in the order of entry."""
        first, last = days.number(start), min(days.number(end), self.today)
        after, until = np.searchsorted(begun.entered, [first, last + 1])
        chosen = SpanDays(begun.entered[after:until], begun.ended[after:until])
        has_ended = chosen.ended < NEVER
        lasted = chosen.ended[has_ended] - chosen.entered[has_ended]
        mean = float(lasted.mean()) if len(lasted) else None
        counted = (start, end, len(has_ended), len(has_ended) - len(lasted))
        if len(has_ended) < FEWEST or first < self.since - 31:
            return Cohort(*counted, None, None, None, None, mean)
        curve = survival.kaplan_meier(chosen.table((self.since, self.today)))
        median, p85 = curve.quantile(0.5), curve.quantile(0.85)
        return Cohort(*counted, median.value, median.low, median.high, p85.value, mean)


@dataclass(frozen=True, slots=True)
class SpanDays:
    """On which days spans began and ended, NEVER while they last; (n,)."""

    entered: survival.Ints
    ended: survival.Ints

    @classmethod
    def of(cls, frame: pl.DataFrame) -> SpanDays:
        entered, ended = frame["entered"].cast(pl.Int64), frame["ended"].cast(pl.Int64).fill_null(NEVER)
        return cls(entered.to_numpy(), ended.to_numpy())

    def table(self, period: tuple[int, int]) -> survival.RiskTable:
        """The part of the spans that lies in the period, by days of age; they end by one cause."""
        first, last = period
        inside = (self.entered <= last) & (self.ended >= first)
        entered, ended = self.entered[inside], self.ended[inside]
        cause = np.where(ended <= last, 0, OPEN)
        return survival.risk_table(np.maximum(first - entered, 0), np.minimum(ended, last) - entered, cause, causes=1)


def _months(as_of: date) -> list[tuple[date, date]]:
    """The month of the day and the eleven before it, oldest first."""
    months = []
    start = as_of.replace(day=1)
    for _number in range(MONTHS):
        months.append((start, start.replace(day=monthrange(start.year, start.month)[1])))
        start = (start - timedelta(days=1)).replace(day=1)
    return months[::-1]
