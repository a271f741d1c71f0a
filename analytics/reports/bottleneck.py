"""Where the river is held up: each stage's stays, and the one stage that has become slower or leaks more, if any.

The window is compared with the reference period before it. A stage is named only if the change is significant among
all stages tested (false discovery rate 10 %) and relieving it would bring more than 3 % of what is expected anyway.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .. import chain, days
from ..caveats import warning
from ..estimators import comparison, markov, relief, survival
from ..estimators.survival import OPEN, Estimate, Floats
from ..event_log import EventLog, Kind
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import stage_visits

FEWEST_STAYS = 10
FEWEST_TO_COMPARE = 10
FEWEST_REFERENCE_DAYS = 28
LONGEST_HORIZON = 180
STALE_AFTER = 60
RATE = 0.10
SMALLEST_GAIN = 0.03
OLDEST = 250
ADVANCE, BACK, LOST = 0, 1, 2


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
    reference: tuple[date, date]
    window: tuple[date, date]
    stages: tuple[StageLine, ...]
    bottleneck: Bottleneck | None
    could_compare: bool
    tests: int
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        """Plain values for JSON, rounded to what is worth reading."""
        return plain(asdict(self))


def report(river: River, selection: Selection, rng: np.random.Generator) -> BottleneckReport:
    log, today = river.journeys, days.number(selection.as_of)
    visited = stage_visits.visits(log.steps, today)
    window = tuple(days.number(day) for day in selection.window)
    reference = tuple(days.number(day) for day in selection.reference)
    entered_from, since = window[0], stage_visits.trusted_from(visited)
    if since is not None:
        window, reference = (max(window[0], since), window[1]), (max(reference[0], since), reference[1])
    warnings = _warnings(river, visited, since, selection, today)
    shown = [code for code, stage in enumerate(log.stages) if stage.is_open and _appears(visited, code, entered_from)]
    lines = []
    for code in shown:
        line, more = _line(log, visited, code, entered_from, window, reference, today)
        lines.append(line)
        warnings += more
    named, tests = None, 0
    history = reference[1] - reference[0] + 1
    could_compare = since is not None and history >= FEWEST_REFERENCE_DAYS
    if could_compare:
        named, tests, more = _named(river, visited, shown, window, reference, today, rng)
        warnings += more
    elif visited.height:
        warnings.append(warning("no_reference", needs=FEWEST_REFERENCE_DAYS, has=max(history, 0)))
    return BottleneckReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        reference=selection.reference,
        window=selection.window,
        stages=tuple(lines),
        bottleneck=named,
        could_compare=could_compare and tests > 0,
        tests=tests,
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
            "sentence": _("No stage has become slower or loses more than before, as far as the data can tell."),
            "certainty": _("%(tests)s comparisons with the reference period; none stands out.")
            % {"tests": facts["tests"]},
        }
    line = next(line for line in facts["stages"] if line["key"] == named["key"])
    return {
        "head": _("The bottleneck is %(stage)s") % named,
        "sentence": _slower(line, named) if named["kind"] == "slower" else _leak(line, named),
        "certainty": _("Very likely real.") if named["q"] <= 0.01 else _("Likely real."),
    }


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


def _appears(visited: pl.DataFrame, code: int, window_from: int) -> bool:
    """Whether anything was in the stage in the window."""
    here = visited.filter((pl.col("stage") == code) & (pl.col("left").is_null() | (pl.col("left") >= window_from)))
    return here.height > 0


def _warnings(
    river: River, visited: pl.DataFrame, since: int | None, selection: Selection, today: int
) -> list[dict[str, Any]]:
    if visited.height == 0:
        return [warning("empty")]
    warnings = []
    inexact = visited.filter(~pl.col("exact")).height
    last = visited.filter(pl.col("exact")).select(pl.col("entered").max()).item()
    first = visited.filter(pl.col("exact")).select(pl.col("entered").min()).item()
    if inexact:
        warnings.append(warning("inexact", n=inexact))
    if last is not None and today - last > STALE_AFTER:
        warnings.append(warning("stale", last=days.day(last).isoformat()))
    if since is not None and first is not None and since - first > 14 and since > days.number(selection.reference[0]):
        warnings.append(warning("truncated", since=days.day(since).isoformat()))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    return warnings


def _line(
    log: EventLog, visited: pl.DataFrame, code: int, entered_from: int, window: tuple, reference: tuple, today: int
) -> tuple[StageLine, list[dict[str, Any]]]:
    stage = log.stages[code]
    here = visited.filter(pl.col("stage") == code)
    counted: dict[str, Any] = {
        "key": stage.key,
        "stage": stage.name,
        "half": stage.half.value,
        "entered": here.filter(pl.col("entered") >= entered_from).height,
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
    follow_up = np.quantile(today - now["entered"].to_numpy(), 0.9)
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


@dataclass(frozen=True, slots=True)
class _Test:
    code: int
    kind: str
    result: comparison.Comparison
    p: float
    since: int


def _named(
    river: River,
    visited: pl.DataFrame,
    shown: list[int],
    window: tuple,
    reference: tuple,
    today: int,
    rng: np.random.Generator,
) -> tuple[Bottleneck | None, int, list[dict[str, Any]]]:
    """The bottleneck, how many comparisons were made, and what could not be compared."""
    log, tests, warnings = river.journeys, [], []
    for code in shown:
        if log.stages[code].kind is Kind.PARKED:
            continue
        found, has = _tests(log, visited, code, window, reference)
        tests += found
        if not found:
            warnings.append(
                warning("few_to_compare", stage=log.stages[code].name, needs=FEWEST_TO_COMPARE, has=int(has))
            )
    holds, q = comparison.false_discovery(np.array([test.p for test in tests]), rate=RATE)
    significant = [(test, float(q_of)) for test, held, q_of in zip(tests, holds, q, strict=True) if held]
    if not significant:
        return None, len(tests), warnings
    stages = sorted({test.code for test, _q in significant})
    gains, has_amounts = _gains(log, visited, stages, window, reference, today, rng)
    if not has_amounts:
        warnings.append(warning("no_amounts"))
    expected = float(np.median(gains.now))
    code = max(stages, key=lambda stage: float(np.median(gains.gain[stage])))
    low, gain, high = (float(value) for value in np.quantile(gains.gain[code], [0.1, 0.5, 0.9]))
    if gain <= SMALLEST_GAIN * expected:
        return None, len(tests), warnings
    test, q_of = _kind([pair for pair in significant if pair[0].code == code])
    return (
        Bottleneck(
            key=log.stages[code].key,
            stage=log.stages[code].name,
            kind=test.kind,
            since=days.day(test.since),
            q=q_of,
            gain=gain,
            gain_low=low,
            gain_high=high,
            gain_share=gain / expected if expected > 0 else 0.0,
            currency=river.currency if has_amounts else None,
        ),
        len(tests),
        warnings,
    )


def _kind(found: list[tuple[_Test, float]]) -> tuple[_Test, float]:
    """A stage that loses more also lets fewer go on: where both hold it is a leak."""
    return min(found, key=lambda pair: (pair[0].kind != "leak", pair[0].p))


def _tests(
    log: EventLog, visited: pl.DataFrame, code: int, window: tuple, reference: tuple
) -> tuple[list[_Test], float]:
    """Does the stage go on slower, does it lose more? None where too few have left to compare."""
    here = visited.filter(pl.col("stage") == code)
    now, before = (stage_visits.watched(here, *period) for period in (window, reference))
    table_now, table_before = _table(now, code, log), _table(before, code, log)
    has = min(table_now.left.sum(), table_before.left.sum()) if now.height and before.height else 0
    if has < FEWEST_TO_COMPARE:
        return [], has
    tests = []
    for cause, kind in ((ADVANCE, "slower"), (LOST, "leak")):
        rate = _rate(table_before, cause)
        spread = comparison.weekly_dispersion(*_weekly(before, code, log, cause, rate, reference))
        result = comparison.log_rank(table_now, table_before, cause, dispersion=spread)
        p = result.p_fewer if kind == "slower" else result.p_more
        tests.append(_Test(code, kind, result, p, _since(here, code, log, cause, rate, window, reference)))
    return tests, has


def _since(
    here: pl.DataFrame, code: int, log: EventLog, cause: int, rate: Floats, window: tuple, reference: tuple
) -> int:
    """The first day of the week from which the rate differs most; the window's first day where it cannot be told."""
    whole = (reference[0], window[1])
    watched = stage_visits.watched(here, *whole)
    week = comparison.change_point(*_weekly(watched, code, log, cause, rate, whole))
    weeks = (whole[1] - whole[0] + 1) // 7
    return window[0] if week is None else whole[1] - 7 * weeks + 1 + 7 * week


