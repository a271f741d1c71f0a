"""How good forecasts were, in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.money import in_short

from .. import fiscal
from ..ways import OURS, name_of, only_the_best_weighted
from .words import INTERVAL_DASH, NOTHING, Facts, Figure, interval, percent, signed


def shown(facts: Facts) -> Facts:
    looks = facts["looks"]
    return {
        "kpis": _figures(facts),
        "has_record": bool(looks),
        "first_look": _when(looks[0]) if looks else "",
        "months_title": _months_title(facts),
        "ways_title": _ways_title(facts),
        "ways": [_way(one, looks[0]) for one in only_the_best_weighted(looks[0]["methods"])] if looks else [],
        "months": _lines(facts, "month"),
        "quarters": _lines(facts, "quarter"),
        "quarters_title": _quarters_title(facts),
        "looks_title": _looks_title(facts),
        "look_rows": [_look_row(look) for look in looks],
        "sources": _sources(facts),
    }


def _figures(facts: Facts) -> list[Figure]:
    if not facts["looks"]:
        return []
    look = facts["looks"][0]
    ours = _method(look, OURS)
    of_range = interval(look["inside_low"], look["inside_high"], percent)
    figures = [
        Figure(
            _("Inside the 80\u2009% range"),
            percent(look["inside"]),
            _("in the long run %(range)s") % {"range": of_range},
        ),
        Figure(_("Mean error"), percent(ours["error"]), _when(look)),
        Figure(_("Bias"), _signed(ours["bias"]), _("+ is too much expected")),
    ]
    last = _last_quarter(facts)
    if last:
        figures.append(
            Figure(_named(last), in_short(last["came"], facts["currency"]), _said_and(last, facts["currency"]))
        )
    return figures


def _said_and(window: Facts, currency: str) -> str:
    words = {"low": in_short(window["q10"], currency), "high": in_short(window["q90"], currency)}
    if window["is_inside"]:
        return _("came; said %(low)s–%(high)s") % words
    return _("came; outside %(low)s–%(high)s") % words


def _months_title(facts: Facts) -> str:
    eves = _of(facts, "month", "eve")
    if not eves:
        return _("Said and come")
    last = eves[-1]
    return _("%(month)s: %(said)s was said, %(came)s came") % {
        "month": _named(last),
        "said": in_short(last["q50"], facts["currency"]),
        "came": in_short(last["came"], facts["currency"]),
    }


def _ways_title(facts: Facts) -> str:
    if not facts["looks"]:
        return _("Who was nearest")
    look = facts["looks"][0]
    best = look["methods"][0]
    if best["method"] == OURS:
        return _("Nothing was nearer than this forecast")
    return _("Nearest here: %(way)s") % {"way": name_of(best["method"])}


def _quarters_title(facts: Facts) -> str:
    last = _last_quarter(facts)
    if last is None:
        return _("Quarter by quarter")
    words = {
        "quarter": _named(last),
        "said": in_short(last["q50"], facts["currency"]),
        "came": in_short(last["came"], facts["currency"]),
    }
    if last["is_inside"]:
        return _("%(quarter)s: %(said)s was said on its eve, %(came)s came, inside the range") % words
    return _("%(quarter)s: %(said)s was said on its eve, %(came)s came, outside the range") % words


def _looks_title(facts: Facts) -> str:
    """Whether forecasts got better as the period came nearer, where both can be told."""
    errors = {look["look"]: _method(look, OURS)["error"] for look in facts["looks"] if look["unit"] == "month"}
    if "half" in errors and "eve" in errors and errors["half"] < errors["eve"]:
        words = {"eve": percent(errors["eve"]), "half": percent(errors["half"])}
        return _("Off by %(eve)s on the eve of a month, by %(half)s in its middle") % words
    return _("The same, asked earlier and later")


def _way(one: Facts, look: Facts) -> Facts:
    is_ours = one["method"] == OURS
    return {
        "name": name_of(one["method"]),
        "is_ours": is_ours,
        "crps": percent(one["crps"]),
        "error": percent(one["error"]),
        "bias": _signed(one["bias"]),
        "inside": NOTHING if one["inside"] is None else percent(one["inside"]),
        "nearer": NOTHING if is_ours else _("%(n)s of %(of)s") % {"n": one["nearer"], "of": look["n"]},
    }


def _lines(facts: Facts, unit: str) -> list[Facts]:
    """Newest first: what was said on the eve and in the middle, and what came."""
    currency = facts["currency"]
    eves, halves = _of(facts, unit, "eve"), {one["start"]: one for one in _of(facts, unit, "half")}
    return [
        {
            "period": _named(one),
            "said": in_short(one["q50"], currency),
            "range": _range(one, currency),
            "half": in_short(halves[one["start"]]["q50"], currency) if one["start"] in halves else NOTHING,
            "half_range": _range(halves[one["start"]], currency) if one["start"] in halves else NOTHING,
            "came": in_short(one["came"], currency),
            "is_inside": one["is_inside"],
            "source": _("kept") if one["is_kept"] else _("asked again"),
        }
        for one in reversed(eves)
    ]


def _look_row(look: Facts) -> Facts:
    ours = _method(look, OURS)
    other = next((one for one in look["methods"] if one["method"] != OURS), None)
    return {
        "when": _when(look),
        "n": look["n"],
        "error": percent(ours["error"]),
        "bias": _signed(ours["bias"]),
        "inside": percent(look["inside"]),
        "score": percent(ours["crps"]),
        "other": name_of(other["method"]) if other else NOTHING,
        "other_score": percent(other["crps"]) if other else NOTHING,
    }


def _sources(facts: Facts) -> str:
    """How much of it was kept at the time, and how much is asked again."""
    kept = sum(one["is_kept"] for one in facts["windows"])
    words = {"kept": kept, "n": len(facts["windows"])}
    if not kept:
        return (
            _("Nothing was kept at the time yet: all %(n)s forecasts are asked again, from what was known then.")
            % words
        )
    if kept == len(facts["windows"]):
        return _("All %(n)s forecasts are as they were kept at the time.") % words
    return (
        _(
            "%(kept)s of %(n)s forecasts are as they were kept at the time; the others are asked again, from what was "
            "known then."
        )
        % words
    )


def _when(look: Facts) -> str:
    return {
        ("month", "eve"): _("months, on their eve"),
        ("month", "half"): _("months, in their middle"),
        ("month", "before"): _("months, a month before they began"),
        ("quarter", "eve"): _("quarters, on their eve"),
        ("quarter", "half"): _("quarters, in their middle"),
    }[look["unit"], look["look"]]


def _last_quarter(facts: Facts) -> Facts | None:
    return next(iter(_of(facts, "quarter", "eve")[-1:]), None)


def _of(facts: Facts, unit: str, look: str) -> list[Facts]:
    return [one for one in facts["windows"] if (one["unit"], one["look"]) == (unit, look)]


def _method(look: Facts, name: str) -> Facts:
    return next(one for one in look["methods"] if one["method"] == name)


def _named(window: Facts) -> str:
    days = fiscal.Period(date.fromisoformat(window["start"]), date.fromisoformat(window["end"]))
    named = fiscal.name(days, first_month=Company.get().fiscal_year_start_month)
    return named[:1].upper() + named[1:]


def _range(window: Facts, currency: str) -> str:
    return f"{in_short(window['q10'], currency)}{INTERVAL_DASH}{in_short(window['q90'], currency)}"


def _signed(share: Any) -> str:
    return f"{signed(round(share * 100))}\u2009%"
