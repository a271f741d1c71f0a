import numpy as np
import polars as pl
import pytest

from analytics import known, outlook
from analytics.estimators.history import LEVELS
from analytics.event_log import EventLog
from tests.simulation import STAGES, log, simulate

JOURNEYS = simulate(np.random.default_rng(1), days=460, per_day=3.0)
TODAY = 320


def asked(journeys=JOURNEYS, day=TODAY, skip=0, length=28):
    return outlook.Outlook(known.Sliced(journeys)).forecast(day, skip=skip, length=length)


def test_the_parts_add_up_to_the_expected_amount_and_the_weights_to_one():
    forecast = asked()
    assert forecast.point == pytest.approx(forecast.quantiles.mean())
    assert sum(forecast.weights.values()) == pytest.approx(1)
    assert list(forecast.methods) == list(outlook.PARTS)
    assert (np.diff(forecast.quantiles) >= 0).all() and forecast.quantiles.shape == LEVELS.shape


def test_the_same_day_gives_the_same_forecast_whatever_was_asked_before():
    before = outlook.Outlook(known.Sliced(JOURNEYS))
    before.forecast(TODAY + 9, skip=0, length=28)
    before.forecast(TODAY, skip=28, length=28)
    assert (before.forecast(TODAY, skip=0, length=28).quantiles == asked().quantiles).all()


def test_what_comes_later_changes_nothing():
    """The future is turned upside down: every later step leads elsewhere, at a hundred times the amount."""
    steps = JOURNEYS.steps
    later = pl.col("day") > TODAY
    corrupted = steps.with_columns(
        stage=pl.when(later & (pl.col("stage") >= 5)).then(11 - pl.col("stage")).otherwise("stage").cast(pl.Int16),
        amount=pl.when(later).then(pl.col("amount") * 100).otherwise("amount"),
    )
    for journeys in (corrupted, steps.filter(~later)):
        forecast = asked(EventLog(STAGES, journeys))
        assert (forecast.quantiles == asked().quantiles).all()
        assert forecast.weights == asked().weights and forecast.widening == asked().widening


def test_open_deals_matter_less_the_further_away_the_stretch_is():
    near, far = asked(skip=0), asked(skip=84)
    assert near.open / near.point > 0.5 > far.open / far.point


def test_where_open_deals_tell_what_comes_they_count_most():
    assert asked().weights["hazard"] > 0.5


def test_a_pipeline_that_is_emptied_is_not_forecast_from_its_past():
    """Nobody came for eight weeks: the periods before say as much as ever, the open deals next to nothing."""
    dried = JOURNEYS.steps.filter((pl.col("day").min().over("card") <= TODAY - 56) & (pl.col("day") <= TODAY))
    forecast = asked(EventLog(STAGES, dried))
    assert forecast.point < 0.5 * asked().point


def test_four_in_five_lie_inside_the_band_and_the_blend_beats_the_past():
    """On pipelines whose truth is known, at 16 × 2 days."""
    inside, scores = [], {"blend": 0.0, "history": 0.0}
    for seed in range(16):
        asking = outlook.Outlook(known.Sliced(simulate(np.random.default_rng(200 + seed), days=400, per_day=2.0)))
        for day in (300, 350):
            came = asking.history.as_of(day + 42).won_between(day + 1, day + 42)
            forecast = asking.forecast(day, skip=0, length=42)
            inside.append(forecast.quantile(0.1) <= came <= forecast.quantile(0.9))
            scores["blend"] += outlook.blending.crps(forecast.quantiles, came)
            scores["history"] += outlook.blending.crps(forecast.methods["history"], came)
    assert 0.65 <= np.mean(inside) <= 0.97
    assert scores["blend"] < 0.9 * scores["history"]


def test_with_too_little_nothing_can_be_said():
    few = outlook.Outlook(known.Sliced(log([(card, stage, 10 * stage) for card in range(9) for stage in (0, 5)])))
    assert not few.can_say(60)
    lost = outlook.Outlook(known.Sliced(log([(card, stage, stage) for card in range(30) for stage in (0, 6)])))
    assert not lost.can_say(60)


def test_ten_wins_are_enough_for_a_wide_range():
    wins = log([(card, stage, 3 * card + 2 * stage, 100.0) for card in range(12) for stage in (0, 5)])
    forecast = asked(wins, day=60, length=28)
    assert forecast.quantile(0.1) < forecast.quantile(0.9) and np.isfinite(forecast.quantiles).all()
