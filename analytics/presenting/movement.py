"""What changed between two evenings, in words."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import THIN_SPACE, in_short

from ..reports.movement import bar_names
from .words import NOTHING, Facts, Figure


def shown(facts: Facts) -> Facts:
    currency = facts["currency"]
    ends = {"since": _day(facts["since"]), "until": _day(facts["until"])}
    return {
        "kpis": _kpis(facts),
        "has_expected": facts["closing"]["expected"] is not None,
        "rows": [_row(bar, currency) for bar in (facts["opening"], *facts["bars"], facts["closing"])],
        "expected_title": _title(facts, "expected"),
        "pipeline_title": _title(facts, "pipeline"),
        "ends": ends,
        "first": (date.fromisoformat(facts["since"]) + timedelta(days=1)).isoformat(),
        "last": facts["until"],
        "pushed": facts["pushed"],
        "stretches": _stretches(facts),
    }


def _kpis(facts: Facts) -> list[Figure]:
    bars = {bar["key"]: bar for bar in facts["bars"]}
    figures = []
    for key in ("new", "won", "lost"):
        deals = bars[key]["deals"]
        value = abs(bars[key]["pipeline"])
        note = ngettext("%(n)s deal", "%(n)s deals", deals) % {"n": deals}
        figures.append(Figure(bar_names()[key].capitalize(), in_short(value / 100, facts["currency"]), note))
    note = _("%(n)s open deals") % {"n": facts["closing"]["deals"]}
    figures.append(Figure(_("Open now"), in_short(facts["closing"]["pipeline"] / 100, facts["currency"]), note))
    return figures


def _title(facts: Facts, measure: str) -> str:
    if facts["closing"][measure] is None:
        return ""
    words = {
        "from": in_short(facts["opening"][measure] / 100, facts["currency"]),
        "to": in_short(facts["closing"][measure] / 100, facts["currency"]),
    }
    if measure == "expected":
        return _("What is expected went from %(from)s to %(to)s") % words
    return _("What is open went from %(from)s to %(to)s") % words


def _row(bar: Facts, currency: str) -> Facts:
    is_end = bar["key"] in ("opening", "closing")
    return {
        "key": bar["key"],
        "name": bar_names()[bar["key"]],
        "is_end": is_end,
        "deals": bar["deals"],
        "pipeline": _money(bar["pipeline"], is_signed=not is_end),
        "expected": _money(bar["expected"], is_signed=not is_end),
    }


def _money(cents: int | None, *, is_signed: bool) -> str:
    """To the cent, for the reader who adds up."""
    if cents is None:
        return NOTHING
    sign = "−" if cents < 0 else "+" if is_signed and cents > 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}".replace(",", THIN_SPACE)


def _stretches(facts: Facts) -> list[Facts]:
    """Since Monday, a week, a month, a quarter ago."""
    until, since = (date.fromisoformat(facts[name]) for name in ("until", "since"))
    firsts = (
        (_("since Monday"), until - timedelta(days=until.weekday())),
        (_("7 days"), until - timedelta(days=6)),
        (_("30 days"), until - timedelta(days=29)),
        (_("91 days"), until - timedelta(days=90)),
    )
    return [
        {
            "name": name,
            "first": first.isoformat(),
            "last": until.isoformat(),
            "is_shown": first - timedelta(days=1) == since,
        }
        for name, first in firsts
    ]


def _day(day: str) -> str:
    return date_format(date.fromisoformat(day), "j M Y")
