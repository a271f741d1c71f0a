"""Is it enough, in words."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pipeline_crm.foundation.money import in_short

from ..figures.coverage import charted, helping
from ..reports import coverage
from .targets import chance, period
from .words import NOTHING, Facts, Figure, percent


def shown(facts: Facts) -> Facts:
    drawn = charted(facts)
    return {
        "kpis": _kpis(facts),
        "targets": [_target(target, facts) | {"is_charted": target is drawn} for target in _ordered(facts)],
        "weeks_title": _weeks_title(drawn) if drawn else "",
        "weeks": [_week(week) for week in drawn["weeks"]] if drawn else [],
    }


def _kpis(facts: Facts) -> list[Figure]:
    currency = facts["currency"]
    figures = [
        Figure(period(target), chance(target["chance"]), _of(target, currency)) for target in facts["targets"][:3]
    ]
    if facts["inflow_per_week"] is not None:
        figures.append(Figure(_("Begin each week"), f"{facts['inflow_per_week']:.1f}", _("over the last 8 weeks")))
    return figures


def _of(target: Facts, currency: str) -> str:
    words = {"point": in_short(target["point"], currency), "amount": in_short(target["amount"], currency)}
    return _("%(point)s expected of %(amount)s") % words


def _ordered(facts: Facts) -> list[Facts]:
    """The target that matters first."""
    if not facts["targets"]:
        return []
    first = coverage.leading(facts)
    return [first, *(target for target in facts["targets"] if target is not first)]


def _target(target: Facts, facts: Facts) -> Facts:
    words = {
        "period": period(target),
        "chance": chance(target["chance"]),
        "amount": in_short(target["amount"], facts["currency"]),
    }
    title = _("%(period)s: %(chance)s chance of %(amount)s") % words
    return {
        "key": target["end"] + target["start"],
        "title": title,
        "is_enough": target["is_enough"],
        "rows": [_need(need, target, facts) for need in target["stages"]],
    }


def _need(need: Facts, target: Facts, facts: Facts) -> Facts:
    return {
        "stage": need["stage"],
        "each": percent(need["each"]) if need["each"] >= 0.01 else _("under %(share)s") % {"share": percent(0.01)},
        "needed": _needed(need["needed"], is_realistic=coverage.is_realistic(need["needed"], target, facts)),
        "latest": _day(need["latest"]) if need["latest"] else NOTHING,
    }


def _needed(needed: int | None, *, is_realistic: bool) -> str:
    if needed is None:
        return _("no number is enough")
    return coverage.counted(needed) if is_realistic else _("no realistic number")


def _week(week: Facts) -> Facts:
    return {
        "start": _day(week["start"]),
        "inflow": f"{week['inflow']:.1f}",
        "needed": _needed(week["needed"], is_realistic=coverage.is_of_one_week(week)),
    }


def _weeks_title(target: Facts) -> str:
    """Of the next week whose new cards could be enough."""
    week = helping(target)[0]
    words = {"period": period(target), "n": coverage.counted(week["needed"]), "inflow": f"{week['inflow']:.0f}"}
    if week == target["weeks"][0]:
        return _("%(period)s: %(n)s more than the usual %(inflow)s would have to come this week") % words
    words["day"] = _day(week["start"])
    return _("%(period)s: %(n)s more than the usual %(inflow)s would have to come in the week from %(day)s") % words


def _day(day: str) -> str:
    return date_format(date.fromisoformat(day), "j M")
