"""What will be won, in words."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from pipeline_crm.foundation.money import in_short

from .. import fiscal
from ..reports.forecast import in_periods
from ..ways import OURS, name_of, only_the_best_weighted
from . import targets
from .words import INTERVAL_DASH, NOTHING, Facts, Figure, percent, signed


def shown(facts: Facts) -> Facts:
    currency = facts["currency"]
    return {
        "kpis": [*targets.figures(facts), *_periods_ahead(facts)],
        **targets.shown(facts),
        "has_chart": facts["total"] is not None,
        "units": _units(facts),
        "unit": _unit_name(facts["unit"]),
        "periods_title": _periods_title(facts),
        "parts_title": _parts_title(facts),
        "rows": [{"name": name(period, facts), **_period_row(period, currency)} for period in facts["periods"]],
        "total_row": facts["total"] and _period_row(facts["total"], currency),
        "past_won": [
            {**past, "name": name(past, facts), "won": in_short(past["won"], currency)} for past in facts["past_won"]
        ],
        "shock": None if facts["period_shock"] is None else percent(facts["period_shock"] ** 0.5),
        "weights": _weights(facts),
        "record_title": _record_title(facts),
        "graded": [{"name": name(graded, facts), **_graded_row(graded, currency)} for graded in facts["graded"]],
        "grades": [_grade_row(grade) for grade in only_the_best_weighted(facts["record"])],
    }


def name(period: Facts, facts: Facts) -> str:
    """“November 2026”, “quarter 4 of 2026”, “23–29 Nov”: as the company counts."""
    start, end = (date.fromisoformat(period[day]) for day in ("start", "end"))
    return fiscal.name(fiscal.Period(start, end), first_month=facts["first_month"])


def _unit_name(unit: str) -> str:
    return {"week": _("Week"), "month": _("Month"), "quarter": _("Quarter"), "year": _("Fiscal year")}[unit]


def _units(facts: Facts) -> list[Facts]:
    """The choice of periods: months are asked for by saying nothing."""
    words = {"week": _("Weeks"), "month": _("Months"), "quarter": _("Quarters"), "year": _("Fiscal years")}
    return [
        {"value": "" if unit == "month" else unit, "name": words[unit], "is_chosen": unit == facts["unit"]}
        for unit in words
    ]


def _weights(facts: Facts) -> str:
    """How much each kind of forecast counts, in one line."""
    if not facts["weights"]:
        return ""
    return ", ".join(f"{name_of(method)} {percent(weight)}" for method, weight in facts["weights"].items())


def _record_title(facts: Facts) -> str:
    graded = facts["graded"]
    if not graded:
        return ""
    inside = sum(period["q10"] <= period["won"] <= period["q90"] for period in graded)
    best = facts["record"][0]["method"] if facts["record"] else ""
    words = {"inside": inside, "periods": in_periods(len(graded), facts["unit"])}
    if best == OURS:
        return _("%(inside)s of the last %(periods)s lay inside the range; nothing else has been nearer") % words
    return _("%(inside)s of the last %(periods)s lay inside the range") % words


def _graded_row(graded: Facts, currency: str) -> Facts:
    return {
        "said": in_short(graded["q50"], currency),
        "most": _range(graded, currency),
        "won": in_short(graded["won"], currency),
        "is_inside": graded["q10"] <= graded["won"] <= graded["q90"],
    }


def _grade_row(grade: Facts) -> Facts:
    return {
        "method": name_of(grade["method"]),
        "is_ours": grade["method"] == OURS,
        "crps": percent(grade["crps"]),
        "error": percent(grade["error"]),
        "bias": f"{signed(round(grade['bias'] * 100))}\u2009%",
        "inside": NOTHING if grade["inside"] is None else percent(grade["inside"]),
    }


def _periods_ahead(facts: Facts) -> list[Figure]:
    currency = facts["currency"]
    figures = [
        Figure(name(period, facts), in_short(period["q50"], currency), _range(period, currency))
        for period in facts["periods"][:2]
        if period["q50"] is not None
    ]
    weighted = [period["stage_weighted"] for period in facts["periods"]]
    if facts["total"] and weighted[0] is not None:
        figures.append(
            Figure(_("Stage-weighted, for comparison"), in_short(sum(weighted), currency), _("won and open deals"))
        )
    figures.append(Figure(_("Open deals"), str(facts["open_deals"]), _("%(n)s won so far") % {"n": facts["won_deals"]}))
    return figures


def _periods_title(facts: Facts) -> str:
    if facts["total"] is None:
        return _("What was won")
    period = facts["periods"][0]
    return _("%(period)s: %(value)s, four times in five between %(low)s and %(high)s") % {
        "period": name(period, facts),
        "value": in_short(period["q50"], facts["currency"]),
        "low": in_short(period["q10"], facts["currency"]),
        "high": in_short(period["q90"], facts["currency"]),
    }


def _parts_title(facts: Facts) -> str:
    total = facts["total"]
    if total is None or not round(total["point"]):
        return _("What the forecast consists of")
    share = (total["new"] + total["recycled"]) / total["point"]
    return _("%(share)s of it comes from deals that are not there yet") % {"share": percent(share)}


def _period_row(period: Facts, currency: str) -> Facts:
    def short(part: str) -> str:
        return NOTHING if period[part] is None else in_short(period[part], currency)

    return {
        **{part: short(part) for part in ("won", "open", "new", "recycled", "point", "q50", "stage_weighted")},
        "half": _range(period, currency, "q25", "q75"),
        "most": _range(period, currency),
        "nearly_all": _range(period, currency, "q025", "q975"),
    }


def _range(period: Facts, currency: str, low: str = "q10", high: str = "q90") -> str:
    if period[low] is None:
        return NOTHING
    return f"{in_short(period[low], currency)}{INTERVAL_DASH}{in_short(period[high], currency)}"
