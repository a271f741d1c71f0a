"""Figures on paper: where things stand, by hand."""

from xml.etree import ElementTree

import pytest

from analytics.figures.theme import OURS, axis, figure, titled
from analytics.printing import drawing, scales
from analytics.printing.scales import Scale, milliseconds


def parts(drawn: str, kind: str) -> list[dict[str, str]]:
    return [element.attrib for element in ElementTree.fromstring(drawn).iter(kind)]


def words(drawn: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(drawn).iter("text")]


def test_a_bar_is_as_long_as_its_value_and_stands_on_nought():
    drawn = drawing.drawn(
        figure(
            [{"type": "bar", "x": ["a", "b"], "y": [10, 5], "marker": {"color": OURS}}],
            yaxis=axis(range=[0, 10]),
            margin={"l": 0, "r": 0, "t": 20, "b": 50},
        ),
        height=270,
    )
    tall, short = parts(drawn, "rect")
    assert (tall["y"], tall["height"]) == ("20.0", "200.0") and (short["y"], short["height"]) == ("120.0", "100.0")
    assert tall["fill"] == "#2d2d9f"  # --c-blue in the light
    assert {"a", "b"} < set(words(drawn))


def test_stacked_bars_lie_end_to_end():
    pair = [{"type": "bar", "orientation": "h", "x": [share], "y": ["a"], "marker": {}} for share in (0.25, 0.75)]
    first, second = parts(drawing.drawn(figure(pair, barmode="stack", xaxis=axis(range=[0, 1]))), "rect")
    assert float(first["x"]) + float(first["width"]) == pytest.approx(float(second["x"]), abs=0.11)
    assert float(second["width"]) == pytest.approx(3 * float(first["width"]), abs=0.3)


def test_a_heap_of_bars_has_room():
    pair = [{"type": "bar", "x": [1, 2], "y": [3, 3]}, {"type": "bar", "x": [1, 2], "y": [4, 4]}]
    rects = parts(drawing.drawn(figure(pair, barmode="stack"), height=200), "rect")
    assert min(float(rect["y"]) for rect in rects) >= 18


def test_each_bar_may_have_its_own_width():
    bars = {"type": "bar", "x": ["2026-01-15", "2026-02-15"], "y": [1, 1], "width": [86_400_000 * 10, 86_400_000 * 20]}
    narrow, wide = parts(drawing.drawn(figure([bars], xaxis=axis(type="date"))), "rect")
    assert float(wide["width"]) == pytest.approx(2 * float(narrow["width"]), abs=0.11)


def test_a_line_is_interrupted_where_a_value_is_missing():
    drawn = drawing.drawn(
        figure([{"type": "scatter", "mode": "lines", "x": [0, 1, None, 2, 3], "y": [0, 1, None, 2, 3]}])
    )
    (line,) = [path for path in parts(drawn, "path") if path["fill"] == "none"]
    assert line["d"].count("M") == 2 and line["d"].count("L") == 2


def test_marks_have_their_own_shape_size_and_colour():
    marks = {"size": [10, 20], "color": ["#111111", "#222222"], "symbol": ["circle", "diamond-open"]}
    drawn = drawing.drawn(figure([{"type": "scatter", "mode": "markers", "x": [0, 1], "y": [0, 1], "marker": marks}]))
    dot, ring = parts(drawn, "path")
    assert (dot["fill"], ring["fill"], ring["stroke"]) == ("#111111", "none", "#222222")
    assert "a5.0 5.0" in dot["d"]


def test_a_mark_for_pointing_at_alone_is_not_drawn():
    drawn = drawing.drawn(
        figure([{"type": "scatter", "mode": "markers", "x": [0], "y": [0], "marker": {"opacity": 0, "size": 22}}])
    )
    assert parts(drawn, "path") == []


def test_words_are_words_whatever_they_say():
    drawn = drawing.drawn(
        figure(
            [{"type": "bar", "x": ["<b>&"], "y": [1]}],
            yaxis=axis(title=titled("days")),
            annotations=[{"x": "<b>&", "y": 1, "text": "one<br><two>"}],
        )
    )
    assert {"<b>&", "days", "one", "<two>"} <= set(words(drawn)) and "<b>" not in drawn


def test_nothing_to_draw_is_an_empty_drawing():
    assert parts(drawing.drawn(figure([], xaxis=axis(visible=False), yaxis=axis(visible=False))), "path") == []


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 60, [0, 10, 20, 30, 40, 50, 60]), (-0.3, 0.3, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]), (5, 5, [5])],
)
def test_ticks_are_round_numbers_within_the_ends(low, high, ticks):
    assert scales.round_numbers(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("value", "shape", "prefix", "words"),
    [
        (0.25, ".0%", "", "25\u2009%"),
        (0.25, "+.0%", "", "+25\u2009%"),
        (1_500_000, ".3~s", "€", "€1.5M"),
        (20_000, ".3~s", "€", "€20k"),
        (0, ".3~s", "€", "€0"),
        (7, "", "", "7"),
    ],
)
def test_numbers_are_told_as_the_figure_asks(value, shape, prefix, words):
    assert scales.told(value, shape, prefix) == words


def test_months_are_told_at_their_first_days():
    scale = Scale("date", milliseconds("2026-01-10"), milliseconds("2026-06-10"), 0.0, 151.0)
    ticks = scale.ticks({"tickformat": "%b<br>%Y"})
    assert [word for _at, word in ticks] == ["Feb 2026", "March 2026", "April 2026", "May 2026", "June 2026"] or [
        word for _at, word in ticks
    ] == ["Feb 2026", "Mar 2026", "Apr 2026", "May 2026", "Jun 2026"]
    assert ticks[0][0] == pytest.approx(22.0)
