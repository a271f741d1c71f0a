"""Where the river is held up: each stage's stays, and the one stage that has become slower or leaks more, if any.

The window is compared with the reference period before it. A stage is named only if the change is significant among
all stages tested (false discovery rate 10 %) and relieving it would bring more than 3 % of what is expected anyway.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .. import days
from ..caveats import warning
from ..estimators import survival
from ..estimators.survival import OPEN, Estimate
from ..event_log import EventLog
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import stage_visits
from ..tables.bulk_days import bulk_days
from . import _queues as queues
from . import _suspects as suspects
from ._queues import Queue
from ._suspects import ADVANCE, BACK, LOST, Days, Suspect

FEWEST_STAYS = 10
FEWEST_REFERENCE_DAYS = 28
LONGEST_HORIZON = 180
STALE_AFTER = 60
SMALLEST_GAIN = 0.03


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage in the window. Days count from the entry, shares are those after `horizon_days`; None where the data
    cannot tell."""

    key: str
    stage: str
    half: str
    entered: int
    open: int
    median_days: float | None = None
    median_low: float | None = None
    median_high: float | None = None
    p85_days: float | None = None
    p85_low: float | None = None
    p85_high: float | None = None
    mean_days: float | None = None
    horizon_days: int | None = None
    advance: float | None = None
    advance_low: float | None = None
    advance_high: float | None = None
    back: float | None = None
    lost: float | None = None
    still_open: float | None = None
    reference_median_days: float | None = None
    reference_advance: float | None = None
    detectable: float | None = None  # how many times slower it would have to be to be found four times in five


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The stage that holds up the river. gain: what relief would bring in 91 days; low and high hold 80 %."""

    key: str
    stage: str
    kind: str
    since: date
    q: float
    gain: float
    gain_low: float
    gain_high: float
    gain_share: float
    currency: str | None


@dataclass(frozen=True, slots=True)
class BottleneckReport:
    pipeline: str
    as_of: date
    currency: str
    reference: tuple[date, date]
    window: tuple[date, date]
    stages: tuple[StageLine, ...]
    bottleneck: Bottleneck | None
    queues: tuple[Queue, ...]
    could_compare: bool
    tests: int
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        """Plain values for JSON, rounded to what is worth reading."""
        return plain(asdict(self))


def report(river: River, selection: Selection, rng: np.random.Generator) -> BottleneckReport:
    log, today = river.journeys, days.number(selection.as_of)
    visited = stage_visits.visits(log.steps, today)
    window, reference = (_numbers(period) for period in (selection.window, selection.reference))
    entered_from, since = window[0], stage_visits.trusted_from(visited)
    if since is not None:
        window, reference = (max(window[0], since), window[1]), (max(reference[0], since), reference[1])
    warnings = _warnings(river, visited, since, selection, today)
    seen_in = _stages_seen(visited, entered_from)
    shown = [code for code, stage in enumerate(log.stages) if stage.is_open and code in seen_in]
    lines = []
    for code in shown:
        line, more = _line(log, visited, code, entered_from, window, reference)
        lines.append(line)
        warnings += more
    named: Bottleneck | None = None
    tests: list[Suspect] = []
    history = reference[1] - reference[0] + 1
    could_compare = since is not None and history >= FEWEST_REFERENCE_DAYS
    if could_compare:
        named, tests, more = _named(river, visited, shown, window, reference, today, rng)
        warnings += more
    elif visited.height:
        warnings.append(warning("no_reference", needs=FEWEST_REFERENCE_DAYS, has=max(history, 0)))
    seen = {log.stages[suspect.code].key: suspect.detectable for suspect in tests if suspect.kind == "slower"}
    return BottleneckReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        reference=selection.reference,
        window=selection.window,
        stages=tuple(replace(line, detectable=seen.get(line.key)) for line in lines),
        bottleneck=named,
        queues=queues.queues(log, visited, since, today),
        could_compare=could_compare and bool(tests),
        tests=len(tests),
        warnings=tuple(warnings),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    named = facts["bottleneck"]
    if named is None and not facts["could_compare"]:
        return {
            "head": _("Too early to say where deals get stuck"),
            "sentence": _("There is not enough history yet to compare the stages with how they were before."),
            "certainty": "",
        }
    if named is None:
        return {
            "head": _("No clear bottleneck"),
            "sentence": _overdue(facts),
            "certainty": _("%(tests)s comparisons with the reference period; none stands out.")
            % {"tests": facts["tests"]},
        }
    line = next(line for line in facts["stages"] if line["key"] == named["key"])
    return {
        "head": _("The bottleneck is %(stage)s") % named,
        "sentence": _slower(line, named) if named["kind"] == "slower" else _leak(line, named),
        "certainty": _("Very likely real.") if named["q"] <= 0.01 else _("Likely real."),
    }


def _overdue(facts: dict[str, Any]) -> str:
    """What to do where no stage stands out: the queue that is worth most."""
    first = next(iter(facts["queues"]), None)
    if first is None:
        return _("No stage has become slower or loses more than before, as far as the data can tell.")
    return _(
        "No stage has become slower or loses more than before. The overdue cards worth most wait in %(stage)s: "
        "%(overdue)s of %(open)s are there longer than 85 %% of their like."
    ) % {name: first[name] for name in ("stage", "overdue", "open")}


def _slower(line: dict[str, Any], named: dict[str, Any]) -> str:
    facts = {
        "median": _days(line["median_days"]),
        "before": _days(line["reference_median_days"]),
        "since": date_format(date.fromisoformat(named["since"]), "F Y"),
    }
    if line["median_days"] is None or line["reference_median_days"] is None:
        return _("Fewer go on from there than before, since about %(since)s.") % facts
    if line["median_days"] > line["reference_median_days"]:
        return (
            _("Half of those who enter wait %(median)s or longer, up from %(before)s, since about %(since)s.") % facts
        )
    return _("Those who go on take longer to do so than before, since about %(since)s.") % facts


def _leak(line: dict[str, Any], named: dict[str, Any]) -> str:
    facts = {
        "advance": _percent(line["advance"]),
        "before": _percent(line["reference_advance"]),
        "since": date_format(date.fromisoformat(named["since"]), "F Y"),
    }
    if line["advance"] is None or line["reference_advance"] is None:
        return _("More are lost there than before, since about %(since)s.") % facts
    return _("More are lost there: %(advance)s go on, where it was %(before)s, since about %(since)s.") % facts


def _days(value: float | None) -> str:
    return "–" if value is None else _("%(n)d days") % {"n": round(value)}


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _numbers(period: tuple[date, date]) -> Days:
    return days.number(period[0]), days.number(period[1])


def _stages_seen(visited: pl.DataFrame, window_from: int) -> set[int]:
    """The stages in which anything was in the window."""
    there = pl.col("left").is_null() | (pl.col("left") >= window_from)
    return set(visited.select(pl.col("stage").filter(there).unique())["stage"])


def _warnings(
    river: River, visited: pl.DataFrame, since: int | None, selection: Selection, today: int
) -> list[dict[str, Any]]:
    if visited.height == 0:
        return [warning("empty")]
    warnings = []
    known = pl.col("entered").filter(pl.col("exact"))
    inexact, first, last = visited.select(inexact=(~pl.col("exact")).sum(), first=known.min(), last=known.max()).row(0)
    if inexact:
        warnings.append(warning("inexact", n=inexact))
    if last is not None and today - last > STALE_AFTER:
        warnings.append(warning("stale", last=days.day(last).isoformat()))
    if since is not None and first is not None and since - first > 14 and since > days.number(selection.reference[0]):
        warnings.append(warning("truncated", since=days.day(since).isoformat()))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    booked = bulk_days(river.journeys.steps, days.number(selection.reference[0]), days.number(selection.window[1]))
    if booked.height:
        last_booked = days.day(booked["day"].max())  # type: ignore[arg-type]
        warnings.append(warning("bulk", n=booked.height, steps=booked["steps"].sum(), last=last_booked.isoformat()))
    return warnings


def _line(
    log: EventLog, visited: pl.DataFrame, code: int, entered_from: int, window: Days, reference: Days
) -> tuple[StageLine, list[dict[str, Any]]]:
    stage = log.stages[code]
    here = visited.filter(pl.col("stage") == code)
    counted: dict[str, Any] = {
        "key": stage.key,
        "stage": stage.name,
        "half": stage.half.value,
        "entered": here.filter(pl.col("entered").is_between(entered_from, window[1])).height,
        "open": here["left"].null_count(),
    }
    now, before = (stage_visits.watched(here, *period) for period in (window, reference))
    table = _table(now, code, log)
    if table.entered < FEWEST_STAYS:  # how stays begin was not seen, whatever is known of old ones
        return StageLine(**counted), [
            warning("not_enough_stays", stage=stage.name, needs=FEWEST_STAYS, has=table.entered)
        ]
    curve, ends = survival.kaplan_meier(table), survival.aalen_johansen(table)
    median, p85 = curve.quantile(0.5), curve.quantile(0.85)
    follow_up = np.quantile(window[1] - now["entered"].to_numpy(), 0.9)
    horizon = int(min(LONGEST_HORIZON, follow_up, len(curve.survival)))
    warnings = []
    if median.value is None:
        warnings.append(warning("median_not_reached", stage=stage.name))
    elif p85.value is None:
        warnings.append(warning("p85_not_reached", stage=stage.name))
    shares: dict[str, Any] = {}
    if horizon > 0:
        advance = ends.at(horizon, ADVANCE)
        shares = {
            "mean_days": curve.restricted_mean(horizon),
            "horizon_days": horizon,
            "advance": advance.value,
            "advance_low": advance.low,
            "advance_high": advance.high,
            "back": ends.at(horizon, BACK).value,
            "lost": ends.at(horizon, LOST).value,
            "still_open": float(ends.still_open[min(horizon, len(ends.still_open) - 1)]),
        }
    else:
        warnings.append(warning("no_follow_up", stage=stage.name))
    earlier_median, earlier_advance = _earlier(before, code, log, horizon)
    return (
        StageLine(
            **counted,
            median_days=median.value,
            median_low=median.low,
            median_high=median.high,
            p85_days=p85.value,
            p85_low=p85.low,
            p85_high=p85.high,
            reference_median_days=earlier_median,
            reference_advance=earlier_advance,
            **shares,
        ),
        warnings,
    )


def _earlier(before: pl.DataFrame, code: int, log: EventLog, horizon: int) -> tuple[float | None, float | None]:
    table = _table(before, code, log)
    if table.entered < FEWEST_STAYS:
        return None, None
    advance: Estimate = survival.aalen_johansen(table).at(horizon, ADVANCE) if horizon > 0 else Estimate(None)
    return survival.kaplan_meier(table).quantile(0.5).value, advance.value


def _causes(watched: pl.DataFrame, code: int, log: EventLog) -> np.ndarray:
    """ADVANCE, BACK or LOST for each stay that ended, else OPEN."""
    following = watched["next"].fill_null(-1).to_numpy()
    cause = np.where(following > code, ADVANCE, BACK)
    cause = np.where(following == log.lost, LOST, cause)
    return np.where(watched["ended"].to_numpy(), cause, OPEN)


def _table(watched: pl.DataFrame, code: int, log: EventLog) -> survival.RiskTable:
    return survival.risk_table(
        watched["start"].to_numpy(), watched["stop"].to_numpy(), _causes(watched, code, log), causes=3
    )


def _named(
    river: River,
    visited: pl.DataFrame,
    shown: list[int],
    window: Days,
    reference: Days,
    today: int,
    rng: np.random.Generator,
) -> tuple[Bottleneck | None, list[Suspect], list[dict[str, Any]]]:
    """The bottleneck, the comparisons that were made, and what could not be compared."""
    log = river.journeys
    found, too_few = suspects.suspects(log, visited, shown, window, reference)
    warnings = [
        warning("few_to_compare", stage=log.stages[code].name, needs=suspects.FEWEST_TO_COMPARE, has=has)
        for code, has in too_few.items()
    ]
    held = suspects.significant(found)
    if not held:
        return None, found, warnings
    clearest = {code: min((pair for pair in held if pair[0].code == code), key=_p) for code in _codes(held)}
    gains, has_amounts = suspects.gains(log, visited, list(clearest), window, reference, today, rng)
    if not has_amounts:
        warnings.append(warning("no_amounts"))
    code = max(clearest, key=lambda stage: float(np.median(gains[stage].gain)))
    expected = float(np.median(gains[code].now))
    low, gain, high = (float(value) for value in np.quantile(gains[code].gain, [0.1, 0.5, 0.9]))
    if gain <= SMALLEST_GAIN * expected:
        return None, found, warnings
    suspect, q = clearest[code]
    return (
        Bottleneck(
            key=log.stages[code].key,
            stage=log.stages[code].name,
            kind=suspect.kind,
            since=days.day(suspect.since),
            q=q,
            gain=gain,
            gain_low=low,
            gain_high=high,
            gain_share=gain / expected if expected > 0 else 0.0,
            currency=river.currency if has_amounts else None,
        ),
        found,
        warnings,
    )


def _p(pair: tuple[Suspect, float]) -> float:
    return pair[0].p


def _codes(held: list[tuple[Suspect, float]]) -> list[int]:
    return sorted({suspect.code for suspect, _q in held})
