"""The whole river in one picture: who came, how far they went, who was lost where, who came back, who is still there.

Two ways to look: over a period, everything that moved in it; or as a cohort, those who began in it and what has become
of them so far. Over a period, what came into a stage less what left it is the change of what is open there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import days
from ..caveats import warning
from ..estimators import survival
from ..event_log import EventLog, Half, Kind
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import flows, stage_visits
from . import _suspects as suspects

FEWEST_STAYS = 10


@dataclass(frozen=True, slots=True)
class Basin:
    """One stage. open_before + begun + entered = left + open_now; begun: cards whose journey starts here, `again` of
    them second tries; entered and left: steps from and to other stages. Amounts are known ones, in base currency."""

    key: str
    stage: str
    half: str
    kind: str
    open_before: int
    begun: int
    again: int
    entered: int
    left: int
    open_now: int
    amount_before: float
    amount_begun: float
    amount_now: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps from one stage to another, by keys."""

    source: str
    target: str
    count: int
    amount: float


@dataclass(frozen=True, slots=True)
class Course:
    """One way to look at the river: its stages, won and lost included, and what went from where to where."""

    stages: tuple[Basin, ...]
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """How long leads wait to be accepted by sales. accepted: the share of those ready that sales took, within
    horizon_days; None where too few were watched."""

    n: int
    median_days: float | None
    median_low: float | None
    median_high: float | None
    accepted: float | None
    accepted_low: float | None
    accepted_high: float | None
    horizon_days: int | None


@dataclass(frozen=True, slots=True)
class RiverReport:
    """came and ended over the window, with the 95 % interval of the change they make in a window like this one."""

    pipeline: str
    as_of: date
    window: tuple[date, date]
    currency: str
    period: Course
    cohort: Course
    hand_over: HandOver | None
    came: int
    again: int
    won: int
    lost: int
    won_amount: float
    change: int
    change_low: float
    change_high: float
    unknown_amounts: int
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> RiverReport:
    log, today = river.journeys, days.number(selection.as_of)
    first, last = (days.number(day) for day in selection.window)
    visited = flows.with_latest_amounts(stage_visits.visits(log.steps, today))
    since = stage_visits.trusted_from(visited)
    period = _course(log, visited, first, last)
    cohort = _course(log, flows.begun_in(visited, first, last), first, today)
    came = sum(basin.begun for basin in period.stages)
    won, lost = (next(basin for basin in period.stages if basin.kind == kind) for kind in (Kind.WON, Kind.LOST))
    ended = won.entered + lost.entered + won.begun + lost.begun - won.left - lost.left
    spread = 1.96 * (came + ended) ** 0.5
    cards = visited.filter(pl.col("left").is_null() | (pl.col("left") >= first)).unique("card")
    return RiverReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        window=selection.window,
        currency=river.currency,
        period=period,
        cohort=cohort,
        hand_over=_hand_over(log, visited, (max(first, since), last)) if since is not None else None,
        came=came,
        again=sum(basin.again for basin in period.stages),
        won=won.entered + won.begun,
        lost=lost.entered + lost.begun,
        won_amount=sum(flow.amount for flow in period.flows if flow.target == won.key) + won.amount_begun,
        change=came - ended,
        change_low=came - ended - spread,
        change_high=came - ended + spread,
        unknown_amounts=cards["amount"].null_count(),
        warnings=tuple(_warnings(river, visited, since, first)),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    if not facts["came"] and not any(basin["open_before"] for basin in facts["period"]["stages"]):
        return {
            "head": _("Nothing has flowed yet"),
            "sentence": _("The river begins with the first prospect or deal."),
            "certainty": "",
        }
    if facts["change_low"] > 0:
        head = _("The river rises: %(n)s more came than ended")
    elif facts["change_high"] < 0:
        head = _("The river falls: %(n)s more ended than came")
    else:
        head = _("About as many come as end")
    change, low, high = facts["change"], round(facts["change_low"]), round(facts["change_high"])
    words = {"n": abs(change)} | {
        name: f"{number:+d}".replace("-", "−") for name, number in (("change", change), ("low", low), ("high", high))
    }
    return {
        "head": head % words,
        "sentence": _what_became(facts),
        "certainty": _("Open cards changed by %(change)s; 95 %% interval %(low)s to %(high)s.") % words,
    }


