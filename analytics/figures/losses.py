"""Reasons for losing with the range of their shares, and month by month."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ..presenting.losses import month_end
from .theme import ALARM, LOST, NURTURING, OPEN, OURS, REFERENCE, SURFACE, Figure, axis, figure

Facts = dict[str, Any]
LAYERS = ((LOST, "", 0.9), (OURS, "/", 0.75), (NURTURING, "x", 0.85), (ALARM, "-", 0.8), (REFERENCE, ".", 0.7))
MOST = 8


def figures(facts: Facts) -> dict[str, Figure]:
    return {"reasons": reasons(facts), "months": months(facts)}


def reasons(facts: Facts) -> Figure:
    """Each reason's share of the losses, its 95 % interval, and the share before."""
    groups = facts["reasons"][:MOST]
    rows = list(range(len(groups)))
    before = [(place, group) for place, group in enumerate(groups) if group["before"] is not None]
    return figure(
        [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for group in groups for x in (group["share_low"], group["share_high"], None)],
                "y": [y for place in rows for y in (place, place, None)],
                "line": {"color": LOST, "width": 6},
                "opacity": 0.5,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [group["share"] for group in groups],
                "y": rows,
                "customdata": [{"what": "lost", "reason": group["key"], "told": {"n": group["n"]}} for group in groups],
                "marker": {"size": 13, "color": LOST, "line": {"width": 2, "color": SURFACE}},
                "hovertemplate": "%{x:.0%} (%{customdata.told.n})<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [group["before"] for _place, group in before],
                "y": [place - 0.27 for place, _group in before],
                "marker": {"symbol": "diamond-open", "size": 9, "color": REFERENCE, "line": {"width": 2}},
                "hovertemplate": _("before:") + " %{x:.0%}<extra></extra>",
            },
        ],
        xaxis=axis(tickformat=".0%", rangemode="tozero"),
        yaxis=axis(
            tickvals=rows,
            ticktext=[group["name"] or _("not said") for group in groups],
            range=[len(groups) - 0.4, -0.6],
            showgrid=False,
            automargin=True,
        ),
        margin={"l": 8, "r": 14, "t": 6, "b": 30},
    )


def months(facts: Facts) -> Figure:
    """Losses of each month, the four most frequent reasons of the window apart."""
    apart = [group["key"] for group in facts["reasons"] if group["key"]][: len(LAYERS) - 1]
    layers = [(name, name, [month["by_reason"].get(name, 0) for month in facts["months"]]) for name in apart]
    rest = [month["lost"] - sum(month["by_reason"].get(name, 0) for name in apart) for month in facts["months"]]
    return figure(
        [
            {
                "type": "bar",
                "x": [f"{month['start'][:8]}15" for month in facts["months"]],
                "y": counts,
                "customdata": [_behind(month, key, facts["as_of"]) for month in facts["months"]],
                "name": name,
                "marker": {"color": colour, "pattern": {"shape": shape, "size": 5, "fillmode": "overlay"}},
                "opacity": opacity,
                "hovertemplate": "%{x|%b %Y}: %{y} " + name.replace("%", "%%").replace("<", "‹") + "<extra></extra>",
            }
            for (key, name, counts), (colour, shape, opacity) in zip(
                [*layers, (None, _("others, or not said"), rest)],
                [*LAYERS[: len(layers)], (OPEN, "", 0.4)],
                strict=True,
            )
        ],
        barmode="stack",
        bargap=0.35,
        showlegend=True,
        legend={"orientation": "h", "y": -0.18},
        xaxis=axis(type="date", tickformat="%b<br>%Y", showgrid=False, nticks=12),
        yaxis=axis(rangemode="tozero"),
        margin={"l": 36, "r": 10, "t": 10, "b": 70},
    )


def _behind(month: Facts, reason: str | None, as_of: str) -> Facts:
    """What a click asks for: the month's losses of the reason; of all that are drawn together, the month's."""
    asked = {"what": "lost", "from": month["start"], "to": month_end(month["start"], as_of), "as_of": as_of}
    return asked if reason is None else {**asked, "reason": reason}
