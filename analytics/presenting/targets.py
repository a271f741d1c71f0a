"""How targets stand, in words."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.money import in_short

from .. import fiscal
from .words import NOTHING, Facts, Figure, percent


def shown(facts: Facts) -> Facts:
    currency = facts["currency"]
    return {
        "targets_title": _title(facts),
        "target_rows": [_row(target, currency) for target in facts["targets"]],
    }


def figures(facts: Facts) -> list[Figure]:
    """The chance of the target that ends next."""
    target = _next(facts)
    if target is None:
        return []
    note = _("%(amount)s in %(period)s") % {
        "amount": in_short(target["amount"], facts["currency"]),
        "period": period(target),
    }
    return [Figure(_("Chance of the target"), chance(target["chance"]), note)]


def chance(value: float | None) -> str:
    """In whole percent; nothing that is still open is called certain."""
    if value is None:
        return NOTHING
    if 0 < value < 0.01:
        return _("under %(share)s") % {"share": percent(0.01)}
    if 0.99 < value < 1:
        return _("over %(share)s") % {"share": percent(0.99)}
    return percent(value)


def period(target: Facts) -> str:
    days = fiscal.Period(date.fromisoformat(target["start"]), date.fromisoformat(target["end"]))
    return fiscal.name(days, first_month=Company.get().fiscal_year_start_month)


def _next(facts: Facts) -> Facts | None:
    return next((target for target in facts["targets"] if not target["is_over"]), None)


def _title(facts: Facts) -> str:
    target, currency = _next(facts), facts["currency"]
    if target is None or target["chance"] is None:
        return _("Targets")
    words = {
        "chance": chance(target["chance"]),
        "amount": in_short(target["amount"], currency),
        "period": period(target),
        "short": in_short(abs(target["short"] or 0), currency),
    }
    if target["chance"] == 1:
        return _("The %(amount)s of %(period)s are reached") % words
    if target["short"] is not None and target["short"] > 0:
        return _("%(chance)s chance to reach %(amount)s in %(period)s; what is expected falls %(short)s short") % words
    return _("%(chance)s chance to reach %(amount)s in %(period)s; %(short)s more than that are expected") % words


def _row(target: Facts, currency: str) -> Facts:
    def short(name: str) -> str:
        return NOTHING if target[name] is None else in_short(target[name], currency)

    return {
        "period": period(target),
        "chance": _outcome(target),
        **{name: short(name) for name in ("amount", "won", "gap", "pace", "a_week", "lately", "open", "point")},
        "new": NOTHING if target["new"] is None else in_short(target["new"] + target["recycled"], currency),
    }


def _outcome(target: Facts) -> str:
    if target["is_over"]:
        return _("reached") if target["chance"] else _("missed")
    return chance(target["chance"])
