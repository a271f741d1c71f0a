"""How long stays last and how they end, stage by stage from the top down."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from .theme import ALARM, LOST, NURTURING, OPEN, OURS, REFERENCE, SURFACE, Figure, axis, figure, titled

Facts = dict[str, Any]
PARKED = "lead-waiting"
ABOVE = 0.27


def figures(facts: Facts) -> dict[str, Figure]:
    return {"stays": stays(facts), "ends": ends(facts)}


def stays(facts: Facts) -> Figure:
    """Median with its interval, the 85 % line, and the reference's median, for stages whose median is known."""
    lines = [line for line in facts["stages"] if line["median_days"] is not None and line["key"] != PARKED]
    names = [line["stage"] for line in lines]
    row = {line["key"]: place for place, line in enumerate(lines)}
    rows = list(row.values())
    named = facts["bottleneck"] or {}
    reached = [line for line in lines if line["p85_days"] is not None]
    before = [line for line in lines if line["reference_median_days"] is not None]
    return figure(
        [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [day for line in reached for day in (line["median_days"], line["p85_days"], None)],
                "y": [y for line in reached for y in (row[line["key"]], row[line["key"]], None)],
                "line": {"color": REFERENCE, "width": 2, "dash": "dot"},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [line["p85_days"] for line in reached],
                "y": [row[line["key"]] for line in reached],
                "text": [line["stage"] for line in reached],
                "marker": {"symbol": "line-ns-open", "size": 14, "color": REFERENCE, "line": {"width": 2.5}},
                "hovertemplate": _("85 % have left by day") + " %{x}<extra>%{text}</extra>",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "x": [day for line in lines for day in (line["median_low"], line["median_high"], None)],
                "y": [y for place in rows for y in (place, place, None)],
                "line": {"color": OURS, "width": 6},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [line["median_days"] for line in lines],
                "y": rows,
                "text": names,
                "marker": {
                    "size": 13,
                    "color": [ALARM if line["key"] == named.get("key") else OURS for line in lines],
                    "symbol": ["square" if line["key"] == named.get("key") else "circle" for line in lines],
                    "line": {"width": 2, "color": SURFACE},
                },
                "customdata": [
                    {
                        **_behind(line),
                        "told": {"low": _shown(line["median_low"]), "high": _shown(line["median_high"])},
                    }
                    for line in lines
                ],
                "hovertemplate": _("Median, days:")
                + " %{x} (%{customdata.told.low}–%{customdata.told.high})<extra>%{text}</extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [line["reference_median_days"] for line in before],
                "y": [row[line["key"]] - ABOVE for line in before],
                "customdata": [line["stage"] for line in before],
                "marker": {"symbol": "diamond-open", "size": 9, "color": REFERENCE, "line": {"width": 2}},
                "hovertemplate": _("Median before, days:") + " %{x}<extra>%{customdata}</extra>",
            },
        ],
        xaxis=axis(title=titled(_("days in stage")), rangemode="tozero"),
        yaxis=axis(tickvals=rows, ticktext=names, range=[len(names) - 0.4, -0.6], showgrid=False, automargin=True),
        margin={"l": 8, "r": 14, "t": 6, "b": 40},
    )


def ends(facts: Facts) -> Figure:
    """Where those who enter are after the stage's horizon: gone on, back, lost, or still there."""
    lines = [line for line in facts["stages"] if line["advance"] is not None and line["key"] != PARKED]
    names = [line["stage"] for line in lines]
    parts = (
        ("advance", _("gone on"), OURS, ""),
        ("back", _("gone back"), NURTURING, "/"),
        ("still_open", _("still open"), OPEN, "."),
        ("lost", _("lost"), LOST, "x"),
    )
    return figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": [line[part] for line in lines],
                "y": names,
                "marker": {"color": colour, "pattern": {"shape": shape, "size": 5, "fillmode": "overlay"}},
                "opacity": 0.35 if part == "still_open" else 0.9,
                "name": label,
                "customdata": [_behind(line) for line in lines],
                "hovertemplate": f"%{{x:.0%}} {label}<extra>%{{y}}</extra>",
            }
            for part, label, colour, shape in parts
        ],
        barmode="stack",
        bargap=0.45,
        xaxis=axis(tickformat=".0%", range=[0, 1]),
        yaxis=axis(categoryorder="array", categoryarray=names[::-1], showgrid=False, automargin=True),
        margin={"l": 8, "r": 18, "t": 6, "b": 26},
    )


def _behind(line: Facts) -> Facts:
    """What a click asks for: those who entered the stage in the window."""
    return {"what": "entered", "stage": line["key"]}


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
