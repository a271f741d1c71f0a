"""Where deals get stuck, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .words import NOTHING, Facts, Figure, amount, days, interval, percent, period, whole

PARKED = "lead-waiting"


def shown(facts: Facts) -> Facts:
    named, lines = facts["bottleneck"], facts["stages"]
    return {
        "kpis": _of_named(facts, named) if named else _of_all(facts),
        "has_chart": any(line["median_days"] is not None for line in lines),
        "stays_title": _stays_title(lines),
        "ends_title": _ends_title(lines),
        "rows": [_row(line, named) for line in lines],
        "queues": [_queue(queue, facts["currency"]) for queue in facts["queues"]],
        "queues_title": _queues_title(facts),
        "sight": _sight(lines),
        "open_share": _open_share(lines),
        "window": period(facts["window"]),
        "reference": period(facts["reference"]),
    }


def _of_named(facts: Facts, named: Facts) -> list[Figure]:
    line = next(line for line in facts["stages"] if line["key"] == named["key"])
    everywhere = sum(other["open"] for other in facts["stages"])
    currency = named["currency"]
    worth = [amount(named[part], currency) for part in ("gain", "gain_low", "gain_high")]
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


def _of_all(facts: Facts) -> list[Figure]:
    lines = facts["stages"]
    known = [line for line in lines if line["median_days"] is not None and line["key"] != PARKED]
    passing = [line for line in known if line["advance"] is not None]
    figures = [Figure(_("Open now"), str(sum(line["open"] for line in lines)), _("in all stages"))]
    if known:
        slowest = max(known, key=lambda line: line["median_days"])
        figures.append(Figure(_("Longest median stay"), days(slowest["median_days"]), slowest["stage"]))
    if passing:
        leakiest = min(passing, key=lambda line: line["advance"])
        figures.append(Figure(_("Fewest go on"), percent(leakiest["advance"]), leakiest["stage"]))
    overdue = sum(queue["overdue"] for queue in facts["queues"])
    worth = [queue["worth"] for queue in facts["queues"] if queue["worth"] is not None]
    if overdue:
        note = _("worth %(worth)s if they go on as others did") % {"worth": amount(sum(worth), facts["currency"])}
        figures.append(Figure(_("Overdue"), str(overdue), note if worth else ""))
    return figures


def _stays_title(lines: list[Facts]) -> str:
    known = [line for line in lines if line["median_days"] is not None and line["key"] != PARKED]
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


def _ends_title(lines: list[Facts]) -> str:
    known = [line for line in lines if line["advance"] is not None and line["key"] != PARKED]
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
        "key": line["key"],
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


def _queue(queue: Facts, currency: str) -> Facts:
    return {
        "key": queue["key"],
        "stage": queue["stage"],
        "line": int(queue["line_days"]),
        "line_days": days(queue["line_days"]),
        "overdue": queue["overdue"],
        "open": queue["open"],
        "oldest": days(queue["oldest_days"]),
        "value": NOTHING if not queue["value"] else amount(queue["value"], currency),
        "worth": NOTHING if queue["worth"] is None else amount(queue["worth"], currency),
    }


def _queues_title(facts: Facts) -> str:
    overdue = sum(queue["overdue"] for queue in facts["queues"])
    if not overdue:
        return _("No queue is overdue")
    first = facts["queues"][0]
    return ngettext(
        "%(n)s card has waited too long; the queue worth most is %(stage)s",
        "%(n)s cards have waited too long; the queue worth most is %(stage)s",
        overdue,
    ) % {"n": overdue, "stage": first["stage"]}


def _sight(lines: list[Facts]) -> str:
    """How large a slowdown would have been seen."""
    seen = sorted((line["detectable"], line["stage"]) for line in lines if line["detectable"] is not None)
    if not seen:
        return ""
    (best, clearest), (worst, dimmest) = seen[0], seen[-1]
    return _(
        "A slowdown all through the window would be found four times in five from %(best)s times on at %(clearest)s, "
        "and from %(worst)s times on at %(dimmest)s; smaller ones need more cards."
    ) % {"best": f"{best:.1f}", "clearest": clearest, "worst": f"{worst:.1f}", "dimmest": dimmest}
