import json
import re

import numpy as np
import pytest

from analytics import days
from analytics.figures import bottleneck as bottleneck_figures
from analytics.figures import forecast as forecast_figures
from analytics.reports import bottleneck, forecast
from analytics.selection import Selection
from tests.simulation import Change, log, river, simulate

SELECTION = Selection(pipeline=1, as_of=days.day(389))
FULL = simulate(np.random.default_rng(1), days=390, per_day=3.0, change=Change(310, 3, slower=2.5))


def figures(journeys):
    rng = np.random.default_rng(1)
    of_bottleneck = bottleneck.report(river(journeys), SELECTION, rng).as_facts()
    of_forecast = forecast.report(river(journeys), SELECTION, rng).as_facts()
    return bottleneck_figures.figures(of_bottleneck) | forecast_figures.figures(of_forecast)


@pytest.mark.parametrize("journeys", [FULL, log([])], ids=["full", "empty"])
def test_figures_are_plain_json(journeys):
    drawn = figures(journeys)
    assert list(drawn) == ["stays", "ends", "months", "parts"]
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn


def test_text_has_no_tag_that_becomes_an_inline_style():
    tags = set(re.findall(r"<(/?\w+)", json.dumps(figures(FULL))))
    assert tags <= {"br", "extra", "/extra"}


def test_colours_are_tokens():
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", json.dumps(figures(FULL)))


def test_the_bottleneck_stands_out_by_shape_as_well_as_colour():
    marks = figures(FULL)["stays"]["data"][3]["marker"]
    assert marks["symbol"] == ["circle", "circle", "circle", "square", "circle"]
