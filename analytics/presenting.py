"""A report's facts in the words and figures of its page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import in_short

from .caveats import sentence

if TYPE_CHECKING:
    from .catalogue import Report

Facts = dict[str, Any]
NOTHING = "–"
INTERVAL_DASH = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the lead tile, with the small line below it."""

    label: str
    value: str
    note: str = ""


def page(report: Report, facts: Facts) -> dict[str, Any]:
    return {
        "facts": facts,
        "finding": report.finding(facts),
        "figures": json.dumps(report.figures(facts)),
        "warnings": [sentence(warned) for warned in facts["warnings"]],
        "as_of": date.fromisoformat(facts["as_of"]),
        "last_step": next((warned["last"] for warned in facts["warnings"] if warned["code"] == "stale"), None),
        **{"bottleneck": _bottleneck, "forecast": _forecast}[report.name](facts),
    }


def _bottleneck(facts: Facts) -> dict[str, Any]:
    named, lines = facts["bottleneck"], facts["stages"]
    return {
        "kpis": _of_named(facts, named) if named else _of_all(lines),
        "has_chart": any(line["median_days"] is not None for line in lines),
        "stays_title": _stays_title(lines, named),
        "ends_title": _ends_title(lines, named),
        "rows": [_row(line, named) for line in lines],
        "open_share": _open_share(lines),
        "window": _period(facts["window"]),
        "reference": _period(facts["reference"]),
    }


def _of_named(facts: Facts, named: Facts) -> list[Figure]:
    line = next(line for line in facts["stages"] if line["key"] == named["key"])
    everywhere = sum(other["open"] for other in facts["stages"])
    currency = named["currency"]
    worth = [_amount(named[part], currency) for part in ("gain", "gain_low", "gain_high")]
    return [
        Figure(
            _("Relief would bring in 91 days"),
            worth[0],
            _("80 %%: %(low)s to %(high)s") % dict(zip(("low", "high"), worth[1:], strict=True)),
        ),
        Figure(_("Open there now"), str(line["open"]), _("of %(n)s in all stages") % {"n": everywhere}),
        Figure(
            _("Median stay"),
            days(line["median_days"]),
            _("was %(before)s") % {"before": days(line["reference_median_days"])},
        ),
        Figure(
            _("Go on"), percent(line["advance"]), _("was %(before)s") % {"before": percent(line["reference_advance"])}
        ),
    ]


def _of_all(lines: list[Facts]) -> list[Figure]:
    known = [line for line in lines if line["median_days"] is not None and line["key"] != "lead-waiting"]
    passing = [line for line in known if line["advance"] is not None]
    figures = [Figure(_("Open now"), str(sum(line["open"] for line in lines)), _("in all stages"))]
    if known:
        slowest = max(known, key=lambda line: line["median_days"])
        figures.append(Figure(_("Longest median stay"), days(slowest["median_days"]), slowest["stage"]))
    if passing:
        leakiest = min(passing, key=lambda line: line["advance"])
        figures.append(Figure(_("Fewest go on"), percent(leakiest["advance"]), leakiest["stage"]))
    return figures


def _stays_title(lines: list[Facts], named: Facts | None) -> str:
    known = [line for line in lines if line["median_days"] is not None and line["key"] != "lead-waiting"]
    if len(known) < 2:
        return _("Days in stage")
    first, second = sorted(known, key=lambda line: line["median_days"], reverse=True)[:2]
    if (
        first["median_low"] is not None
        and second["median_high"] is not None
        and first["median_low"] > second["median_high"]
    ):
        return _("%(stage)s takes longest: half stay %(days)s or more") % {
            "stage": first["stage"],
            "days": days(first["median_days"]),
        }
    return _("No stage clearly takes longest")


def _ends_title(lines: list[Facts], named: Facts | None) -> str:
    known = [line for line in lines if line["advance"] is not None and line["key"] != "lead-waiting"]
    if len(known) < 2:
        return _("How stays end")
    first, second = sorted(known, key=lambda line: line["advance"])[:2]
    if first["advance_high"] < second["advance_low"]:
        return _("Fewest go on from %(stage)s: %(share)s") % {
            "stage": first["stage"],
            "share": percent(first["advance"]),
        }
    return _("No stage clearly lets fewest go on")


