"""Sources with what has become of those they brought; campaigns with what they brought and cost."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ..presenting.words import amount
from .theme import ALARM, LOST, OPEN, OURS, SURFACE, Figure, axis, figure

Facts = dict[str, Any]
MOST = 8
STATES = (("won", OURS, "", 1.0), ("open", OPEN, "/", 0.9), ("lost", LOST, "x", 0.75))


def figures(facts: Facts) -> dict[str, Figure]:
    return {
        f"{name}-{touch}": draw(facts, touch)
        for touch in ("first", "last")
        for name, draw in (("sources", sources), ("campaigns", campaigns))
    }


def sources(facts: Facts, touch: str) -> Figure:
    """How many each source brought: with an order, still open, lost."""
    groups = sorted(facts[touch]["source"], key=lambda group: -group["leads"])[:MOST]
    names = {"won": _("with an order"), "open": _("still open"), "lost": _("lost")}
    return figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": [group[state] for group in groups],
                "y": list(range(len(groups))),
                "name": names[state],
                "customdata": [_behind("source", group, touch, state) for group in groups],
                "marker": {
                    "color": colour,
                    "pattern": {"shape": shape, "size": 5, "fillmode": "overlay"},
                    "line": {"width": 1, "color": SURFACE},
                },
                "opacity": opacity,
                "hovertemplate": "%{x} " + names[state] + "<extra></extra>",
            }
            for state, colour, shape, opacity in STATES
        ],
        barmode="stack",
        **_rows([group["name"] or _("not said") for group in groups]),
    )


def campaigns(facts: Facts, touch: str) -> Figure:
    """What each campaign has brought so far, and what it cost."""
    groups = [group for group in facts[touch]["campaign"] if group["key"]][:MOST]
    places, currency = list(range(len(groups))), facts["currency"]
    spent = [(place, group) for place, group in enumerate(groups) if group["cost"]]
    return figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": [group["revenue"] for group in groups],
                "y": places,
                "customdata": [_behind("campaign", group, touch, "orders") for group in groups],
                "text": [amount(group["revenue"], currency) for group in groups],
                "textposition": "none",
                "marker": {"color": OURS},
                "hovertemplate": _("brought:") + " %{text}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [group["cost"] for _place, group in spent],
                "y": [place for place, _group in spent],
                "text": [amount(group["cost"], currency) for _place, group in spent],
                "marker": {"symbol": "diamond-open", "size": 11, "color": ALARM, "line": {"width": 2.5}},
                "hovertemplate": _("cost:") + " %{text}<extra></extra>",
            },
        ],
        **_rows([group["name"] for group in groups]),
    )


def _rows(names: list[str]) -> dict[str, Any]:
    return {
        "bargap": 0.4,
        "xaxis": axis(rangemode="tozero"),
        "yaxis": axis(
            tickvals=list(range(len(names))),
            ticktext=names,
            range=[len(names) - 0.4, -0.6],
            showgrid=False,
            automargin=True,
        ),
        "margin": {"l": 8, "r": 14, "t": 6, "b": 30},
    }


def _behind(way: str, group: Facts, touch: str, state: str) -> dict[str, Any]:
    return {"what": "brought", "way": way, "key": group["key"], "touch": touch, "outcome": state}
