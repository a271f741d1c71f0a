"""What marketing brings, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from .words import NOTHING, Facts, Figure, amount, interval, percent, period

MOST_ROWS = 40


def shown(facts: Facts) -> Facts:
    return {
        "kpis": _kpis(facts),
        "has_chart": bool(facts["total"]["leads"]),
        "looks": [
            {
                "touch": touch,
                "source_title": _source_title(facts, touch),
                "campaign_title": _campaign_title(facts, touch),
                "tables": [
                    _table(facts, touch, way, title)
                    for way, title in (
                        ("source", _("Source")),
                        ("campaign", _("Campaign")),
                        ("page", _("Landing page")),
                    )
                ],
                "has_campaigns": any(group["key"] for group in facts[touch]["campaign"]),
            }
            for touch in ("first", "last")
        ],
        "has_costs": facts["total"]["cost"] is not None,
        "by_sales": _row(facts["by_sales"], facts["currency"]),
        "window": period(facts["window"]),
    }


def _kpis(facts: Facts) -> list[Figure]:
    total, currency = facts["total"], facts["currency"]
    share = ""
    if facts["handed_share"] is not None:
        share = _("%(share)s; 95 %%: %(range)s") % {
            "share": percent(facts["handed_share"]),
            "range": interval(facts["handed_low"], facts["handed_high"], percent),
        }
    figures = [
        Figure(_("Leads"), str(total["leads"]), ""),
        Figure(_("Handed over"), str(total["handed"]), share),
        Figure(_("Orders so far"), str(total["orders"]), amount(total["revenue"], currency)),
        Figure(_("Still open"), str(total["open"]), _("%(n)s lost") % {"n": total["lost"]}),
    ]
    if total["cost"] is not None:
        figures.append(Figure(_("Cost"), amount(total["cost"], currency), _per(total, currency)))
    return figures


def _per(total: Facts, currency: str) -> str:
    if total["cost_per_lead"] is None:
        return ""
    words = {"lead": amount(total["cost_per_lead"], currency), "order": amount(total["cost_per_order"], currency)}
    if total["cost_per_order"] is None:
        return _("%(lead)s a lead") % words
    return _("%(lead)s a lead, %(order)s an order so far") % words


def _source_title(facts: Facts, touch: str) -> str:
    """Which source brought most people, if that is clear (Poisson, 95 %)."""
    groups = sorted((one for one in facts[touch]["source"] if one["key"]), key=lambda one: -one["leads"])
    most, second = ([one["leads"] for one in groups] + [0, 0])[:2]
    if most - second > 1.96 * (most + second) ** 0.5:
        words = {"source": groups[0]["name"], "n": most, "of": facts["total"]["leads"]}
        return _("Most came by %(source)s: %(n)s of %(of)s") % words
    return _("By which source they came; none clearly brings most")


def _campaign_title(facts: Facts, touch: str) -> str:
    spent = [one for one in facts[touch]["campaign"] if one["key"] and one["cost"]]
    if not spent:
        return _("What campaigns have brought so far")
    back = [one for one in spent if one["revenue"] > one["cost"]]
    words = {"n": len(back), "of": len(spent)}
    return _("%(n)s of %(of)s campaigns have brought more than they cost so far") % words


def _table(facts: Facts, touch: str, way: str, title: str) -> Facts:
    groups = facts[touch][way]
    return {
        "way": way,
        "title": title,
        "rows": [_row(group, facts["currency"], way) for group in groups[:MOST_ROWS]],
        "more": max(0, len(groups) - MOST_ROWS),
        "has_costs": way != "page" and facts["total"]["cost"] is not None,
    }


def _row(group: Facts, currency: str, way: str = "") -> Facts:
    return {
        **group,
        "name": group["name"] or _nothing_known(way),
        "revenue": amount(group["revenue"], currency) if group["revenue"] else NOTHING,
        **{
            name: NOTHING if not group[name] else amount(group[name], currency)
            for name in ("cost", "cost_per_lead", "cost_per_order")
        },
    }


def _nothing_known(way: str) -> Any:
    return {"campaign": _("no campaign"), "page": _("no page known")}.get(way, _("not said"))
