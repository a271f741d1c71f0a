"""Two selections side by side: stage by stage and as a whole, and where they differ by more than chance."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from .. import days, fiscal
from ..caveats import warning
from ..estimators import comparison, proportions, survival
from ..event_log import EventLog, Kind
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import spans, stage_visits
from . import _landmarks
from . import _suspects as suspects
from ._suspects import ADVANCE, KINDS, LOST, Stays

FEWEST = 10
RATE = 0.10
LONGEST_HORIZON = 180
Days = tuple[int, int]
Periods = tuple[Days, Days]


@dataclass(frozen=True, slots=True)
class Passing:
    """One stage in one selection: stays begun in the window, cards there at its end; median days with the 95 %
    interval, and shares that go on or are lost within the horizon both selections can be followed for. None below ten
    stays.
    """

    entered: int
    open: int
    median_days: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    advance: float | None = None
    advance_low: float | None = None
    advance_high: float | None = None
    lost: float | None = None


@dataclass(frozen=True, slots=True)
class StagePair:
    """pace_q: whether stays end less or more often at the same age; fate_q: whether those who leave are lost or go on.
    False discovery rates over all comparisons of the page; None where fewer than ten left in either."""

    key: str
    stage: str
    horizon_days: int | None
    a: Passing
    b: Passing
    pace_q: float | None = None
    fate_q: float | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """Deals that were won or lost in the window, the share won with its 95 % interval, and what the won brought; days
    from the first day in sales to the end, the open ones counted."""

    won: int
    lost: int
    amount: float
    share: float | None
    share_low: float | None
    share_high: float | None
    median_days: float | None
    median_low: float | None
    median_high: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """window; cut: what narrows it, by name; cards: journeys that were open at some time in the window."""

    window: tuple[date, date]
    cut: dict[str, Any]
    cards: int
    whole: Whole


@dataclass(frozen=True, slots=True)
class CompareReport:
    """shared: cards that are in both while their windows overlap; tests then compare b with the others of a."""

    pipeline: str
    as_of: date
    currency: str
    a: Side
    b: Side
    stages: tuple[StagePair, ...]
    share_q: float | None
    cycle_q: float | None
    shared: int
    tests: int
    warnings: tuple[dict[str, Any], ...] = field(default=())

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> CompareReport:
    assert river.other is not None
    log, today = river.journeys, days.number(selection.as_of)
    periods = _numbers(selection.window), _numbers(selection.other.window)
    visited = tuple(stage_visits.visits(of.journeys.steps, today) for of in (river, river.other))
    apart, shared = _apart(visited, periods)
    tests: dict[tuple[str, str], float] = {}
    pairs = []
    for code, stage in enumerate(log.stages):
        if stage.kind is not Kind.OPEN:
            continue
        shown = [suspects.stays(log, of, code) for of in visited]
        pairs.append(_pair(log, code, shown, visited, periods))
        tests |= _stage_tests(stage.key, [suspects.stays(log, of, code) for of in apart], periods)
    share_p, cycle_p = _whole_tests(log, apart, periods)
    tests |= {("", name): p for name, p in (("share", share_p), ("cycle", cycle_p)) if p is not None}
    q = dict(zip(tests, comparison.false_discovery(np.array([*tests.values()]))[1].tolist(), strict=True))
    sides = [
        Side(asked.window, of.cut, _cards(seen, period), _whole(log, seen, period))
        for asked, of, seen, period in zip(
            (selection, selection.other), (river, river.other), visited, periods, strict=True
        )
    ]
    return CompareReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        a=sides[0],
        b=sides[1],
        stages=tuple(
            StagePair(**_fields(pair), pace_q=q.get((pair.key, "slower")), fate_q=q.get((pair.key, "leak")))
            for pair in pairs
            if pair.a.entered or pair.a.open or pair.b.entered or pair.b.open
        ),
        share_q=q.get(("", "share")),
        cycle_q=q.get(("", "cycle")),
        shared=shared,
        tests=len(tests),
        warnings=tuple(_warnings(river, sides, shared, apart)),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    if not facts["tests"]:
        return {
            "head": _("Too few to compare"),
            "sentence": _("Not enough yet: needs %(needs)s that left a stage or came to an end in both selections.")
            % {"needs": FEWEST},
            "certainty": "",
        }
    told = sorted(_told(facts), key=lambda one: one[0])
    if not told:
        return {
            "head": _("No clear difference"),
            "sentence": _("%(a)s and %(b)s differ by no more than chance makes them.")
            % {"a": side_name(facts, "a"), "b": side_name(facts, "b")},
            "certainty": _("%(n)s comparisons; none stands out.") % {"n": facts["tests"]},
        }
    return {
        "head": _("%(a)s against %(b)s") % {"a": side_name(facts, "a"), "b": side_name(facts, "b")},
        "sentence": " ".join(sentence for _q, sentence in told[:2]),
        "certainty": _("Of %(n)s comparisons %(told)s stand out; at most one in ten of those by chance.")
        % {"n": facts["tests"], "told": len(told)},
    }


def side_name(facts: dict[str, Any], side: str) -> str:
    """What a selection is called beside the other: what only it is narrowed to, else its days."""
    own, other = facts[side], facts["b" if side == "a" else "a"]
    words = [cut_word(name, value) for name, value in own["cut"].items() if other["cut"].get(name) != value]
    if own["window"] != other["window"]:
        words.append(fiscal.in_days(*(date.fromisoformat(day) for day in own["window"])))
    return ", ".join(words) or _("All of them")


def cut_word(name: str, value: Any) -> str:
    if name == "tries":
        return _("First tries") if value == "first" else _("Second tries")
    if name == "least":
        return _("from %(amount)s") % {"amount": f"{value:,.0f}".replace(",", "\u2009")}
    if name == "most":
        return _("up to %(amount)s") % {"amount": f"{value:,.0f}".replace(",", "\u2009")}
    return str(value)


def _told(facts: dict[str, Any]) -> list[tuple[float, str]]:
    """Each difference that holds, as its q and a sentence."""
    names = {"a": side_name(facts, "a"), "b": side_name(facts, "b")}
    told = []
    for pair in facts["stages"]:
        a, b = pair["a"], pair["b"]
        words = {"stage": pair["stage"], **names}
        if pair["pace_q"] is not None and pair["pace_q"] <= RATE:
            figures = {"x": _whole_days(a["median_days"]), "y": _whole_days(b["median_days"])}
            told.append(
                (
                    pair["pace_q"],
                    _("%(stage)s: half stay %(x)s or longer (%(a)s), against %(y)s (%(b)s).") % (words | figures),
                )
            )
        if pair["fate_q"] is not None and pair["fate_q"] <= RATE:
            figures = {"x": _percent(a["advance"]), "y": _percent(b["advance"])}
            told.append(
                (pair["fate_q"], _("%(stage)s: %(x)s go on (%(a)s), against %(y)s (%(b)s).") % (words | figures))
            )
    a, b = facts["a"]["whole"], facts["b"]["whole"]
    if facts["share_q"] is not None and facts["share_q"] <= RATE:
        figures = {"x": _percent(a["share"]), "y": _percent(b["share"])}
        told.append(
            (facts["share_q"], _("%(x)s of what ends is won (%(a)s), against %(y)s (%(b)s).") % (names | figures))
        )
    if facts["cycle_q"] is not None and facts["cycle_q"] <= RATE:
        figures = {"x": _whole_days(a["median_days"]), "y": _whole_days(b["median_days"])}
        told.append(
            (
                facts["cycle_q"],
                _("With sales: half end within %(x)s (%(a)s), against %(y)s (%(b)s).") % (names | figures),
            )
        )
    return told


def _whole_days(value: float | None) -> str:
    return "–" if value is None else _("%(n)d days") % {"n": round(value)}


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _numbers(period: tuple[date, date]) -> Days:
    return days.number(period[0]), days.number(period[1])


def _fields(pair: StagePair) -> dict[str, Any]:
    return {name: getattr(pair, name) for name in ("key", "stage", "horizon_days", "a", "b")}


def _apart(visited: tuple[pl.DataFrame, ...], periods: Periods) -> tuple[tuple[pl.DataFrame, ...], int]:
    """Both without what they share: where the windows overlap, cards of both stay with b only."""
    a, b = visited
    (first, last), (other_first, other_last) = periods
    if first > other_last or other_first > last:
        return visited, 0
    both = a.join(b.select("card").unique(), on="card", how="semi")["card"].n_unique()
    return (a.join(b.select("card").unique(), on="card", how="anti", maintain_order="left"), b), both


def _pair(
    log: EventLog, code: int, shown: list[Stays], visited: tuple[pl.DataFrame, ...], periods: Periods
) -> StagePair:
    tables = [of.table(period) for of, period in zip(shown, periods, strict=True)]
    horizons = [_horizon(of, table, period) for of, table, period in zip(shown, tables, periods, strict=True)]
    known = [horizon for horizon in horizons if horizon]
    horizon = min(known) if known else None
    a, b = (
        _passing(seen, table, code, period, horizon)
        for seen, table, period in zip(visited, tables, periods, strict=True)
    )
    stage = log.stages[code]
    return StagePair(stage.key, stage.name, horizon, a, b)


def _horizon(of: Stays, table: survival.RiskTable, period: Days) -> int | None:
    """How long stays of the window could be followed."""
    if table.entered < FEWEST:
        return None
    entered, _start, _stop, _cause = of.watched(period)
    return int(min(LONGEST_HORIZON, np.quantile(period[1] - entered, 0.9), len(table.at_risk)))


def _passing(visited: pl.DataFrame, table: survival.RiskTable, code: int, period: Days, horizon: int | None) -> Passing:
    first, last = period
    here = visited.filter(pl.col("stage") == code)
    entered = here.filter(pl.col("entered").is_between(first, last)).height
    there = here.filter((pl.col("entered") <= last) & (pl.col("left").is_null() | (pl.col("left") > last))).height
    if table.entered < FEWEST or not horizon:
        return Passing(entered, there)
    median, ends = survival.kaplan_meier(table).quantile(0.5), survival.aalen_johansen(table)
    advance = ends.at(horizon, ADVANCE)
    return Passing(
        entered,
        there,
        median.value,
        median.low,
        median.high,
        advance.value,
        advance.low,
        advance.high,
        ends.at(horizon, LOST).value,
    )


def _stage_tests(key: str, of: list[Stays], periods: Periods) -> dict[tuple[str, str], float]:
    """The p-values of both kinds of difference; none where fewer than ten left in either."""
    a, b = (stays.table(period) for stays, period in zip(of, periods, strict=True))
    if min(a.left.sum(), b.left.sum()) < FEWEST:
        return {}
    found = {}
    for kind, weights in KINDS.items():
        spread = max(_dispersion(stays, period, weights) for stays, period in zip(of, periods, strict=True))
        found[key, kind] = _two_sided(comparison.log_rank(a, b, weights, dispersion=spread))
    return found


def _dispersion(of: Stays, period: Days, weights: tuple[float, ...]) -> float:
    """How much more than chance the weeks of the window vary around their own hazards."""
    w = np.array(weights)
    seen, due = suspects.weekly(of, of.table(period), period)
    return comparison.weekly_dispersion(w @ seen, w @ due, w**2 @ due)


def _two_sided(test: comparison.Comparison) -> float:
    return min(1.0, 2 * min(test.p, 1 - test.p))


def ended(log: EventLog, visited: pl.DataFrame, period: Days) -> pl.DataFrame:
    """The last stays of journeys that came to sales, came to their end in the window and stand so, with is_won."""
    return (
        _sold(log, visited)
        .filter(pl.col("left").is_null() & (pl.col("stage") >= log.won) & pl.col("entered").is_between(*period))
        .with_columns(is_won=pl.col("stage") == log.won)
    )


def _in_sales(log: EventLog, visited: pl.DataFrame, period: Days) -> survival.RiskTable:
    code = next((code for code, stage in _landmarks.stages(log)), 0)
    first, last = period
    frame = spans.journeys(visited, won=log.won, first_stage=code)
    inside = frame.filter((pl.col("entered") <= last) & (pl.col("ended").is_null() | (pl.col("ended") >= first)))
    entered = inside["entered"].cast(pl.Int64).to_numpy()
    ended = inside["ended"].cast(pl.Int64).fill_null(last + 1).to_numpy()
    cause = np.where(ended <= last, 0, survival.OPEN)
    return survival.risk_table(np.maximum(first - entered, 0), np.minimum(ended, last) - entered, cause, causes=1)


def _sold(log: EventLog, visited: pl.DataFrame) -> pl.DataFrame:
    """Only journeys that came to sales: what marketing lost is no lost deal."""
    code = next((code for code, stage in _landmarks.stages(log)), 0)
    there = visited.filter(pl.col("stage").is_between(code, log.won)).select("card").unique()
    return visited.join(there, on="card", how="semi", maintain_order="left")


def _whole(log: EventLog, visited: pl.DataFrame, period: Days) -> Whole:
    closed = ended(log, visited, period)
    won = closed.filter("is_won")
    share = proportions.wilson(won.height, closed.height)
    table = _in_sales(log, visited, period)
    median = survival.kaplan_meier(table).quantile(0.5) if table.entered >= FEWEST else survival.Estimate(None)
    return Whole(
        won.height,
        closed.height - won.height,
        float(won["amount"].sum()),
        share.value,
        share.low,
        share.high,
        median.value,
        median.low,
        median.high,
    )


def _whole_tests(log: EventLog, apart: tuple[pl.DataFrame, ...], periods: Periods) -> tuple[float | None, float | None]:
    """p of the share won, and of how fast deals end."""
    a, b = (ended(log, of, period) for of, period in zip(apart, periods, strict=True))
    share = None
    if min(a.height, b.height) >= FEWEST:
        share = proportions.differ(int(a["is_won"].sum()), a.height, int(b["is_won"].sum()), b.height)
    now, other = (_in_sales(log, of, period) for of, period in zip(apart, periods, strict=True))
    if min(now.left.sum(), other.left.sum()) < FEWEST:
        return share, None
    return share, _two_sided(comparison.log_rank(now, other, [1.0]))


def _cards(visited: pl.DataFrame, period: Days) -> int:
    first, last = period
    there = visited.filter((pl.col("entered") <= last) & (pl.col("left").is_null() | (pl.col("left") >= first)))
    return there["card"].n_unique()


def _warnings(river: River, sides: list[Side], shared: int, apart: tuple[pl.DataFrame, ...]) -> list[dict[str, Any]]:
    warnings = []
    if not any(side.cards for side in sides):
        warnings.append(warning("empty"))
    elif shared and not apart[0].height:
        warnings.append(warning("same"))
    elif shared:
        warnings.append(warning("shared", n=shared))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    return warnings
