"""What people expect beside what is computed, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import in_short

from ..grading import ENOUGH_CLOSED, Grade, Machine, Week
from ..rolling_up import KINDS, PERSON, Figure, Line, Whose
from .words import NOTHING, interval, percent

Named = Callable[[Whose], str]


def finding(line: Line | None, machine: Machine | None, *, whose: str, period: str, currency: str) -> dict[str, str]:
    """What is expected for sure, and how that lies to what is computed, once everybody has said something."""
    words = {"whose": whose, "period": period}
    figure = line.figure if line else None
    if line is None or figure is None:
        return {
            "head": _("Nobody has said anything yet"),
            "sentence": _("%(whose)s, %(period)s: no figure was given.") % words,
            "certainty": _computed(machine, currency),
        }
    words |= {"commit": in_short(figure.commit, currency), "best": in_short(figure.best_case, currency)}
    head = _("%(whose)s: %(commit)s for sure in %(period)s, %(best)s at best") % words
    if not line.is_whole:
        lacking = _(
            "%(said)s of %(of)s have said what they expect; a sum that lacks the others is compared with nothing."
        )
        return {"head": head, "sentence": lacking % {"said": line.said, "of": line.of}, "certainty": ""}
    if machine is None:
        missing = _("There is no forecast beside it yet: one is kept every night, the first after this was said.")
        return {"head": head, "sentence": missing, "certainty": ""}
    return {"head": head, "sentence": gap(figure, machine, currency), "certainty": _computed(machine, currency)}


def gap(figure: Figure, machine: Machine, currency: str) -> str:
    """How far the commit lies from the forecast's median, and whether that is within its range."""
    commit = float(figure.commit)
    words = {"gap": in_short(abs(commit - machine.q50), currency)}
    if commit > machine.q90:
        return _("That is %(gap)s above what the forecast expects, and above its range: bold.") % words
    if commit < machine.q10:
        return _("That is %(gap)s below what the forecast expects, and below its range: cautious.") % words
    if commit >= machine.q50:
        return _("That is %(gap)s above what the forecast expects, within its range.") % words
    return _("That is %(gap)s below what the forecast expects, within its range.") % words


def rows(
    lines: Mapping[Whose, Line], machines: Mapping[Whose, Machine], named: Named, currency: str
) -> list[dict[str, Any]]:
    """The whole first, then teams, then people."""
    return [
        {
            "whose": named(line.whose),
            "kind": line.whose[0],
            "below": _pair(line.below, currency),
            "said": _said(line),
            "override": line.override,
            "instead": _pair(line.figure, currency) if line.override else "",
            "counts": _pair(line.figure, currency),
            "machine": _range(machines.get(line.whose), currency),
        }
        for line in sorted(lines.values(), key=lambda line: (KINDS.index(line.whose[0]), named(line.whose)))
    ]


def figures(figure: Figure, currency: str) -> dict[str, str]:
    return {"commit": in_short(figure.commit, currency), "best_case": in_short(figure.best_case, currency)}


def computed(machine: Machine, currency: str) -> dict[str, str]:
    return {"median": in_short(machine.q50, currency), "range": _span(machine, currency)}


def week_rows(weeks: list[Week], currency: str) -> list[dict[str, str]]:
    return [
        {
            "freeze": date_format(week.freezes_at, "j M Y, H:i"),
            "commit": _one(week.figure.commit if week.figure else None, currency),
            "best": _one(week.figure.best_case if week.figure else None, currency),
            "machine": _range(week.machine, currency),
        }
        for week in weeks
    ]


def grade_rows(grades: list[Grade], named: Named) -> list[dict[str, str]]:
    return [
        {
            "whose": named(grade.whose),
            "weeks": ngettext("%(n)s week", "%(n)s weeks", grade.weeks) % {"n": grade.weeks},
            "periods": str(grade.periods),
            "error": percent(grade.error),
            "bias": bias(grade.bias),
            "machine": percent(grade.machine),
        }
        for grade in grades
    ]


def bias(share: float) -> str:
    """Which way, and by how much of what came."""
    if abs(share) < 0.01:
        return _("none to speak of")
    return (_("%(share)s too much") if share > 0 else _("%(share)s too little")) % {"share": percent(abs(share))}


def cut_off(weekday: int, hour: int) -> str:
    return _("%(day)s at %(hour)s:00") % {"day": WEEKDAYS[weekday], "hour": hour}


def too_few(closed: int) -> str:
    return _("Your own record is told from %(needed)s closed deals on; you have %(n)s.") % {
        "needed": ENOUGH_CLOSED,
        "n": closed,
    }


def _computed(machine: Machine | None, currency: str) -> str:
    if machine is None:
        return ""
    words = {"median": in_short(machine.q50, currency), "range": _span(machine, currency)}
    words["day"] = date_format(machine.as_of, "j M")
    return _("The forecast of the evening of %(day)s: %(median)s, four times in five %(range)s.") % words


def _said(line: Line) -> str:
    if line.whose[0] == PERSON:
        return date_format(line.own.recorded_at, "j M") if line.own else NOTHING
    return _("%(n)s of %(of)s") % {"n": line.said, "of": line.of}


def _pair(figure: Figure | None, currency: str) -> str:
    """“€40k–€60k”: for sure, and at best."""
    if figure is None:
        return NOTHING
    told = figures(figure, currency)
    return told["commit"] if figure.commit == figure.best_case else f"{told['commit']}–{told['best_case']}"


def _one(amount: Decimal | None, currency: str) -> str:
    return NOTHING if amount is None else in_short(amount, currency)


def _range(machine: Machine | None, currency: str) -> str:
    return NOTHING if machine is None else f"{in_short(machine.q50, currency)} ({_span(machine, currency)})"


def _span(machine: Machine, currency: str) -> str:
    return interval(machine.q10, machine.q90, lambda v: in_short(v, currency))
