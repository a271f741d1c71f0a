"""The tables of a report's page, each by itself: rows of plain numbers for a file, named as on the page.

The table that tells most of a report is the report's own CSV (`exports`); here are the others, and pages link each
table to its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .exports import Facts

Rows = list[Facts]


def _picked(row: Facts, columns: str) -> Facts:
    """What is kept of a report has its names in any order; a file has them in this one."""
    return {name: row[name] for name in columns.split()}


def _listed(name: str, columns: str, *, is_money: bool = False) -> Callable[[Facts], Rows]:
    """What the facts hold as rows already; with the currency where some of it is money."""

    def rows(facts: Facts) -> Rows:
        currency = {"currency": facts["currency"]} if is_money else {}
        return [_picked(row, columns) | currency for row in facts[name]]

    return rows


def _cohort_flows(facts: Facts) -> Rows:
    """What those who began in the window did."""
    names = {basin["key"]: basin["stage"] for basin in facts["cohort"]["stages"]}
    return [
        {
            "from": names[flow["source"]],
            "to": names[flow["target"]],
            "count": flow["count"],
            "amount": flow["amount"],
            "currency": facts["currency"],
        }
        for flow in facts["cohort"]["flows"]
    ]


def _balance(facts: Facts) -> Rows:
    """What was in each stage, came and went."""
    columns = "stage kind open_before begun again entered left open_now amount_before amount_begun amount_now"
    return [_picked(basin, columns) | {"currency": facts["currency"]} for basin in facts["period"]["stages"]]


def _finished(facts: Facts) -> Rows:
    """Every deal that was won in the past year, by its days from where each span begins."""
    return [
        {"span": control["key"], **_picked(card, "card on days amount"), "currency": facts["currency"]}
        for control in facts["controls"]
        for card in control["finished"]
    ]


def _losses_by_month(facts: Facts) -> Rows:
    """Each month with its losses by reason; a reason nobody named in a month is none there."""
    reasons = sorted({reason for month in facts["months"] for reason in month["by_reason"]})
    return [
        _picked(month, "start lost closed") | {reason: month["by_reason"].get(reason, 0) for reason in reasons}
        for month in facts["months"]
    ]


def _sides(facts: Facts) -> Rows:
    """The two selections as wholes."""
    columns = "won lost share share_low share_high amount median_days median_low median_high"
    return [
        {
            "selection": side,
            "first": facts[side]["window"][0],
            "last": facts[side]["window"][1],
            **_picked(facts[side]["whole"], columns),
            "currency": facts["currency"],
        }
        for side in ("a", "b")
    ]


def _weeks(facts: Facts) -> Rows:
    """Of every target, what begins each week and how many more would be needed."""
    return [
        {"target_start": target["start"], "target_end": target["end"], **_picked(week, "start end inflow needed")}
        for target in facts["targets"]
        for week in target["weeks"]
    ]


def _ways(facts: Facts) -> Rows:
    """How good every way to forecast was, by when it was asked."""
    return [
        {**_picked(look, "unit look"), **_picked(way, "method n crps error bias inside nearer")}
        for look in facts["looks"]
        for way in look["methods"]
    ]


TABLES: Mapping[str, Mapping[str, Callable[[Facts], Rows]]] = {
    "river": {"cohort": _cohort_flows, "balance": _balance},
    "bottleneck": {
        "queues": _listed("queues", "stage overdue open line_days oldest_days value worth", is_money=True),
    },
    "cycle_time": {"finished": _finished, "ageing": _listed("ageing", "stage open overdue p50 p85 p95")},
    "losses": {"months": _losses_by_month, "crossed": _listed("crossed", "reason stage n")},
    "drivers": {
        "owners": _listed("owners", "level n share share_low share_high effect effect_low effect_high"),
    },
    "compare": {"sides": _sides},
    "forecast": {
        "targets": _listed(
            "targets",
            "start end amount chance won open new recycled point q10 q50 q90 gap pace a_week lately is_over",
            is_money=True,
        ),
        "past": _listed("past_won", "start end won", is_money=True),
        "graded": _listed("graded", "start end q10 q50 q90 won", is_money=True),
        "grades": _listed("record", "method n crps error bias inside"),
    },
    "coverage": {"weeks": _weeks},
    "record": {
        "periods": _listed(
            "windows", "unit look start end origin is_kept won q10 q50 q90 came now is_inside best", is_money=True
        ),
        "looks": _listed("looks", "unit look n kept inside inside_low inside_high"),
        "ways": _ways,
    },
}
