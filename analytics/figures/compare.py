"""Two selections side by side: days in stage and shares that go on, each with its interval."""

from __future__ import annotations

from typing import Any

from .theme import NURTURING, OURS, SURFACE, Figure, axis, figure

Facts = dict[str, Any]
SIDES = (("a", OURS, "circle", -0.16), ("b", NURTURING, "diamond", 0.16))


def figures(facts: Facts) -> dict[str, Figure]:
    return {"days": beside(facts, "median", "_days", ""), "shares": beside(facts, "advance", "", ".0%")}


def beside(facts: Facts, measure: str, unit: str, shown: str) -> Figure:
    """The measure of each stage, the first selection above the second; bars are 95 % intervals."""
    pairs = facts["stages"]
    data = []
    for side, colour, symbol, shift in SIDES:
        told = [
            (place, pair[side], pair["key"])
            for place, pair in enumerate(pairs)
            if pair[side][measure + unit] is not None
        ]
        data += [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for _place, of, _key in told for x in (of[f"{measure}_low"], of[f"{measure}_high"], None)],
                "y": [y for place, _of, _key in told for y in (place + shift, place + shift, None)],
                "line": {"color": colour, "width": 6},
                "opacity": 0.5,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [of[measure + unit] for _place, of, _key in told],
                "y": [place + shift for place, _of, _key in told],
                "customdata": [{"what": "entered", "stage": key, "other": side == "b"} for _place, _of, key in told],
                "marker": {"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": SURFACE}},
                "hovertemplate": f"%{{x{':' + shown if shown else ''}}}<extra></extra>",
            },
        ]
    return figure(
        data,
        xaxis=axis(rangemode="tozero", tickformat=shown),
        yaxis=axis(
            tickvals=list(range(len(pairs))),
            ticktext=[pair["stage"] for pair in pairs],
            range=[len(pairs) - 0.4, -0.6],
            showgrid=False,
            automargin=True,
        ),
        margin={"l": 8, "r": 14, "t": 6, "b": 30},
    )
