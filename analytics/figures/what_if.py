"""Each coming month as it is expected, and as it would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from ..supposing import Outcome, Side
from .theme import OURS, REFERENCE, SURFACE, Figure, axis, figure, money_axis

APART = 0.17


def figures(months: Sequence[Outcome], names: Sequence[str], currency: str) -> dict[str, Figure]:
    return {"supposed": supposed(months, names, currency)} if months else {}


def supposed(months: Sequence[Outcome], names: Sequence[str], currency: str) -> Figure:
    """Two bands a month, of four in five futures, with a dot at the median: to the left as it is expected, to the right
    as it would be."""
    places = list(range(len(months)))
    return figure(
        [
            *_side([month.now for month in months], [place - APART for place in places], REFERENCE, _("as it is")),
            *_side([month.then for month in months], [place + APART for place in places], OURS, _("supposed")),
        ],
        xaxis=axis(tickvals=places, ticktext=list(names), showgrid=False, range=[-0.5, len(months) - 0.5]),
        yaxis=money_axis(currency),
        margin={"l": 52, "r": 10, "t": 10, "b": 44},
    )


def _side(sides: list[Side], places: list[float], colour: str, name: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [x for place in places for x in (place, place, None)],
            "y": [y for side in sides for y in (side.q10, side.q90, None)],
            "line": {"color": colour, "width": 12},
            "opacity": 0.4,
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": places,
            "y": [side.q50 for side in sides],
            "marker": {"size": 11, "color": colour, "line": {"width": 2, "color": SURFACE}},
            "customdata": [[side.q10, side.q90] for side in sides],
            "hovertemplate": f"{name}: %{{y:,.0f}}"
            "<br>80 %: %{customdata[0]:,.0f}–%{customdata[1]:,.0f}<extra></extra>",
        },
    ]
