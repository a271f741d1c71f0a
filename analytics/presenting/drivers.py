"""What goes with winning, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from .. import told_facts
from .words import NOTHING, Facts, Figure, days, interval, percent, period, signed


def shown(facts: Facts) -> Facts:
    named = [row for row in facts["drivers"] if row["is_named"]]
    return {
        "kpis": _kpis(facts, named),
        "has_chart": facts["tests"] > 0,
        "effects_title": _title(named),
        "rows": [_row(row) for row in facts["drivers"]],
        "owners": [_row(row) for row in facts["owners"]],
        "owners_title": _owners_title(facts),
        "window": period(facts["window"]),
        "horizon": days(facts["horizon_days"]),
        "caveat": _caveat(named),
    }


def _kpis(facts: Facts, named: list[Facts]) -> list[Figure]:
    if facts["landmark"] is None:
        return []
    won = _("within %(days)s of coming to %(stage)s") % {
        "days": days(facts["horizon_days"]),
        "stage": facts["landmark"]["stage"],
    }
    figures = [
        Figure(_("Deals followed"), str(facts["n"]), _("%(n)s came too lately") % {"n": facts["young"]}),
        Figure(_("Won"), percent(facts["share"]), won),
    ]
    if facts["tests"]:
        figures.append(Figure(_("Comparisons"), str(facts["tests"]), _("%(n)s stand out") % {"n": len(named)}))
    if facts["owner_spread"] is not None:
        spread = facts["owner_spread"]
        apart = _("%(n)s points") % {"n": told_facts.points(spread)} if spread >= 0.005 else _("less than a point")
        figures.append(Figure(_("Owners differ by"), apart, _("typically, all else alike")))
    return figures


def _title(named: list[Facts]) -> str:
    if not named:
        return _("No fact stands out; how much each might go with winning")
    first = named[0]
    words = {"label": told_facts.label(first), "points": told_facts.points(abs(first["effect"]))}
    if first["effect"] > 0:
        return _("%(label)s: %(points)s points more won than alike deals") % words
    return _("%(label)s: %(points)s points fewer won than alike deals") % words


def _owners_title(facts: Facts) -> str:
    told = [row for row in facts["owners"] if row["effect_low"] is not None]
    if any(row["effect_low"] > 0 or row["effect_high"] < 0 for row in told):
        return _("Owners differ, with alike deals")
    return _("Owners: no clear difference with alike deals")


def _caveat(named: list[Facts]) -> str:
    """How strong something unmeasured would have to be."""
    if not named:
        return ""
    words = {"label": told_facts.label(named[0]), "times": f"{named[0]['e_value']:.1f}"}
    return (
        _(
            "Something that is not written down would have to go at least %(times)s-fold with both winning and "
            "“%(label)s” to explain it away."
        )
        % words
    )


def _row(row: Facts) -> Facts:
    return {
        "fact": row["fact"],
        "level": row["level"],
        "name": told_facts.label(row),
        "owner": row["level"],
        "n": row["n"],
        "share": percent(row["share"]),
        "share_interval": interval(row["share_low"], row["share_high"], percent),
        "effect": NOTHING if row["effect"] is None else _signed(row["effect"]),
        "effect_interval": NOTHING
        if row["effect"] is None
        else _("%(low)s to %(high)s") % {"low": _signed(row["effect_low"]), "high": _signed(row["effect_high"])},
        "q": NOTHING if row["q"] is None else f"{row['q']:.2f}",
        "e_value": NOTHING if row["e_value"] is None or not row["is_named"] else f"{row['e_value']:.1f}",
        "is_hot": row["is_named"],
    }


def _signed(share: float) -> str:
    return signed(round(share * 100))
