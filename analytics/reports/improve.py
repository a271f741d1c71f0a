"""What came of improvements: the stage after the day on which something was done about it, against before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .. import days
from ..caveats import warning
from ..estimators import comparison, survival
from ..estimators.survival import Floats
from ..event_log import EventLog
from ..plain import plain
from ..river import Begun, River
from ..selection import Selection
from ..tables import stage_visits
from . import _suspects as suspects
from ._suspects import ADVANCE, KINDS, Stays

FEWEST = 10
RATE = 0.10
BEFORE = 270
LONGEST_AFTER = 365
Days = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One improvement. left and left_before: how many left the stage by any door since its first day, and in the 270
    days before; pace: how many times as fast they leave now at the same age, with its 90 % interval; median days and
    shares that go on within `horizon_days`, after and before. pace_q and fate_q are false discovery rates over all
    improvements; None where fewer than ten left in either.
    """

    improvement: int
    key: str
    stage: str
    what: str
    owner: str
    starts_on: date
    left: int
    left_before: int
    median_days: float | None = None
    median_before: float | None = None
    horizon_days: int | None = None
    advance: float | None = None
    advance_before: float | None = None
    pace: float | None = None
    pace_low: float | None = None
    pace_high: float | None = None
    pace_q: float | None = None
    fate_q: float | None = None


@dataclass(frozen=True, slots=True)
class ImproveReport:
    pipeline: str
    as_of: date
    outcomes: tuple[Outcome, ...]
    tests: int
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> ImproveReport:
    log, today = river.journeys, days.number(selection.as_of)
    visited = stage_visits.visits(log.steps, today)
    since = stage_visits.trusted_from(visited)
    codes = {stage.key: code for code, stage in enumerate(log.stages)}
    begun = [one for one in river.improvements if one.stage in codes and days.number(one.starts_on) <= today]
    outcomes: list[Outcome] = []
    tests: dict[tuple[int, str], float] = {}
    for one in begun:
        start = days.number(one.starts_on)
        before = (max(start - BEFORE, start if since is None else since), start - 1)
        after = (start, min(today, start + LONGEST_AFTER - 1))
        of = suspects.stays(log, visited, codes[one.stage])
        outcome, p = _outcome(log, one, of, before, after)
        outcomes.append(outcome)
        tests |= {(one.number, kind): value for kind, value in p.items()}
    q = dict(zip(tests, comparison.false_discovery(np.array([*tests.values()]))[1].tolist(), strict=True))
    return ImproveReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        outcomes=tuple(
            _judged(outcome, q.get((outcome.improvement, "slower")), q.get((outcome.improvement, "leak")))
            for outcome in outcomes
        ),
        tests=len(tests),
        warnings=() if visited.height else (warning("empty"),),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    if not facts["outcomes"]:
        return {
            "head": _("Nothing is being improved yet"),
            "sentence": _("Write down what is done about a stage and since when; what comes of it is told here."),
            "certainty": "",
        }
    changed = [outcome for outcome in facts["outcomes"] if is_changed(outcome)]
    if not changed:
        return {
            "head": _("No improvement shows yet"),
            "sentence": verdict(facts["outcomes"][0]),
            "certainty": _("%(n)s comparisons of after with before; none stands out.") % {"n": facts["tests"]},
        }
    return {
        "head": _("%(stage)s has changed") % changed[0],
        "sentence": verdict(changed[0]),
        "certainty": _("A change in time, not a proof of cause: other things may have changed as well."),
    }


def is_changed(outcome: dict[str, Any]) -> bool:
    return any(outcome[name] is not None and outcome[name] <= RATE for name in ("pace_q", "fate_q"))


