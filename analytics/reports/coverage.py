"""Is it enough? How many more leads must come now, at each stage of the river, so that a target is reached four times
in five, until which day new ones can still help, and what comes anyway.

What comes anyway is the forecast of `outlook`. The chance of a new card is that of the semi-Markov chain over the whole
river, from the day it comes to the end of the target's period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import THIN_SPACE, in_short

from .. import days, parts
from ..caveats import warning
from ..estimators import attainment, needing
from ..estimators.markov import Prospects
from ..estimators.survival import Floats
from ..event_log import Kind
from ..outlook import SHOCK_DAYS, Fitted, Outlook
from ..plain import plain
from ..river import Goal, River
from ..selection import Selection
from . import _targets, forecast
from ._lacking import lack

WANTED = 0.8
MOST_GOALS = 4
MOST_WEEKS = 14
REALISTIC = 10  # times what begins anyway
WEEK = 7


@dataclass(frozen=True, slots=True)
class Need:
    """At one stage: `each`, the chance that a card that comes there tomorrow is won in time; `needed`, how many more
    must come there now, None where no number helps; latest: the last day on which a card that comes can still help."""

    key: str
    stage: str
    each: float
    needed: int | None
    latest: date | None


@dataclass(frozen=True, slots=True)
class Week:
    """inflow: so many will begin in it as things go; needed: so many more in this week alone would do, at the stage
    where most begin; None where no number helps."""

    start: date
    end: date
    inflow: float
    needed: int | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """One target. point: what is expected anyway; chance: to reach it with that; entry: the key of the stage where most
    begin. stages and weeks are empty where the chance is high enough already."""

    start: date
    end: date
    amount: float
    won: float
    gap: float
    point: float
    chance: float
    is_enough: bool
    entry: str
    stages: tuple[Need, ...]
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class CoverageReport:
    pipeline: str
    as_of: date
    currency: str
    wanted: float
    inflow_per_week: float | None
    targets: tuple[Coverage, ...]
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, rng: np.random.Generator) -> CoverageReport:
    today = days.number(selection.as_of)
    shown = _targets.shown(river.goals, selection.as_of)
    goals = [goal for goal in shown if days.number(goal.end) > today][:MOST_GOALS]
    outlook = parts.outlook_of(river, reach=forecast.reach(selection, shown))
    warnings = [] if goals else [warning("no_target")]
    can_say = outlook.can_say(today)
    if not can_say:
        warnings.append(lack(outlook, today))
    whole = parts.journeys_of(river, outlook, today) if can_say else None
    return CoverageReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        wanted=WANTED,
        inflow_per_week=whole.inflow.per_day * WEEK if whole else None,
        targets=tuple(_coverage(goal, river, outlook, whole, rng) for goal in goals) if whole else (),
        warnings=tuple(warnings),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    if not facts["targets"]:
        lacks_target = any(warned["code"] == "no_target" for warned in facts["warnings"])
        return {
            "head": _("Nothing to measure against") if lacks_target else _("Too early to say"),
            "sentence": _("Set a target, and this page says how many leads are missing and by when.")
            if lacks_target
            else _("Too few deals have been closed to say how many leads a target needs."),
            "certainty": "",
        }
    target = leading(facts)
    words = {
        "chance": f"{target['chance'] * 100:.0f}\u2009%" if target["chance"] >= 0.01 else _("Under 1\u2009%"),
        "amount": in_short(target["amount"], facts["currency"]),
        "end": _day(target["end"]),
    }
    sentence = _("%(chance)s chance to win %(amount)s until %(end)s.") % words
    if target["is_enough"]:
        return {"head": _("It is enough"), "sentence": sentence, "certainty": ""}
    entry = _entry(target)
    later = [need for need in target["stages"] if need["needed"] is not None]
    helps = later[-1] if later else None
    if entry["needed"] is None:
        head = _("No number of new leads can close in time")
        certainty = (
            _("%(n)s more in %(stage)s would do.") % {"n": counted(helps["needed"]), "stage": helps["stage"]}
            if helps
            else ""
        )
        return {"head": head, "sentence": sentence, "certainty": certainty}
    if not is_realistic(entry["needed"], target, facts):
        usual = _("More would be needed than ten times what begins until then as things go.")
        return {"head": _("No realistic number of new leads is enough"), "sentence": sentence, "certainty": usual}
    head = ngettext("%(n)s more lead is needed", "%(n)s more leads are needed", entry["needed"]) % {
        "n": counted(entry["needed"])
    }
    more = _("With so many more in %(stage)s now it would be four in five.") % {"stage": entry["stage"]}
    until = _("New ones can help until %(day)s.") % {"day": _day(entry["latest"])} if entry["latest"] else ""
    return {"head": head, "sentence": f"{sentence} {more}", "certainty": until}


def leading(facts: dict[str, Any]) -> dict[str, Any]:
    """The target that matters: the next that new leads can still bring about, else the next that is not enough. A month
    that is nearly over is not it while a quarter can be helped."""
    short = [target for target in facts["targets"] if not target["is_enough"]]
    helped = (target for target in short if is_realistic(_entry(target)["needed"], target, facts))
    return next(helped, None) or next(iter(short), facts["targets"][0])


def is_realistic(needed: int | None, target: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Whether so many could come: no more than ten times what begins anyway until the period's end."""
    if needed is None:
        return False
    weeks = (date.fromisoformat(target["end"]) - date.fromisoformat(facts["as_of"])).days / WEEK
    return needed <= max(REALISTIC * facts["inflow_per_week"] * weeks, 1)