def _row(line: Facts, named: Facts | None) -> Facts:
    return {
        "stage": line["stage"],
        "is_hot": bool(named and named["key"] == line["key"]),
        "entered": line["entered"],
        "open": line["open"],
        "median": days(line["median_days"]),
        "median_interval": interval(line["median_low"], line["median_high"], whole),
        "p85": days(line["p85_days"]),
        "p85_interval": interval(line["p85_low"], line["p85_high"], whole),
        "before": days(line["reference_median_days"]),
        "advance": percent(line["advance"]),
        "advance_interval": interval(line["advance_low"], line["advance_high"], percent),
        "lost": percent(line["lost"]),
        "back": percent(line["back"]),
        "still_open": percent(line["still_open"]),
        "horizon": days(line["horizon_days"]),
    }


def _open_share(lines: list[Facts]) -> str:
    entered = sum(line["entered"] for line in lines)
    return percent(min(sum(line["open"] for line in lines) / entered, 1.0)) if entered else NOTHING


def _forecast(facts: Facts) -> dict[str, Any]:
    currency = facts["currency"]
    return {
        "kpis": _months_ahead(facts),
        "has_chart": facts["total"] is not None,
        "months_title": _months_title(facts),
        "parts_title": _parts_title(facts),
        "rows": [_period_row(period, currency) for period in facts["periods"]],
        "total_row": facts["total"] and _period_row(facts["total"], currency),
        "months_won": [
            {"month": _month(month["start"]), "won": in_short(month["won"], currency)} for month in facts["months_won"]
        ],
        "shock": None if facts["period_shock"] is None else percent(facts["period_shock"] ** 0.5),
    }


def _months_ahead(facts: Facts) -> list[Figure]:
    currency = facts["currency"]
    figures = [
        Figure(_month(period["start"]), in_short(period["q50"], currency), _range(period, currency))
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


def _months_title(facts: Facts) -> str:
    if facts["total"] is None:
        return _("Won month by month")
    period = facts["periods"][0]
    return _("%(month)s: %(value)s, four times in five between %(low)s and %(high)s") % {
        "month": _month(period["start"]),
        "value": in_short(period["q50"], facts["currency"]),
        "low": in_short(period["q10"], facts["currency"]),
        "high": in_short(period["q90"], facts["currency"]),
    }


def _parts_title(facts: Facts) -> str:
    total = facts["total"]
    if total is None or not total["point"]:
        return _("What the forecast consists of")
    share = (total["new"] + total["recycled"]) / total["point"]
    return _("%(share)s of it comes from deals that are not there yet") % {"share": percent(share)}


def _period_row(period: Facts, currency: str) -> Facts:
    def short(part: str) -> str:
        return NOTHING if period[part] is None else in_short(period[part], currency)

    return {
        "month": _month(period["start"]),
        **{part: short(part) for part in ("won", "open", "new", "recycled", "point", "q50", "stage_weighted")},
        "half": _range(period, currency, "q25", "q75"),
        "most": _range(period, currency),
    }


def _range(period: Facts, currency: str, low: str = "q10", high: str = "q90") -> str:
    if period[low] is None:
        return NOTHING
    return f"{in_short(period[low], currency)}{INTERVAL_DASH}{in_short(period[high], currency)}"


def _month(day: str) -> str:
    return date_format(date.fromisoformat(day), "F Y")


def _period(period: list[str]) -> str:
    return INTERVAL_DASH.join(date_format(date.fromisoformat(day), "j M Y") for day in period)


def _amount(value: float, currency: str | None) -> str:
    if currency:
        return in_short(value, currency)
    return ngettext("%(n)s deal", "%(n)s deals", round(value)) % {"n": f"{value:.1f}"}


def days(value: float | None) -> str:
    return NOTHING if value is None else _("%(n)s d") % {"n": whole(value)}


def whole(value: float) -> str:
    return f"{value:.0f}"


def percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value * 100:.0f}\u2009%"


def interval(low: float | None, high: float | None, words: Any) -> str:
    """Both ends in words; an end that cannot be told is open."""
    if low is None and high is None:
        return NOTHING
    return f"{NOTHING if low is None else words(low)}{INTERVAL_DASH}{'∞' if high is None else words(high)}"
