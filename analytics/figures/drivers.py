"""What goes with winning: each fact's effect with its interval, those that are named first."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from .. import told_facts
from .theme import INK, OURS, REFERENCE, SURFACE, Figure, axis, figure

Facts = dict[str, Any]
MOST = 14
LONGEST = 44


def figures(facts: Facts) -> dict[str, Figure]:
    return {"effects": effects(facts)}


def effects(facts: Facts) -> Figure:
    """By how many points more or less is won, all else that is known alike; the bar is the 90 % interval."""
    rows = [row for row in facts["drivers"] if row["effect"] is not None][:MOST]
    places = list(range(len(rows)))
    data = []
    for is_named, colour in ((True, OURS), (False, REFERENCE)):
        chosen = [(place, row) for place, row in zip(places, rows, strict=True) if row["is_named"] == is_named]
        data += [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for _place, row in chosen for x in (row["effect_low"], row["effect_high"], None)],
                "y": [y for place, _row in chosen for y in (place, place, None)],
                "line": {"color": colour, "width": 6},
                "opacity": 0.55,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [row["effect"] for _place, row in chosen],
                "y": [place for place, _row in chosen],
                "customdata": [_behind(facts, row) for _place, row in chosen],
                "marker": {"size": 12, "color": colour, "line": {"width": 2, "color": SURFACE}},
                "hovertemplate": "%{x:+.1%} " + _("of %{customdata.told.n}") + "<extra></extra>",
            },
        ]
    return figure(
        data,
        xaxis=axis(tickformat="+.0%", zeroline=True, zerolinecolor=INK, zerolinewidth=1),
        yaxis=axis(
            tickvals=places,
            ticktext=[_short(told_facts.label(row)) for row in rows],
            range=[len(rows) - 0.4, -0.6],
            showgrid=False,
            automargin=True,
        ),
        margin={"l": 8, "r": 14, "t": 6, "b": 30},
    )


def _behind(facts: Facts, row: Facts) -> Facts:
    """What a click asks for: the deals that have it."""
    if row["level"] is None:
        return {"told": {"n": row["n"]}}
    return {
        "what": "fact",
        "stage": facts["landmark"]["key"],
        "fact": row["fact"],
        "level": row["level"],
        "told": {"n": row["n"]},
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
