"""Figures for paper: the dictionaries that the browser draws, as SVG in the light colours of the style sheet.

What analytics/figures uses is drawn: bars, lines, areas, marks, shapes, words and the legend. What is told by pointing
at a mark stands in the table beside the figure.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from django.conf import settings

from .scales import MONTH, Scale

Trace = dict[str, Any]
WIDTH = 720
LETTER = 6.3  # usual width of a letter of 12 px
LONGEST_NAME = 34
TOKEN = re.compile(r"^var\((--[\w-]+)\)$")
DASHES = {"dot": "2 3", "dash": "6 4", "dashdot": "6 3 2 3"}
MARKS = {
    "circle": "M{l} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
    "square": "M{l} {t}H{e}V{b}H{l}z",
    "diamond": "M{x} {t}L{e} {y}L{x} {b}L{l} {y}z",
    "triangle-up": "M{x} {t}L{e} {b}L{l} {b}z",
    "x": "M{l} {t}L{e} {b}M{e} {t}L{l} {b}",
    "line-ns": "M{x} {t}V{b}",
}
STROKED = ("x", "line-ns")


def drawn(figure: dict[str, Any], height: int = 300, width: int = WIDTH) -> str:
    """The figure as an <svg> of that shape; hidden from screen readers, since what holds it has a name."""
    layout = figure["layout"]
    traces = [trace for trace in figure["data"] if len(trace.get("x") or ()) and len(trace.get("y") or ())]
    svg = Element("svg", {"viewBox": f"0 0 {width} {height}", "aria-hidden": "true", "class": "drawing"})
    svg.set("font-family", "Inter, sans-serif")
    across, up = _scales(traces, layout, width, height)
    _axes(svg, across, up, layout)
    shapes = layout.get("shapes", [])
    for shape in shapes:
        if shape.get("layer") == "below":
            _shape(svg, shape, across, up)
    stacked: dict[tuple[float, bool], float] = {}
    before: list[tuple[float, float]] = []
    for trace in traces:
        if trace["type"] == "bar":
            _bars(svg, trace, across, up, layout, stacked)
        else:
            before = _scatter(svg, trace, across, up, before)
    for shape in shapes:
        if shape.get("layer") != "below":
            _shape(svg, shape, across, up)
    for note in layout.get("annotations", []):
        _note(svg, note, across, up)
    if layout.get("showlegend"):
        _legend(svg, traces, height)
    return ElementTree.tostring(svg, encoding="unicode")


@cache
def colours() -> dict[str, str]:
    """The colours of the style sheet as they are in the light."""
    found: dict[str, str] = {}
    sheet = (Path(settings.BASE_DIR) / "static" / "css" / "tokens.css").read_text()
    for name, value in re.findall(r"(--[\w-]+):\s*([^;]+);", sheet):
        found.setdefault(name, value)
    return found


def _scales(traces: list[Trace], layout: dict[str, Any], width: int, height: int) -> tuple[Scale, Scale]:
    margin = {"l": 46, "r": 14, "t": 12, "b": 34, **layout.get("margin", {})}
    upward = _scale("y", traces, layout, height - max(margin["b"], 26), max(margin["t"], 18))
    words = [len(word) for _at, word in upward.ticks(layout.get("yaxis", {}))]
    left = max(margin["l"], min(max(words, default=0), LONGEST_NAME) * LETTER + 14)
    return _scale("x", traces, layout, left, width - margin["r"]), upward


def _scale(letter: str, traces: list[Trace], layout: dict[str, Any], start: float, end: float) -> Scale:
    """How the axis goes: as far as it is told to, else as far as its values do."""
    axis = layout.get(f"{letter}axis", {})
    values = [value for trace in traces for value in trace[letter] if value is not None]
    kind = axis.get("type") or ("names" if values and isinstance(values[0], str) and not _is_day(values[0]) else "")
    if not kind:
        kind = "date" if values and isinstance(values[0], str) else "linear"
    names = list(axis.get("categoryarray") or dict.fromkeys(values)) if kind == "names" else []
    scale = Scale(kind, 0.0, 1.0, start, end, names)
    if axis.get("range"):
        low, high = (scale.number(value) for value in axis["range"])
        scale.low, scale.high = low or 0.0, high or 0.0
        return scale
    if kind == "names":
        scale.low, scale.high = -0.5, len(names) - 0.5
        return scale
    numbers = [number for value in values if (number := scale.number(value)) is not None]
    bars = [trace for trace in traces if trace["type"] == "bar"]
    along = [trace for trace in bars if _is_lying(trace) == (letter == "x")]
    if along:
        numbers += [0.0, *_heaps(along, letter, is_stacked=layout.get("barmode") == "stack")]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    if axis.get("rangemode") == "tozero" and kind == "linear":
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.05 or (MONTH / 2 if kind == "date" else 0.5)
    beside = max((_width(trace, scale, layout) / 2 for trace in bars if trace not in along), default=0.0)
    scale.low, scale.high = (low if low == 0.0 and kind == "linear" else low - room) - beside, high + room + beside
    return scale


def _is_day(value: str) -> bool:
    return bool(re.match(r"\d{4}-\d\d-\d\d", value))


def _is_lying(trace: Trace) -> bool:
    return trace.get("orientation") == "h"


def _heaps(bars: list[Trace], letter: str, *, is_stacked: bool) -> list[float]:
    """Where bars end, each place's heap together."""
    heaps: dict[tuple[Any, bool], float] = {}
    ends: list[float] = []
    other = "x" if letter == "y" else "y"
    for trace in bars:
        for number, (place, value) in enumerate(zip(trace[other], trace[letter], strict=True)):
            heap = (place, (value or 0) < 0)
            heaps[heap] = heaps.get(heap, 0.0) + (value or 0)
            base = _nth(trace.get("base"), number) or 0.0
            ends += [base, heaps[heap] if is_stacked else base + (value or 0)]
    return ends