def is_of_one_week(week: dict[str, Any]) -> bool:
    """Whether one week could bring so many: no more than ten times what begins in it anyway."""
    return week["needed"] is not None and week["needed"] <= max(REALISTIC * week["inflow"], 1)


def _entry(target: dict[str, Any]) -> dict[str, Any]:
    return next(need for need in target["stages"] if need["key"] == target["entry"])


def counted(number: int) -> str:
    return f"{number:,}".replace(",", THIN_SPACE)


def _day(day: str) -> str:
    return date_format(date.fromisoformat(day), "j F Y")


def _coverage(goal: Goal, river: River, outlook: Outlook, whole: Fitted, rng: np.random.Generator) -> Coverage:
    today, start, end = whole.today, days.number(goal.start), days.number(goal.end)
    skip, ahead = max(start - 1 - today, 0), end - today
    won = outlook.history.as_of(today).won_between(start, today)
    gap = max(goal.amount - won, 0.0)
    coming = outlook.forecast(today, skip=skip, length=ahead - skip)
    chance = attainment.chance(coming.quantiles, gap)
    deals = outlook.fitted(today)
    entry = int(np.argmax(whole.inflow.entry[: whole.known.states]))
    # (ahead + 1, S): chance of a card that comes at the end of that day, as the open ones fared
    chances = _in_time(whole, skip, ahead) * deals.tilt(ahead).coming
    shock, amounts = deals.shock(min(SHOCK_DAYS, ahead)), deals.amounts.won

    def needed(each: float) -> int | None:
        return needing.needed(coming.quantiles, gap, min(each, 1.0), amounts, rng, shock=shock, wanted=WANTED)

    is_enough = chance >= WANTED
    return Coverage(
        start=goal.start,
        end=goal.end,
        amount=goal.amount,
        won=won,
        gap=gap,
        point=won + coming.point,
        chance=chance,
        is_enough=is_enough,
        entry=river.journeys.stages[entry].key,
        stages=() if is_enough else tuple(_needs(river, chances, today, needed)),
        weeks=() if is_enough else tuple(_weeks(chances[:, entry], whole.inflow.per_day, today, needed)),
    )


def _in_time(whole: Fitted, skip: int, ahead: int) -> Floats:
    """Chances to be won within the period of a card that comes at the end of day 0 … ahead, at each stage."""
    found: Prospects = whole.prospects(
        (np.arange(ahead) >= skip).astype(np.int64) if skip else np.zeros(ahead, np.int64)
    )
    return found.at_entry[:, :, -1]


def _needs(river: River, chances: Floats, today: int, needed: Any) -> Iterator[Need]:
    for code, stage in enumerate(river.journeys.open_stages):
        if stage.kind is Kind.PARKED:
            continue
        helping = np.flatnonzero(chances[:, code] >= needing.HOPELESS)
        latest = days.day(today + int(helping[-1])) if len(helping) else None
        each = float(chances[0, code])
        yield Need(stage.key, stage.name, min(each, 1.0), needed(each), latest)


def _weeks(chances: Floats, per_day: float, today: int, needed: Any) -> Iterator[Week]:
    ahead = len(chances) - 1
    for first in range(1, min(ahead, MOST_WEEKS * WEEK) + 1, WEEK):
        last = min(first + WEEK - 1, ahead)
        each = float(chances[first : last + 1].mean())
        yield Week(days.day(today + first), days.day(today + last), per_day * (last - first + 1), needed(each))
