"""From what was there to what is there, step by step."""

from __future__ import annotations

from typing import Any

from ..reports.movement import bar_names
from .theme import LOST, NURTURING, OURS, REFERENCE, Figure, axis, figure, money_axis

Facts = dict[str, Any]


def figures(facts: Facts) -> dict[str, Figure]:
    measures = ("pipeline",) if facts["closing"]["expected"] is None else ("pipeline", "expected")
    return {measure: steps(facts, measure) for measure in measures}


def steps(facts: Facts, measure: str) -> Figure:
    """Bars that begin where the one before ended; above or below a thin one is as good as on it."""
    level, rows = 0, []
    for bar in (facts["opening"], *facts["bars"], facts["closing"]):
        is_end = bar["key"] in ("opening", "closing")
        if not is_end and not bar[measure]:
            continue
        base = 0 if is_end else level
        level = bar[measure] if is_end else level + bar[measure]
        height = bar[measure] / 100
        asked = {} if is_end else {"what": "changed", "fact": bar["key"]}
        told = asked | {"told": height}
        rows.append((bar_names()[bar["key"]], base / 100, height, _colour(bar, measure), told))
    names, bases, heights, colours, customdata = zip(*rows, strict=True)
    return figure(
        [
            {
                "type": "bar",
                "x": list(names),
                "y": list(heights),
                "base": list(bases),
                "customdata": list(customdata),
                "marker": {"color": list(colours)},
                "hovertemplate": f"%{{x}}: {facts['currency']} %{{customdata.told:,.2f}}<extra></extra>",
            }
        ],
        hovermode="x",
        bargap=0.35,
        xaxis=axis(showgrid=False, tickangle=-35),
        yaxis=money_axis(facts["currency"]),
        margin={"l": 56, "r": 10, "t": 10, "b": 110},
    )


def _colour(bar: Facts, measure: str) -> str:
    if bar["key"] in ("opening", "closing"):
        return REFERENCE
    if bar["key"] in ("won", "new", "advanced", "value_up", "reopened") and bar[measure] > 0:
        return OURS
    return NURTURING if bar["key"] in ("recycled", "won", "chances") else LOST if bar[measure] < 0 else OURS
