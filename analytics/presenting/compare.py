"""Two selections side by side, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ..reports.compare import RATE, cut_word, side_name
from .words import NOTHING, Facts, Figure, amount, days, interval, percent, period, whole


def shown(facts: Facts) -> Facts:
    return {
        "kpis": _kpis(facts),
        "has_chart": bool(facts["stages"]),
        "names": {side: side_name(facts, side) for side in ("a", "b")},
        "told": {side: _told(facts[side]) for side in ("a", "b")},
        "days_title": _title(
            facts, "pace_q", _("Days in stage differ in %(stages)s"), _("Days in stage: no clear difference")
        ),
        "shares_title": _title(
            facts, "fate_q", _("Who goes on differs in %(stages)s"), _("Who goes on: no clear difference")
        ),
        "rows": [_row(pair) for pair in facts["stages"]],
        "wholes": [_whole(facts, side) for side in ("a", "b")],
    }


def _kpis(facts: Facts) -> list[Figure]:
    a, b = facts["a"]["whole"], facts["b"]["whole"]
    against = _("against %(other)s")
    return [
        Figure(_("Won of what ended"), percent(a["share"]), against % {"other": percent(b["share"])}),
        Figure(_("Won"), str(a["won"]), against % {"other": b["won"]}),
        Figure(
            _("Value won"),
            amount(a["amount"], facts["currency"]),
            against % {"other": amount(b["amount"], facts["currency"])},
        ),
        Figure(_("Half end within"), days(a["median_days"]), against % {"other": days(b["median_days"])}),
    ]


def _told(side: Facts) -> str:
    """What the selection is, whole."""
    words = [cut_word(name, value) for name, value in side["cut"].items()]
    return ", ".join([*words, period(side["window"])])


def _title(facts: Facts, name: str, found: str, nothing: str) -> str:
    differing = [pair["stage"] for pair in facts["stages"] if pair[name] is not None and pair[name] <= RATE]
    return found % {"stages": ", ".join(differing)} if differing else nothing


def _row(pair: Facts) -> Facts:
    return {
        "key": pair["key"],
        "stage": pair["stage"],
        "horizon": days(pair["horizon_days"]),
        "a": _passing(pair["a"]),
        "b": _passing(pair["b"]),
        "pace_q": _q(pair["pace_q"]),
        "fate_q": _q(pair["fate_q"]),
        "is_hot": any(pair[name] is not None and pair[name] <= RATE for name in ("pace_q", "fate_q")),
    }


def _passing(of: Facts) -> Facts:
    return {
        "entered": of["entered"],
        "open": of["open"],
        "median": days(of["median_days"]),
        "median_interval": interval(of["median_low"], of["median_high"], whole),
        "advance": percent(of["advance"]),
        "advance_interval": interval(of["advance_low"], of["advance_high"], percent),
        "lost": percent(of["lost"]),
    }


def _whole(facts: Facts, side: str) -> Facts:
    of = facts[side]["whole"]
    return {
        "name": side_name(facts, side),
        "is_other": side == "b",
        "told": _told(facts[side]),
        "won": of["won"],
        "lost": of["lost"],
        "amount": amount(of["amount"], facts["currency"]),
        "share": percent(of["share"]),
        "share_interval": interval(of["share_low"], of["share_high"], percent),
        "median": days(of["median_days"]),
        "median_interval": interval(of["median_low"], of["median_high"], whole),
    }


def _q(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"
