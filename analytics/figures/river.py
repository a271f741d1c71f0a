"""The river: stages from left to right, ribbons for what goes from one to the next, what is lost below.

A diagram of flows drawn by the basic chart library: filled outlines for ribbons, bars for stages, and invisible marks
that carry the words and the way to the cards behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from ..presenting.words import amount, percent
from .theme import INK, LOST, MUTED, NURTURING, OPEN, OURS, REFERENCE, Figure, axis, figure

Facts = dict[str, Any]
WIDTH = 0.1
BEND = 14
GAP = 0.16
COUNT, VALUE = "count", "amount"


def figures(facts: Facts) -> dict[str, Figure]:
    return {
        f"{look}-{name}": course(facts[look], measure, facts["currency"] if measure == VALUE else None)
        for look in ("period", "cohort")
        for name, measure in (("count", COUNT), ("value", VALUE))
    }


@dataclass(slots=True)
class _Node:
    """A stage as a bar: parts that come in on its left and go out on its right, each stacked from `top` down."""

    key: str
    name: str
    place: float
    top: float
    height: float
    colour: str
    label: str
    came: float = 0.0
    gone: float = 0.0
    waiting: float = 0.0
    words: str = ""
    notes: list[str] = field(default_factory=list)


def course(looked_at: Facts, measure: str, currency: str | None) -> Figure:
    """`measure` is count or amount."""
    flows = [flow for flow in looked_at["flows"] if flow[measure] > 0]
    order = [basin for basin in looked_at["stages"] if basin["kind"] in ("open", "parked")]
    ends = {basin["kind"]: basin for basin in looked_at["stages"] if basin["kind"] in ("won", "lost")}
    order = [basin for basin in order if _size(basin, flows, measure) > 0]
    if not order:
        return figure([], xaxis=axis(visible=False), yaxis=axis(visible=False))
    tallest = max(_size(basin, flows, measure) for basin in order)
    nodes = {basin["key"]: _node(basin, place, flows, measure, currency) for place, basin in enumerate(order)}
    lost_in = sum(flow[measure] for flow in flows if flow["target"] == ends["lost"]["key"])
    won_in = sum(flow[measure] for flow in flows if flow["target"] == ends["won"]["key"])
    last = len(order)
    nodes[ends["won"]["key"]] = _Node(
        ends["won"]["key"], ends["won"]["stage"], last, 0.0, won_in, OURS, _shown(won_in, currency)
    )
    floor = -tallest * (1 + GAP)
    nodes[ends["lost"]["key"]] = _Node(
        ends["lost"]["key"], ends["lost"]["stage"], last, floor, lost_in, LOST, _shown(lost_in, currency)
    )
    ribbons = [_ribbon(flow, nodes, measure, currency) for flow in _in_order(flows, nodes)]
    return figure(
        [*[ribbon for ribbon, _mark in ribbons], _marks([mark for _ribbon_, mark in ribbons], nodes)],
        shapes=[shape for node in nodes.values() for shape in _bars(node)],
        annotations=[_label(node, last) for node in nodes.values()],
        xaxis=axis(visible=False, range=[-0.12, last + 0.75]),
        yaxis=axis(visible=False, range=[floor - lost_in * 1.02 - tallest * 0.03, tallest * 0.01]),
        margin={"l": 4, "r": 4, "t": 44, "b": 4},
    )


def _size(basin: Facts, flows: list[Facts], measure: str) -> float:
    """What passes through the stage: what was there or began there, and what came from others."""
    before, begun = ("open_before", "begun") if measure == COUNT else ("amount_before", "amount_begun")
    return basin[before] + basin[begun] + sum(flow[measure] for flow in flows if flow["target"] == basin["key"])


def _node(basin: Facts, place: int, flows: list[Facts], measure: str, currency: str | None) -> _Node:
    size = _size(basin, flows, measure)
    gone = sum(flow[measure] for flow in flows if flow["source"] == basin["key"])
    colour = NURTURING if basin["half"] == "marketing" else OURS
    node = _Node(basin["key"], basin["stage"], place, 0.0, size, colour, _shown(size, currency))
    node.waiting = max(size - gone, 0.0)
    before, begun = ("open_before", "begun") if measure == COUNT else ("amount_before", "amount_begun")
    node.words = "<br>".join(
        f"{words}: {_shown(value, currency)}"
        for words, value in (
            (_("there before"), basin[before]),
            (_("began here"), basin[begun]),
            (_("second tries among them"), basin["again"] if measure == COUNT else 0),
            (_("came from other stages"), size - basin[before] - basin[begun]),
            (_("went on or were lost"), gone),
            (_("still there"), node.waiting),
        )
        if value
    )
    return node


def _in_order(flows: list[Facts], nodes: dict[str, _Node]) -> list[Facts]:
    """Onward flows above, then those that go back, then the lost: the nearest first, so that ribbons cross little."""

    def rank(flow: Facts) -> tuple[float, ...]:
        source, target = nodes[flow["source"]], nodes[flow["target"]]
        is_lost, is_back = target.top < 0, target.place < source.place
        return (2.0 if is_lost else 1.0 if is_back else 0.0, source.place, target.place)

    return sorted((flow for flow in flows if flow["source"] in nodes and flow["target"] in nodes), key=rank)


def _ribbon(flow: Facts, nodes: dict[str, _Node], measure: str, currency: str | None) -> tuple[Facts, Facts]:
    source, target, size = nodes[flow["source"]], nodes[flow["target"]], flow[measure]
    leaves, arrives = source.top - source.gone, target.top - target.came
    source.gone, target.came = source.gone + size, target.came + size
    is_lost, is_back = target.top < 0, target.place < source.place
    colour, opacity = (LOST, 0.3) if is_lost else (REFERENCE, 0.35) if is_back else (source.colour, 0.38)
    start, end = source.place + WIDTH, target.place
    upper = _curve(start, leaves, end, arrives)
    outline = upper + _curve(start, leaves - size, end, arrives - size)[::-1] + upper[:1]
    middle = _curve(start, leaves - size / 2, end, arrives - size / 2)[BEND // 2]
    words = f"{source.name} → {target.name}: {_shown(size, currency)}"
    share = _("%(share)s of all there") % {"share": percent(size / source.height)} if source.height else ""
    ribbon = {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _y in outline],
        "y": [y for _x, y in outline],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": opacity,
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
    }
    ask = {"what": "moved", "stage": flow["source"], "onward": flow["target"]}
    return ribbon, {"x": middle[0], "y": middle[1], "text": f"{words}<br>{share}", "ask": ask}


def _curve(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    """A Bezier curve that leaves and arrives level."""
    middle = (x0 + x1) / 2
    points = []
    for step in range(BEND + 1):
        t = step / BEND
        near, far = (1 - t) ** 2, t**2
        x = (1 - t) * near * x0 + 3 * near * t * middle + 3 * (1 - t) * far * middle + t * far * x1
        y = (1 - t) * near * y0 + 3 * near * t * y0 + 3 * (1 - t) * far * y1 + t * far * y1
        points.append((round(x, 3), round(y, 2)))
    return points


def _bars(node: _Node) -> list[dict[str, Any]]:
    """The stage's bar; its lower part, paler, is what is still there."""
    edge = {"xref": "x", "yref": "y", "type": "rect", "line": {"width": 0}, "x0": node.place, "x1": node.place + WIDTH}
    bottom, still = node.top - node.height, node.top - node.height + node.waiting
    return [
        {**edge, "y0": still, "y1": node.top, "fillcolor": node.colour},
        {**edge, "y0": bottom, "y1": still, "fillcolor": OPEN, "opacity": 0.45},
    ]