def verdict(outcome: dict[str, Any]) -> str:
    """What came of it, in a sentence."""
    words = {
        "stage": outcome["stage"],
        "day": date_format(date.fromisoformat(outcome["starts_on"]), "j M Y"),
        "needs": FEWEST,
        "has": outcome["left"],
        "before": outcome["left_before"],
    }
    if outcome["pace_q"] is None:
        return (
            _(
                "%(stage)s, since %(day)s: too early to tell; needs %(needs)s that left since and before, has %(has)s "
                "and %(before)s."
            )
            % words
        )
    figures = {name: f"{outcome[name]:.1f}" for name in ("pace", "pace_low", "pace_high")}
    told = []
    if outcome["pace_q"] <= RATE and outcome["pace"] > 1:
        told.append(_("stays end %(pace)s times as fast (90 %%: %(pace_low)s to %(pace_high)s)") % figures)
    elif outcome["pace_q"] <= RATE:
        told.append(
            _("stays end more slowly, at %(pace)s of the pace (90 %%: %(pace_low)s to %(pace_high)s)") % figures
        )
    if outcome["fate_q"] is not None and outcome["fate_q"] <= RATE and outcome["advance"] is not None:
        shares = {name: f"{(outcome[name] or 0) * 100:.0f}" for name in ("advance", "advance_before")}
        told.append(_("%(advance)s %% go on, it was %(advance_before)s %%") % shares)
    if not told:
        words |= figures
        return (
            _(
                "%(stage)s, since %(day)s: no clear change; stays end at %(pace)s times the pace (90 %%: %(pace_low)s "
                "to %(pace_high)s)."
            )
            % words
        )
    return _("%(stage)s, since %(day)s: %(told)s.") % (words | {"told": "; ".join(told)})


def _outcome(log: EventLog, one: Begun, of: Stays, before: Days, after: Days) -> tuple[Outcome, dict[str, float]]:
    now, earlier = (of.table(period) for period in (after, before))
    left, left_before = int(now.left.sum()), int(earlier.left.sum())
    said = Outcome(
        improvement=one.number,
        key=one.stage,
        stage=next(stage.name for stage in log.stages if stage.key == one.stage),
        what=one.what,
        owner=one.owner,
        starts_on=one.starts_on,
        left=left,
        left_before=left_before,
    )
    if min(left, left_before) < FEWEST:
        return said, {}
    spread = {kind: max(_dispersion(of, period, w) for period in (after, before)) for kind, w in KINDS.items()}
    tests = {kind: comparison.log_rank(now, earlier, w, dispersion=spread[kind]) for kind, w in KINDS.items()}
    measured = _measured([now, earlier], tests["slower"])
    p = {kind: min(1.0, 2 * min(test.p, 1 - test.p)) for kind, test in tests.items()}
    return Outcome(**_known(said), **measured), p


def _measured(tables: list[survival.RiskTable], slower: comparison.Comparison) -> dict[str, Any]:
    """Medians, shares, and the pace: Peto's estimate of the ratio of hazards."""
    log_pace, error = -slower.difference / slower.variance, (slower.dispersion / slower.variance) ** 0.5
    medians = [
        survival.kaplan_meier(table).quantile(0.5).value if table.entered >= FEWEST else None for table in tables
    ]
    horizon = min(len(table.at_risk) for table in tables) - 1
    shares: list[float | None] = [
        survival.aalen_johansen(table).at(horizon, ADVANCE).value if table.entered >= FEWEST and horizon > 0 else None
        for table in tables
    ]
    return {
        "median_days": medians[0],
        "median_before": medians[1],
        "horizon_days": horizon,
        "advance": shares[0],
        "advance_before": shares[1],
        "pace": float(np.exp(log_pace)),
        "pace_low": float(np.exp(log_pace - 1.645 * error)),
        "pace_high": float(np.exp(log_pace + 1.645 * error)),
    }


def _dispersion(of: Stays, period: Days, weights: tuple[float, ...]) -> float:
    w: Floats = np.array(weights)
    seen, due = suspects.weekly(of, of.table(period), period)
    return comparison.weekly_dispersion(w @ seen, w @ due, w**2 @ due)


def _known(said: Outcome) -> dict[str, Any]:
    return {
        name: getattr(said, name)
        for name in ("improvement", "key", "stage", "what", "owner", "starts_on", "left", "left_before")
    }


def _judged(outcome: Outcome, pace_q: float | None, fate_q: float | None) -> Outcome:
    return Outcome(**{**asdict(outcome), "pace_q": pace_q, "fate_q": fate_q})
