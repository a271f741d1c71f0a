"""The whole river, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from .words import NOTHING, Facts, Figure, amount, days, interval, percent, period, signed, whole


def shown(facts: Facts) -> Facts:
    return {
        "kpis": _kpis(facts),
        "has_chart": bool(facts["came"] or any(basin["open_before"] for basin in facts["period"]["stages"])),
        "period_title": _most_lost(facts["period"]),
        "cohort_title": _far(facts["cohort"]),
        "period_rows": _rows(facts["period"], facts["currency"]),
        "cohort_rows": _rows(facts["cohort"], facts["currency"]),
        "period_flows": _flows(facts["period"], facts["currency"]),
        "cohort_flows": _flows(facts["cohort"], facts["currency"]),
        "window": period(facts["window"]),
    }


def _kpis(facts: Facts) -> list[Figure]:
    figures = [
        Figure(_("Came"), str(facts["came"]), _("%(n)s of them second tries") % {"n": facts["again"]}),
        Figure(_("Won"), str(facts["won"]), amount(facts["won_amount"], facts["currency"])),
        Figure(_("Lost"), str(facts["lost"]), ""),
    ]
    wait = facts["hand_over"]
    if wait and wait["median_days"] is not None:
        range_ = interval(wait["median_low"], wait["median_high"], whole)
        figures.append(
            Figure(_("Hand-over takes"), days(wait["median_days"]), _("median; 95 %%: %(range)s d") % {"range": range_})
        )
    if wait and wait["accepted"] is not None:
        range_ = interval(wait["accepted_low"], wait["accepted_high"], percent)
        figures.append(
            Figure(
                _("Sales takes"), percent(wait["accepted"]), _("of those handed over; %(range)s") % {"range": range_}
            )
        )
    return figures


def _most_lost(looked_at: Facts) -> str:
    """Where most are lost, if their number is clearly the largest (Poisson, 95 %)."""
    lost = next(basin["key"] for basin in looked_at["stages"] if basin["kind"] == "lost")
    names = {basin["key"]: basin["stage"] for basin in looked_at["stages"]}
    found = sorted((flow["count"], names[flow["source"]]) for flow in looked_at["flows"] if flow["target"] == lost)
    if not found:
        return _("Nothing was lost in the window")
    most, where = found[-1]
    second = found[-2][0] if len(found) > 1 else 0
    total = sum(count for count, _name in found)
    if most - second > 1.96 * (most + second) ** 0.5:
        return _("Most are lost at %(stage)s: %(n)s of %(total)s") % {"stage": where, "n": most, "total": total}
    return _("Where everything went in the window; no stage clearly loses most")


def _far(looked_at: Facts) -> str:
    came = sum(basin["begun"] for basin in looked_at["stages"])
    if not came:
        return _("Nobody began in this window")
    still = sum(basin["open_now"] for basin in looked_at["stages"] if basin["kind"] in ("open", "parked"))
    return _("Of %(came)s that began, %(share)s are still on their way") % {
        "came": came,
        "share": percent(still / came),
    }


def _rows(looked_at: Facts, currency: str) -> list[Facts]:
    return [
        {
            **basin,
            "value": amount(basin["amount_now"], currency) if basin["amount_now"] else NOTHING,
            "change": signed(basin["open_now"] - basin["open_before"]),
            "is_end": basin["kind"] in ("won", "lost"),
        }
        for basin in looked_at["stages"]
        if any(basin[part] for part in ("open_before", "begun", "entered", "open_now"))
    ]


def _flows(looked_at: Facts, currency: str) -> list[Facts]:
    basins = {basin["key"]: basin for basin in looked_at["stages"]}
    return [
        {
            "source": basins[flow["source"]]["stage"],
            "source_key": flow["source"],
            "target": basins[flow["target"]]["stage"],
            "target_key": flow["target"],
            "count": flow["count"],
            "value": amount(flow["amount"], currency) if flow["amount"] else NOTHING,
        }
        for flow in looked_at["flows"]
    ]
