"""A team's or a person's forecast borrows from the whole pipeline what it has too little of, and keeps its own."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics import days
from analytics.estimators import blending
from analytics.event_log import EventLog
from analytics.known import Sliced
from analytics.outlook import Outlook
from analytics.parts import OfPart, outlook_of
from analytics.reports import coverage, forecast, record, what_if
from analytics.river import Goal
from analytics.selection import Selection
from tests.market import FIRST, people
from tests.simulation import STAGES, log, river

TODAY = FIRST + 320
FEW, SOME, MANY = 0, 1, 2
LOGS = people(np.random.default_rng(4), days=400, per_day=(0.06, 0.4, 2.0), apart=0.5)
WHOLE = EventLog(STAGES, pl.concat([own.steps for own in LOGS]))


def of_person(who, whole=WHOLE):
    return OfPart(Sliced(LOGS[who]), Outlook(Sliced(whole)))


def per_card(fitted, horizon=84):
    """The chance of a card that comes now to be won within the horizon."""
    chain = fitted.prospects(np.zeros(horizon, dtype=np.int64))
    return float(chain.at_entry[0, :, 0] @ fitted.inflow.entry[: fitted.known.states])


def test_who_has_few_deals_has_the_pipelines_rates_and_who_has_many_their_own():
    whole = Outlook(Sliced(WHOLE)).fitted(TODAY)
    few, many = of_person(FEW).fitted(TODAY), of_person(MANY).fitted(TODAY)
    alone = Outlook(Sliced(LOGS[MANY])).fitted(TODAY)
    assert of_person(FEW).history.closed(TODAY)[1] < 10 < 90 < of_person(MANY).history.closed(TODAY)[1]
    assert per_card(few) == pytest.approx(per_card(whole), rel=0.4)
    assert per_card(many) == pytest.approx(per_card(alone), rel=0.1)


def test_how_many_come_is_their_own():
    for who in (FEW, SOME, MANY):
        assert of_person(who).fitted(TODAY).inflow.per_day == Outlook(Sliced(LOGS[who])).fitted(TODAY).inflow.per_day


def test_amounts_are_their_own_beside_twenty_of_the_pipeline():
    alone, part = Outlook(Sliced(LOGS[SOME])).fitted(TODAY).amounts, of_person(SOME).fitted(TODAY).amounts
    assert len(part.won) == len(alone.won) + 20 and set(alone.won) < set(part.won)


def test_whoever_has_won_nothing_is_forecast_all_the_same():
    """Their five open deals, by the pipeline's rates; alone nothing could be said of them."""
    new = log([(10_000 + card, card % 4, TODAY - 12 + card, 5000.0) for card in range(5)])
    whole = EventLog(STAGES, pl.concat([WHOLE.steps, new.steps]))
    asking = OfPart(Sliced(new), Outlook(Sliced(whole)))
    assert asking.can_say(TODAY) and not Outlook(Sliced(new)).can_say(TODAY)
    found = asking.forecast(TODAY, skip=0, length=91)
    assert 0 <= found.quantile(0.1) < found.quantile(0.9) and found.open > 0
    assert found.open < 25_000
    nobody = OfPart(Sliced(log([])), Outlook(Sliced(WHOLE)))
    assert not nobody.can_say(TODAY)


def test_the_past_of_few_deals_is_no_guide():
    few, many = (of_person(who).forecast(TODAY, skip=0, length=28).weights for who in (FEW, MANY))
    assert few["history"] + few["rhythm"] < 0.25
    assert many["hazard"] < 1


@pytest.mark.parametrize("who", [FEW, SOME])
def test_what_comes_later_changes_nothing(who):
    """Neither what the others nor what they themselves will do."""

    def until(steps):
        return EventLog(STAGES, steps.filter(pl.col("day") <= TODAY))

    before = OfPart(Sliced(until(LOGS[who].steps)), Outlook(Sliced(until(WHOLE.steps))))
    now, then = (asking.forecast(TODAY, skip=0, length=28) for asking in (of_person(who), before))
    assert (now.quantiles == then.quantiles).all() and now.weights == then.weights


def test_borrowing_is_better_than_standing_alone():
    """On 4 pipelines of people who differ; the gain is measured by `tests.bench.cuts`."""
    scores = {"alone": 0.0, "part": 0.0}
    for seed in range(4):
        logs = people(np.random.default_rng([seed, 77]), days=400, per_day=(0.15, 0.25, 0.4), apart=0.3)
        whole = Outlook(Sliced(EventLog(STAGES, pl.concat([own.steps for own in logs]))))
        for own in logs:
            alone, part = Outlook(Sliced(own)), OfPart(Sliced(own), whole)
            for day in (FIRST + 260, FIRST + 310):
                if alone.can_say(day):
                    came = part.history.as_of(day + 56).won_between(day + 1, day + 56)
                    for name, asking in (("alone", alone), ("part", part)):
                        quantiles = asking.forecast(day, skip=0, length=56).quantiles
                        scores[name] += blending.crps(quantiles, came)
    assert scores["part"] < scores["alone"]


def report(who, **changes):
    asked = replace(river(LOGS[who]), whole=lambda: river(WHOLE))
    selection = Selection(1, days.day(TODAY), owner=1, months=3)
    return forecast.report(replace(asked, **changes), selection, np.random.default_rng(1)).as_facts()


def test_a_page_says_what_is_borrowed():
    few, many = report(FEW), report(MANY)
    assert few["is_part"] and few["total"]["q10"] < few["total"]["q90"]
    (borrowed,) = (one for one in few["warnings"] if one["code"] == "borrowed")
    assert borrowed["has"] == few["closed_deals"] < 30
    assert not {one["code"] for one in many["warnings"]} & {"borrowed", "pooled"}
    assert not report(MANY, whole=None)["is_part"]


@pytest.mark.parametrize("who", [FEW, MANY])
def test_what_is_needed_and_what_would_be_is_said_of_a_person_too(who):
    """Even of somebody of whom alone nothing could be said; and without a single warning of NumPy's."""
    goal = Goal(days.day(TODAY - 20), days.day(TODAY + 70), 900_000.0)
    asked = replace(river(LOGS[who]), whole=lambda: river(WHOLE), goals=(goal,))
    selection = Selection(1, days.day(TODAY), owner=1, months=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        enough = coverage.report(asked, selection, np.random.default_rng(1)).as_facts()
        supposed = what_if.report(asked, selection, np.random.default_rng(1)).as_facts()
        looks = record.report(asked, selection, np.random.default_rng(1)).as_facts()
    assert enough["targets"][0]["chance"] < 0.1 and enough["targets"][0]["stages"][0]["needed"] > 10
    assert supposed["warnings"] == [] and len(supposed["stages"]) == 5
    assert {one["method"] for one in looks["rows"]} >= {"blend", "hazard", "history"}


def test_the_outlook_of_a_whole_pipeline_borrows_from_nobody():
    assert type(outlook_of(river(WHOLE))) is Outlook