def _marks(ribbons: list[Facts], nodes: dict[str, _Node]) -> dict[str, Any]:
    """Invisible marks in the middle of ribbons and bars, for pointing at and clicking."""
    stages = [node for node in nodes.values() if node.words]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [mark["x"] for mark in ribbons] + [node.place + WIDTH / 2 for node in stages],
        "y": [mark["y"] for mark in ribbons] + [node.top - node.height / 2 for node in stages],
        "text": [mark["text"] for mark in ribbons] + [f"{node.name}<br>{node.words}" for node in stages],
        "customdata": [mark["ask"] for mark in ribbons] + [{"what": "open", "stage": node.key} for node in stages],
        "marker": {"size": 22, "color": REFERENCE, "opacity": 0},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _label(node: _Node, last: int) -> dict[str, Any]:
    is_end = node.place == last
    return {
        "x": node.place + WIDTH + 0.06 if is_end else node.place,
        "y": node.top - node.height / 2 if is_end else node.top,
        "xanchor": "left",
        "yanchor": "middle" if is_end else "bottom",
        "yshift": 0 if is_end else 4,
        "align": "left",
        "text": f"{node.name}<br>{node.label}",
        "showarrow": False,
        "font": {"size": 12, "color": INK if node.height else MUTED},
    }


def _shown(value: float, currency: str | None) -> str:
    return amount(value, currency) if currency else f"{value:.0f}"