def _what_became(facts: dict[str, Any]) -> str:
    cohort = facts["cohort"]["stages"]
    came = sum(basin["begun"] for basin in cohort)
    if not came:
        return _("Nobody began in this window.")
    sums = {kind: sum(basin["open_now"] for basin in cohort if basin["kind"] == kind) for kind in ("won", "lost")}
    words = {"came": came, **sums, "open": came - sum(sums.values())}
    sentence = ngettext(
        "Of the one that began in the window, %(won)s is won so far, %(lost)s lost, and %(open)s still open.",
        "Of the %(came)s that began in the window, %(won)s are won so far, %(lost)s lost, and %(open)s still open.",
        came,
    )
    return sentence % words


def _course(log: EventLog, visited: pl.DataFrame, first: int, last: int) -> Course:
    before = {row["stage"]: row for row in flows.stock(visited, first - 1).iter_rows(named=True)}
    now = {row["stage"]: row for row in flows.stock(visited, last).iter_rows(named=True)}
    begun = {row["stage"]: row for row in flows.begun(visited, first, last).iter_rows(named=True)}
    moved = flows.flows(visited, first, last)
    came = dict(moved.group_by("next").agg(pl.col("steps").sum()).iter_rows())
    gone = dict(moved.group_by("stage").agg(pl.col("steps").sum()).iter_rows())
    nothing: dict[str, Any] = {"cards": 0, "again": 0, "amount": 0.0}
    basins = tuple(
        Basin(
            key=stage.key,
            stage=stage.name,
            half=stage.half.value,
            kind=stage.kind.value,
            open_before=before.get(code, nothing)["cards"],
            begun=begun.get(code, nothing)["cards"],
            again=begun.get(code, nothing)["again"],
            entered=came.get(code, 0),
            left=gone.get(code, 0),
            open_now=now.get(code, nothing)["cards"],
            amount_before=before.get(code, nothing)["amount"],
            amount_begun=begun.get(code, nothing)["amount"],
            amount_now=now.get(code, nothing)["amount"],
        )
        for code, stage in enumerate(log.stages)
    )
    keys = [stage.key for stage in log.stages]
    return Course(
        basins, tuple(Flow(keys[source], keys[target], steps, amount) for source, target, steps, amount in moved.rows())
    )


def _hand_over(log: EventLog, visited: pl.DataFrame, window: tuple[int, int]) -> HandOver | None:
    """Of the last marketing stage, where leads wait for sales; None in a river that is all sales."""
    marketing = [
        code for code, stage in enumerate(log.stages) if stage.half is Half.MARKETING and stage.kind is Kind.OPEN
    ]
    if not marketing:
        return None
    table = suspects.stays(log, visited, marketing[-1]).table(window)
    if table.entered < FEWEST_STAYS:
        return HandOver(table.entered, *[None] * 7)
    median = survival.kaplan_meier(table).quantile(0.5)
    horizon = min(len(table.at_risk) - 1, window[1] - window[0])
    taken = survival.aalen_johansen(table).at(horizon, suspects.ADVANCE)
    return HandOver(table.entered, median.value, median.low, median.high, taken.value, taken.low, taken.high, horizon)


def _warnings(river: River, visited: pl.DataFrame, since: int | None, first: int) -> list[dict[str, Any]]:
    if visited.height == 0:
        return [warning("empty")]
    warnings = []
    if since is not None and since > first:
        warnings.append(warning("truncated", since=days.day(since).isoformat()))
    inexact = visited.filter(~pl.col("exact")).height
    if inexact:
        warnings.append(warning("inexact", n=inexact))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    return warnings
