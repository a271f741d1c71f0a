"""Reports as files: the JSON that programs read, and the table behind the charts as CSV."""

from __future__ import annotations

import io
from typing import Any

from pipeline_crm.foundation import tabular

from .caveats import sentence

Facts = dict[str, Any]


STAGE = (
    "stage", "entered", "open", "median_days", "median_low", "median_high", "p85_days", "mean_days", "horizon_days",
    "advance", "advance_low", "advance_high", "lost", "still_open",
)  # fmt: skip
NAMED = ("stage", "kind", "since", "q", "gain", "gain_low", "gain_high", "currency")


def bottleneck(facts: Facts) -> Facts:
    """What programs are promised; the CSV has the rest of each stage."""
    named = facts["bottleneck"]
    return {
        **{name: facts[name] for name in ("pipeline", "as_of", "reference", "window")},
        "stages": [{name: line[name] for name in STAGE} for line in facts["stages"]],
        "bottleneck": named and {name: named[name] for name in NAMED},
        "queues": facts["queues"],
        "warnings": [sentence(warned) for warned in facts["warnings"]],
    }


def bottleneck_rows(facts: Facts) -> list[Facts]:
    named, overdue = facts["bottleneck"], {queue["key"]: queue for queue in facts["queues"]}
    return [
        {
            **line,
            "overdue": overdue.get(line["key"], {}).get("overdue", 0),
            "bottleneck": bool(named and named["key"] == line["key"]),
        }
        for line in facts["stages"]
    ]


def river(facts: Facts) -> Facts:
    return _in_words(facts)


def river_rows(facts: Facts) -> list[Facts]:
    """What went from stage to stage in the window."""
    looked_at = facts["period"]
    names = {basin["key"]: basin["stage"] for basin in looked_at["stages"]}
    return [
        {
            "from": names[flow["source"]],
            "to": names[flow["target"]],
            "count": flow["count"],
            "amount": flow["amount"],
            "currency": facts["currency"],
        }
        for flow in looked_at["flows"]
    ]


def cycle_time(facts: Facts) -> Facts:
    return _in_words(facts)


def cycle_time_rows(facts: Facts) -> list[Facts]:
    """The months of every span."""
    return [
        {"span": span["key"], "stage": span["name"], **cohort} for span in facts["spans"] for cohort in span["cohorts"]
    ]


def losses(facts: Facts) -> Facts:
    return _in_words(facts)


def losses_rows(facts: Facts) -> list[Facts]:
    """Reasons, stages and competitors, one below the other."""
    return [
        {"by": kind, **group, "currency": facts["currency"]}
        for kind, groups in (("reason", "reasons"), ("stage", "stages"), ("competitor", "competitors"))
        for group in facts[groups]
    ]


def drivers(facts: Facts) -> Facts:
    return _in_words(facts)


def drivers_rows(facts: Facts) -> list[Facts]:
    """Every comparison, owners among them."""
    return [*facts["drivers"], *facts["owners"]]


def brings(facts: Facts) -> Facts:
    return _in_words(facts)


def brings_rows(facts: Facts) -> list[Facts]:
    """Sources, campaigns and pages, by first touch and then by last."""
    return [
        {"touch": touch, "by": way, **group, "currency": facts["currency"]}
        for touch in ("first", "last")
        for way, groups in facts[touch].items()
        for group in groups
    ]


def compare(facts: Facts) -> Facts:
    return _in_words(facts)


def compare_rows(facts: Facts) -> list[Facts]:
    """Stage by stage, both selections beside each other."""
    return [
        {
            **{name: pair[name] for name in ("stage", "horizon_days")},
            **{f"{side}_{name}": value for side in ("a", "b") for name, value in pair[side].items()},
            "pace_q": pair["pace_q"],
            "fate_q": pair["fate_q"],
        }
        for pair in facts["stages"]
    ]


def improve(facts: Facts) -> Facts:
    return _in_words(facts)


def improve_rows(facts: Facts) -> list[Facts]:
    return facts["outcomes"]


def forecast(facts: Facts) -> Facts:
    return {**facts, "warnings": [sentence(warned) for warned in facts["warnings"]]}


def forecast_rows(facts: Facts) -> list[Facts]:
    return [{"currency": facts["currency"], **period} for period in facts["periods"]]


def record(facts: Facts) -> Facts:
    return _in_words(facts)


def record_rows(facts: Facts) -> list[Facts]:
    """What every method said of every period, and what came."""
    return [{"currency": facts["currency"], **row} for row in facts["rows"]]


def coverage(facts: Facts) -> Facts:
    return _in_words(facts)


def coverage_rows(facts: Facts) -> list[Facts]:
    """What each target needs at each stage."""
    return [
        {
            **{name: target[name] for name in ("start", "end", "amount", "won", "point", "chance")},
            "currency": facts["currency"],
            **need,
        }
        for target in facts["targets"]
        for need in target["stages"]
    ]


def movement(facts: Facts) -> Facts:
    return {
        **_in_words(facts),
        **{end: _in_units(facts[end]) for end in ("opening", "closing")},
        "bars": [_in_units(bar) for bar in facts["bars"]],
    }


def movement_rows(facts: Facts) -> list[Facts]:
    """Opening, every bar, closing."""
    return [
        {**_in_units(bar), "currency": facts["currency"]}
        for bar in (facts["opening"], *facts["bars"], facts["closing"])
    ]


def _in_units(bar: Facts) -> Facts:
    """Cents as amounts."""
    return {
        name: value / 100 if name in ("pipeline", "expected") and value is not None else value
        for name, value in bar.items()
    }


def _in_words(facts: Facts) -> Facts:
    return {**facts, "warnings": [sentence(warned) for warned in facts["warnings"]]}


def as_csv(rows: list[Facts]) -> str:
    """The rows under their names; an empty text where there are none."""
    stream = io.StringIO(newline="")
    if rows:
        tabular.write(stream, list(rows[0]), [["" if cell is None else cell for cell in row.values()] for row in rows])
    return stream.getvalue()