def _width(trace: Trace, scale: Scale, layout: dict[str, Any], number: int | None = None) -> float:
    """How wide the trace's bar of that number is, or its widest, in the values of the axis it stands on."""
    if isinstance(trace.get("width"), list):
        return max(trace["width"], default=0.0) if number is None else float(trace["width"][number])
    if trace.get("width"):
        return float(trace["width"])
    places = trace["y"] if _is_lying(trace) else trace["x"]
    numbers = sorted({number for value in places if (number := scale.number(value)) is not None})
    apart = min((b - a for a, b in zip(numbers, numbers[1:], strict=False)), default=0.0)
    return (apart or (MONTH if scale.kind == "date" else 1.0)) * (1 - layout.get("bargap", 0.2))


def _axes(svg: Element, across: Scale, up: Scale, layout: dict[str, Any]) -> None:
    xaxis, yaxis = layout.get("xaxis", {}), layout.get("yaxis", {})
    for at, word in across.ticks(xaxis):
        if xaxis.get("showgrid", True) and across.kind != "names":
            _line(svg, at, up.start, at, up.end, "var(--grid)")
        if xaxis.get("tickangle"):
            _words(svg, at + 4, up.start + 14, word, "end", turned=xaxis["tickangle"])
        else:
            _words(svg, at, up.start + 16, word, "middle")
    for at, word in up.ticks(yaxis):
        if yaxis.get("showgrid", True) and up.kind != "names":
            _line(svg, across.start, at, across.end, at, "var(--grid)")
        _words(svg, across.start - 8, at + 4, _cut(word), "end")
    if xaxis.get("zeroline") and across.low < 0 < across.high:
        _line(svg, across.place(0.0), up.start, across.place(0.0), up.end, xaxis.get("zerolinecolor", "var(--ink)"))
    if "title" in xaxis:
        _words(svg, across.end, up.start + 31, xaxis["title"]["text"], "end")
    if "title" in yaxis:
        _words(svg, across.start, up.end - 6, yaxis["title"]["text"], "start")


