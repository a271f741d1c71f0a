"""What was said of each month on its eve, and what came; and how far off each way to forecast was."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ..ways import OURS as OUR_WAY
from ..ways import name_of, only_the_best_weighted
from .theme import ALARM, OURS, REFERENCE, SURFACE, Figure, axis, figure, money_axis

Facts = dict[str, Any]


def figures(facts: Facts) -> dict[str, Figure]:
    if not facts["looks"]:
        return {}
    return {"months": months(facts), "ways": ways(facts)}


def months(facts: Facts) -> Figure:
    """Ranges of 80 % with their medians; rings for what came, filled with alarm where it lay outside."""
    eves = [one for one in facts["windows"] if (one["unit"], one["look"]) == ("month", "eve")]
    middles = [f"{one['start'][:8]}15" for one in eves]
    currency = facts["currency"]
    return figure(
        [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for middle in middles for x in (middle, middle, None)],
                "y": [y for one in eves for y in (one["q10"], one["q90"], None)],
                "line": {"color": OURS, "width": 13},
                "opacity": 0.45,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": middles,
                "y": [one["q50"] for one in eves],
                "marker": {"size": 9, "color": OURS, "line": {"width": 2, "color": SURFACE}},
                "customdata": [[one["q10"], one["q90"]] for one in eves],
                "hovertemplate": "%{x|%b %Y}: "
                + _("said")
                + " %{y:,.0f}<br>80 %: %{customdata[0]:,.0f}–%{customdata[1]:,.0f}<extra></extra>",
            },
            *(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [middle for middle, one in zip(middles, eves, strict=True) if one["is_inside"] == is_inside],
                    "y": [one["came"] for one in eves if one["is_inside"] == is_inside],
                    "marker": {"size": 11, "symbol": "diamond-open", "color": colour, "line": {"width": 2}},
                    "hovertemplate": "%{x|%b %Y}: " + _("came") + " %{y:,.0f}<extra></extra>",
                }
                for is_inside, colour in ((True, REFERENCE), (False, ALARM))
            ),
        ],
        xaxis=axis(type="date", tickformat="%b<br>%Y", showgrid=False, nticks=12),
        yaxis=money_axis(currency),
        margin={"l": 52, "r": 10, "t": 10, "b": 44},
    )


def ways(facts: Facts) -> Figure:
    """The score of each way, the best on top; ours in colour."""
    methods = only_the_best_weighted(facts["looks"][0]["methods"])[::-1]
    return figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": [one["crps"] for one in methods],
                "y": [name_of(one["method"]) for one in methods],
                "marker": {"color": [OURS if one["method"] == OUR_WAY else REFERENCE for one in methods]},
                "opacity": 0.85,
                "hovertemplate": "%{y}: %{x:.0%}<extra></extra>",
            }
        ],
        xaxis=axis(tickformat=".0%", rangemode="tozero"),
        yaxis=axis(automargin=True, showgrid=False),
        margin={"l": 10, "r": 10, "t": 10, "b": 32},
        bargap=0.35,
    )
