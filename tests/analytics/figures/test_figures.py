import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from analytics import days
from analytics.figures import bottleneck as bottleneck_figures
from analytics.figures import compare as compare_figures
from analytics.figures import cycle_time as cycle_time_figures
from analytics.figures import drivers as drivers_figures
from analytics.figures import forecast as forecast_figures
from analytics.figures import losses as losses_figures
from analytics.figures import river as river_figures
from analytics.forms import CardsFilter
from analytics.reports import bottleneck, compare, cycle_time, drivers, forecast, losses
from analytics.reports import river as report_of_river
from analytics.selection import Selection
from tests.dealings import dealings
from tests.simulation import Change, log, river, simulate

SELECTION = Selection(pipeline=1, as_of=days.day(389))
FULL = simulate(np.random.default_rng(1), days=390, per_day=3.0, change=Change(310, 3, slower=2.5))


@cache
def of_drivers():
    made = dealings(np.random.default_rng(3), 600)
    return drivers.report(made.river, Selection(pipeline=1, as_of=days.day(made.last))).as_facts()


def figures(journeys):
    rng = np.random.default_rng(1)
    of_bottleneck = bottleneck.report(river(journeys), SELECTION, rng).as_facts()
    of_forecast = forecast.report(river(journeys), SELECTION, rng).as_facts()
    of_losses = losses.report(river(journeys), SELECTION).as_facts()
    of_river = report_of_river.report(river(journeys), SELECTION).as_facts()
    both = replace(river(journeys), other=river(journeys))
    return (
        bottleneck_figures.figures(of_bottleneck)
        | forecast_figures.figures(of_forecast)
        | river_figures.figures(of_river)
        | {f"losses-{name}": drawn for name, drawn in losses_figures.figures(of_losses).items()}
        | drivers_figures.figures(
            of_drivers() if journeys is FULL else drivers.report(river(journeys), SELECTION).as_facts()
        )
        | compare_figures.figures(compare.report(both, SELECTION).as_facts())
        | cycle_time_figures.figures(cycle_time.report(river(journeys), SELECTION).as_facts())
    )


@pytest.mark.parametrize("journeys", [FULL, log([])], ids=["full", "empty"])
def test_figures_are_plain_json(journeys):
    drawn = figures(journeys)
    assert {
        "stays",
        "ends",
        "periods",
        "parts",
        "period-count",
        "period-value",
        "cohort-count",
        "ageing",
        "effects",
        "days",
        "shares",
    } <= set(drawn)
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn


def test_text_has_no_tag_that_becomes_an_inline_style():
    tags = set(re.findall(r"<(/?\w+)", json.dumps(figures(FULL))))
    assert tags <= {"br", "extra", "/extra"}


def test_colours_are_tokens():
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", json.dumps(figures(FULL)))


def test_the_bottleneck_stands_out_by_shape_as_well_as_colour():
    marks = figures(FULL)["stays"]["data"][3]["marker"]
    assert marks["symbol"] == ["circle", "circle", "circle", "square", "circle"]


def test_ribbons_fill_the_bars_they_come_from_and_go_to():
    """What leaves a bar and what is still there make up its height, and nothing is drawn outside of it."""
    drawn = figures(FULL)["period-count"]
    bars = [shape for shape in drawn["layout"]["shapes"] if shape["y1"] > shape["y0"]]
    ribbons = [trace for trace in drawn["data"] if trace.get("fill") == "toself"]
    report = report_of_river.report(river(FULL), SELECTION)
    assert len(ribbons) == len(report.period.flows)
    for place, basin in enumerate(basin for basin in report.period.stages if basin.kind == "open"):
        parts = [bar for bar in bars if bar["x0"] == place]
        assert sum(bar["y1"] - bar["y0"] for bar in parts) == basin.left + basin.open_now
        leaving = [ribbon for ribbon in ribbons if min(ribbon["x"]) == pytest.approx(place + 0.1, abs=0.002)]
        lowest = min(min(y for x, y in zip(r["x"], r["y"], strict=True) if x == min(r["x"])) for r in leaving)
        assert lowest == -basin.left


def test_a_mark_asks_for_the_cards_behind_it():
    marks = figures(FULL)["period-count"]["data"][-1]
    assert {"what": "moved", "stage": "inquiry", "onward": "hearing"} in marks["customdata"]
    assert {"what": "open", "stage": "estimate"} in marks["customdata"]


def test_late_cards_stand_out_by_shape_and_lead_to_themselves():
    drawn = figures(FULL)["ageing"]["data"]
    assert [trace["marker"]["symbol"] for trace in drawn] == ["circle", "diamond"]
    report = cycle_time.report(river(FULL), SELECTION)
    assert [len(trace["x"]) for trace in drawn] == [
        sum(stage.open - stage.overdue for stage in report.ageing),
        sum(stage.overdue for stage in report.ageing),
    ]
    assert drawn[0]["customdata"][0]["address"].startswith("/deals/")


def test_what_stands_out_is_drawn_apart_and_leads_to_its_deals():
    facts, drawn = of_drivers(), drivers_figures.figures(of_drivers())["effects"]
    named = [row for row in facts["drivers"] if row["is_named"]]
    bars, marks, _others, _rest = drawn["data"]
    assert marks["x"] == [row["effect"] for row in named] and bars["line"]["color"] == marks["marker"]["color"]
    levels = [(behind.get("fact"), behind.get("level")) for behind in marks["customdata"] if "what" in behind]
    assert levels == [(row["fact"], row["level"]) for row in named if row["level"]]


def test_what_marks_ask_for_is_understood_by_the_page_of_cards():
    """What else a mark carries is under `told`, which charts.js keeps to itself."""
    known = set(CardsFilter.base_fields) | {"from", "to"}
    asked = [
        mark
        for drawn in figures(FULL).values()
        for trace in drawn["data"]
        for mark in trace.get("customdata", [])
        if isinstance(mark, dict) and mark.get("what")
    ]
    assert {mark["what"] for mark in asked} >= {"entered", "moved", "open", "lost", "span", "fact"}
    assert {name for mark in asked for name in mark} - known == {"told", "other"}