def _bars(
    svg: Element,
    trace: Trace,
    across: Scale,
    up: Scale,
    layout: dict[str, Any],
    stacked: dict[tuple[float, bool], float],
) -> None:
    is_lying, is_stacked = _is_lying(trace), layout.get("barmode") == "stack"
    along, beside = (across, up) if is_lying else (up, across)
    values, places = (trace["x"], trace["y"]) if is_lying else (trace["y"], trace["x"])
    marker = trace.get("marker", {})
    for number, (value, where) in enumerate(zip(values, places, strict=True)):
        place = beside.number(where)
        if not value or place is None:
            continue
        width = _width(trace, beside, layout, number)
        heap = (place, value < 0)
        base = stacked.get(heap, 0.0) if is_stacked else float(_nth(trace.get("base"), number) or 0.0)
        stacked[heap] = base + value
        a, b = sorted((along.place(base), along.place(base + value)))
        c, d = sorted((beside.place(place - width / 2), beside.place(place + width / 2)))
        x, y, wide, high = (a, c, b - a, d - c) if is_lying else (c, a, d - c, b - a)
        _rect(svg, x, y, wide, high, _nth(marker.get("color"), number), trace.get("opacity", 1))


def _scatter(
    svg: Element, trace: Trace, across: Scale, up: Scale, before: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Lines, the area below them, and marks; answers of where the line ran, for an area up to it."""
    points = [
        None if x is None or y is None else (x, y)
        for x, y in zip((across.at(x) for x in trace["x"]), (up.at(y) for y in trace["y"]), strict=True)
    ]
    path = [point for point in points if point is not None]
    line, mode, opacity = trace.get("line", {}), trace.get("mode", "lines"), trace.get("opacity", 1)
    if trace.get("fill") == "toself" and path:
        _area(svg, path, trace.get("fillcolor") or line.get("color"), opacity)
    elif trace.get("fill") == "tonexty" and path and before:
        _area(svg, path + before[::-1], trace.get("fillcolor") or line.get("color"), opacity)
    elif "lines" in mode and line.get("width", 2):
        _polyline(svg, points, line, opacity)
    if "markers" in mode:
        for number, point in enumerate(points):
            if point is not None:
                _mark(svg, *point, trace.get("marker", {}), number, opacity)
    return path


def _area(svg: Element, path: list[tuple[float, float]], colour: Any, opacity: float) -> None:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
    SubElement(svg, "polygon", {"points": told, "fill": _colour(colour), "fill-opacity": str(opacity)})


def _polyline(svg: Element, points: list[tuple[float, float] | None], line: dict[str, Any], opacity: float) -> None:
    """One path, interrupted where a value is missing."""
    told, is_down = [], False
    for point in points:
        if point is not None:
            told.append(f"{'L' if is_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        is_down = point is not None
    given = {"d": "".join(told), "fill": "none", "stroke": _colour(line.get("color")), "stroke-opacity": str(opacity)}
    given |= {"stroke-width": str(line.get("width", 2)), "stroke-linecap": "butt"}
    if line.get("dash") in DASHES:
        given["stroke-dasharray"] = DASHES[line["dash"]]
    SubElement(svg, "path", given)


def _mark(svg: Element, x: float, y: float, marker: dict[str, Any], number: int, opacity: float) -> None:
    opacity = opacity * float(_nth(marker.get("opacity"), number) if marker.get("opacity") is not None else 1)
    if not opacity:
        return
    symbol, radius = (
        str(_nth(marker.get("symbol"), number) or "circle"),
        float(_nth(marker.get("size"), number) or 6) / 2,
    )
    is_open = symbol.endswith("-open")
    shape = symbol.removesuffix("-open").removesuffix("-thin")
    edges = {
        "x": x,
        "y": y,
        "r": radius,
        "d": 2 * radius,
        "l": x - radius,
        "e": x + radius,
        "t": y - radius,
        "b": y + radius,
    }
    path = MARKS.get(shape, MARKS["circle"]).format(**{name: f"{value:.1f}" for name, value in edges.items()})
    colour = _colour(_nth(marker.get("color"), number))
    border = marker.get("line", {})
    given = {"d": path, "opacity": f"{opacity:g}", "fill": "none" if is_open or shape in STROKED else colour}
    if is_open or shape in STROKED:
        given |= {"stroke": colour, "stroke-width": str(border.get("width", 1.5))}
    elif border.get("width"):
        given |= {"stroke": _colour(border.get("color", "var(--surface)")), "stroke-width": str(border["width"])}
    SubElement(svg, "path", given)


def _shape(svg: Element, shape: dict[str, Any], across: Scale, up: Scale) -> None:
    x0, x1 = (_on(across, shape[name], shape.get("xref", "x")) for name in ("x0", "x1"))
    y0, y1 = (_on(up, shape[name], shape.get("yref", "y")) for name in ("y0", "y1"))
    line = shape.get("line", {})
    if shape["type"] == "line":
        _line(svg, x0, y0, x1, y1, line.get("color"), line.get("width", 1), line.get("dash"))
    else:
        x, y, wide, high = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
        _rect(svg, x, y, wide, high, shape.get("fillcolor"), shape.get("opacity", 1))


def _note(svg: Element, note: dict[str, Any], across: Scale, up: Scale) -> None:
    """Words beside a place; <br> begins a line."""
    x = _on(across, note["x"], note.get("xref", "x")) + note.get("xshift", 0)
    y = _on(up, note["y"], note.get("yref", "y")) - note.get("yshift", 0)
    anchor = {"left": "start", "right": "end"}.get(note.get("xanchor", ""), "middle")
    lines = str(note["text"]).split("<br>")
    lift = {"bottom": 14 * (len(lines) - 1), "top": -11}.get(note.get("yanchor", ""), 14 * (len(lines) - 1) / 2 - 4)
    for number, line in enumerate(lines):
        _words(svg, x, y - lift + 14 * number, line, anchor, colour=note.get("font", {}).get("color", "var(--ink2)"))


def _legend(svg: Element, traces: list[Trace], height: int) -> None:
    x = 20.0
    for trace in traces:
        name = str(trace.get("name", ""))
        _rect(svg, x, height - 14, 10, 10, trace.get("marker", {}).get("color"), trace.get("opacity", 1))
        _words(svg, x + 15, height - 5, name, "start")
        x += 34 + LETTER * len(name)


def _on(scale: Scale, value: Any, ref: str) -> float:
    if ref == "paper":
        return scale.start + float(value) * (scale.end - scale.start)
    return scale.at(value) or 0.0


def _line(
    svg: Element, x0: float, y0: float, x1: float, y1: float, colour: Any, width: float = 1, dash: str | None = None
) -> None:
    given = {"x1": f"{x0:.1f}", "y1": f"{y0:.1f}", "x2": f"{x1:.1f}", "y2": f"{y1:.1f}", "stroke": _colour(colour)}
    given |= {"stroke-width": str(width)} | ({"stroke-dasharray": DASHES[dash]} if dash in DASHES else {})
    SubElement(svg, "line", given)


def _rect(svg: Element, x: float, y: float, wide: float, high: float, colour: Any, opacity: float) -> None:
    given = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{wide:.1f}", "height": f"{high:.1f}"}
    SubElement(svg, "rect", {**given, "fill": _colour(colour), "fill-opacity": str(opacity)})


def _words(
    svg: Element, x: float, y: float, words: str, anchor: str, *, colour: Any = "var(--ink2)", turned: float = 0
) -> None:
    given = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": "11", "fill": _colour(colour)}
    if turned:
        given["transform"] = f"rotate({turned} {x:.1f} {y:.1f})"
    SubElement(svg, "text", given).text = words.replace("<br>", " ")


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


def _nth(value: Any, number: int) -> Any:
    """That of one mark, where a figure may give one value for all or one for each."""
    return value[number] if isinstance(value, list) else value


def _colour(value: Any) -> str:
    named = TOKEN.match(value) if isinstance(value, str) else None
    return colours().get(named[1], "#63687a") if named else str(value or "#63687a")
