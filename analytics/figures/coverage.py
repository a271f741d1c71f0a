"""What comes each week, and what would have to come beside it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ..reports.coverage import is_of_one_week
from .theme import ALARM, OURS, Figure, axis, figure

Facts = dict[str, Any]


def figures(facts: Facts) -> dict[str, Figure]:
    drawn = charted(facts)
    return {"weeks": weeks(drawn)} if drawn else {}


def charted(facts: Facts) -> Facts | None:
    """The next target that the new cards of one week can still help."""
    return next((target for target in facts["targets"] if helping(target)), None)


def helping(target: Facts) -> list[Facts]:
    """The weeks in which so many could come as would be needed."""
    return [week for week in target["weeks"] if is_of_one_week(week)]


def weeks(target: Facts) -> Figure:
    ahead, helped = target["weeks"], helping(target)
    return figure(
        [
            {
                "type": "bar",
                "x": [week["start"] for week in ahead],
                "y": [week["inflow"] for week in ahead],
                "marker": {"color": OURS},
                "hovertemplate": "%{x|%e %b}: %{y:.1f} " + _("will begin") + "<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [week["start"] for week in helped],
                "y": [week["needed"] for week in helped],
                "line": {"color": ALARM, "width": 2},
                "marker": {"color": ALARM, "size": 9, "symbol": "diamond"},
                "hovertemplate": "%{x|%e %b}: %{y} " + _("more needed, if all come then") + "<extra></extra>",
            },
        ],
        xaxis=axis(type="date", tickformat="%e %b", showgrid=False, nticks=8),
        yaxis=axis(rangemode="tozero"),
        margin={"l": 44, "r": 10, "t": 10, "b": 34},
    )
