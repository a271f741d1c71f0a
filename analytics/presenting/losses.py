"""Why deals are lost, in words."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from django.utils.translation import gettext as _

from .words import NOTHING, Facts, Figure, amount, interval, month, percent, period

RATE = 0.10


def shown(facts: Facts) -> Facts:
    currency = facts["currency"]
    return {
        "kpis": _kpis(facts),
        "has_chart": bool(facts["reasons"]),
        "reasons_title": _title(facts),
        "months_title": _months_title(facts),
        "groups": [
            {"name": _("Reason"), "kind": "reason", "rows": [_row(group, currency) for group in facts["reasons"]]},
            {"name": _("Lost from"), "kind": "stage", "rows": [_row(group, currency) for group in facts["stages"]]},
            {
                "name": _("Competitor"),
                "kind": "competitor",
                "rows": [_row(group, currency) for group in facts["competitors"]],
            },
        ],
        "crossed": facts["crossed"],
        "month_rows": [
            {
                **line,
                "month": month(line["start"]),
                "share": _share(line),
                "end": month_end(line["start"], facts["as_of"]),
            }
            for line in facts["months"]
        ],
        "window": period(facts["window"]),
        "reference": period(facts["reference"]),
    }


def _kpis(facts: Facts) -> list[Figure]:
    before = _("95 %%: %(range)s; was %(before)s") % {
        "range": interval(facts["share_low"], facts["share_high"], percent),
        "before": percent(facts["share_before"]),
    }
    return [
        Figure(_("Lost"), str(facts["lost"]), amount(facts["lost_amount"], facts["currency"])),
        Figure(_("Won"), str(facts["won"]), ""),
        Figure(_("Lost of all that ended"), percent(facts["share"]), before if facts["share"] is not None else ""),
    ]


def _title(facts: Facts) -> str:
    changed = [group for group in facts["reasons"] if group["q"] is not None and group["q"] <= RATE and group["key"]]
    if changed:
        group = min(changed, key=lambda group: group["q"])
        words = {"reason": group["name"], "now": percent(group["share"]), "before": percent(group["before"])}
        return _("%(reason)s: %(now)s of losses, it was %(before)s") % words
    return _("Why deals are lost; no clear change")


def _months_title(facts: Facts) -> str:
    low, high, before = facts["share_low"], facts["share_high"], facts["share_before"]
    if before is None or low is None or low <= before <= high:
        return _("Losses month by month; no clear change")
    words = {"now": percent(facts["share"]), "before": percent(before)}
    if before < low:
        return _("More is lost: %(now)s of what ends, it was %(before)s") % words
    return _("Less is lost: %(now)s of what ends, it was %(before)s") % words


def _row(group: Facts, currency: str) -> Facts:
    return {
        "key": group["key"],
        "name": group["name"] or _("not said"),
        "n": group["n"],
        "amount": amount(group["amount"], currency) if group["amount"] else NOTHING,
        "share": percent(group["share"]),
        "interval": interval(group["share_low"], group["share_high"], percent),
        "before": percent(group["before"]),
        "is_hot": group["q"] is not None and group["q"] <= RATE,
    }


def month_end(start: str, as_of: str) -> str:
    """The month's last day, as far as it has come."""
    first = date.fromisoformat(start)
    return min(first.replace(day=monthrange(first.year, first.month)[1]).isoformat(), as_of)


def _share(line: Facts) -> str:
    return percent(line["lost"] / line["closed"]) if line["closed"] else NOTHING