def _weekly(
    watched: pl.DataFrame, code: int, log: EventLog, cause: int, rate: Floats, period: tuple
) -> tuple[Floats, Floats]:
    return comparison.weekly_counts(
        watched["entered"].to_numpy(),
        watched["start"].to_numpy(),
        watched["stop"].to_numpy(),
        _causes(watched, code, log) == cause,
        rate,
        first=period[0],
        last=period[1],
    )


def _rate(table: survival.RiskTable, cause: int) -> Floats:
    """The cause's hazard by age, pooled over ages so that a few old stays do not stand for all that come."""
    bins = markov.age_bins(table.events[cause].astype(float))
    events, at_risk = np.bincount(bins, table.events[cause]), np.bincount(bins, table.at_risk)
    return (events / np.maximum(at_risk, 1))[bins]


def _gains(
    log: EventLog,
    visited: pl.DataFrame,
    stages: list[int],
    window: tuple,
    reference: tuple,
    today: int,
    rng: np.random.Generator,
) -> tuple[relief.Gains, bool]:
    """Draws of what relieving each of the stages brings, and whether amounts are known."""
    nightly = stage_visits.nights(visited)
    states = len(log.open_stages)
    now, before = (
        markov.count(chain.nights(nightly, states, *period)[0], states=states, ages=OLDEST)
        for period in (window, reference)
    )
    hazards = markov.fit(before, pseudo_events=2.0)
    change = relief.changes(now, before, hazards.mean())
    won = visited.filter((pl.col("stage") == log.won) & pl.col("amount").is_not_null())
    usual = won["amount"].mean()
    usual_amount = float(usual) if isinstance(usual, float) and usual > 0 else 1.0
    has_amounts = isinstance(usual, float) and usual > 0
    still = nightly.filter(pl.col("left").is_null() & (pl.col("stage") < states))
    begun = nightly.filter(pl.col("first") & (pl.col("entered") >= window[0]))
    amounts = still["amount"].fill_null(usual_amount).to_numpy() if has_amounts else np.ones(still.height)
    worth = relief.Worth(
        state=still["stage"].to_numpy().astype(np.int64),
        age=(today - still["entered"]).to_numpy().astype(np.int64),
        amount=amounts,
        per_day=begun.height / max(window[1] - window[0] + 1, 1) * usual_amount,
        entry=np.bincount(begun["stage"].to_numpy(), minlength=states + 2) / max(begun.height, 1),
    )
    return relief.gains(hazards, change, worth, stages, rng), has_amounts
