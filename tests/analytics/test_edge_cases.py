"""The edges of what can be forecast: little, nothing, all alike, or not as a textbook has it. At each of them the four
reports that look ahead and back say what they can, say why they cannot say more, and never show what is no number."""

import json
import warnings
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from django.utils import timezone

from analytics import catalogue, days, recording
from analytics.catalogue import REPORTS
from analytics.event_log import EventLog
from analytics.models import ForecastSnapshot
from analytics.outlook import ENOUGH_CLOSED, FEWEST_CLOSED
from analytics.reports import coverage, forecast, movement, record
from analytics.river import Goal
from analytics.selection import Selection
from deals.domain import closing
from deals.models import Pipeline
from pipeline_crm.accounts.models import Company, ExchangeRate
from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in
from tests.factories import ago, make_deal, make_pipeline
from tests.simulation import STAGES, log, river

TODAY = days.number(date(1975, 3, 10))
UNTIL = days.day(TODAY)
WON, LOST = 5, 6
QUARTER = (date(1975, 1, 1), date(1975, 3, 31))
AHEAD = (date(1975, 4, 1), date(1975, 6, 30))
OVER = (date(1975, 1, 1), date(1975, 1, 31))


def cards(number, end, *, first=0, since=TODAY - 300, every=10, stay=20, amount=lambda card: 900.0 + 37 * card):
    """So many cards, one every few days, that end so many days after they began."""
    return [
        row
        for card in range(first, first + number)
        for begun in [since + (card - first) * every]
        for row in ((card, 0, begun, amount(card)), (card, end, begun + stay, amount(card)))
    ]


def standing(number, *, first=500, amount=1000.0):
    return [(first + card, card % 5, TODAY - 9 + 2 * card, amount) for card in range(number)]


CASES = {
    "nothing": [],
    "only open": standing(6),
    "five closed": [*cards(5, WON), *standing(4)],
    "nine closed": [*cards(5, WON), *cards(4, LOST, first=50), *standing(4)],
    "twenty-nine closed": [*cards(20, WON), *cards(9, LOST, first=50), *standing(4)],
    "no wins": [*cards(30, LOST, every=9), *standing(4)],
    "all won": [*cards(30, WON, every=9), *standing(4)],
    "all alike": [*cards(28, WON, amount=lambda _card: 1000.0), *standing(4)],
    "worth nothing": [*cards(28, WON, amount=lambda _card: 0.0), *standing(4, amount=0.0)],
    "of unknown worth": [*cards(28, WON, amount=lambda _card: None), *standing(4, amount=None)],
    "won on the day they came": [*cards(28, WON, stay=0), *standing(4)],
    "all closed, none open": cards(28, WON),
    "nothing for a year": [*cards(28, WON, since=TODAY - 700), *standing(2)],
    "all in one week": [*cards(28, WON, since=TODAY - 40, every=0), *standing(4)],
    "one giant": [*cards(28, WON), (900, 3, TODAY - 5, 1e12)],
}


def seen(steps, *goals):
    now = log(steps)
    before = EventLog(STAGES, now.steps.filter(pl.col("day") < TODAY - 6))
    return replace(
        river(now),
        goals=tuple(Goal(*goal) for goal in goals),
        before=lambda _day: river(before),
        recycled=lambda: frozenset(),
    )


def told(module, steps, *goals):
    """The report's facts, in which nothing is NaN or infinite; computed without a single warning."""
    selection = Selection(1, UNTIL, window_days=7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        facts = module.report(seen(steps, *goals), selection, np.random.default_rng(1)).as_facts()
    json.dumps(facts, allow_nan=False)
    return facts


def codes(facts):
    return {warned["code"] for warned in facts["warnings"]}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["forecast", "coverage", "movement", "record"])
@pytest.mark.parametrize("case", CASES)
def test_every_edge_has_its_page(name, case):
    """Finding, words, figures and both files can be made of it; what a page shows has no NaN, None or infinity."""
    report = REPORTS[name]
    module = {"forecast": forecast, "coverage": coverage, "movement": movement, "record": record}[name]
    facts = told(module, CASES[case], (*QUARTER, 20_000.0), (*AHEAD, 5.0))
    finding = report.finding(facts)
    assert finding["head"] and (finding["sentence"] or name == "movement")  # nothing changed: there is no more to say
    shown = json.dumps([finding, report.shown(facts)], default=str) + json.dumps(report.figures(facts), allow_nan=False)
    assert not any(word in shown for word in ('"nan', " nan", "NaN", "inf%", '"None', "Infinity"))
    json.dumps([report.shape(facts), report.rows(facts)], allow_nan=False)


@pytest.mark.parametrize("case", ["nothing", "only open", "five closed", "nine closed", "no wins"])
def test_with_too_little_no_amount_is_forecast_and_it_is_said_what_is_lacking(case):
    facts = told(forecast, CASES[case], (*QUARTER, 20_000.0))
    assert facts["total"] is None and [period["q50"] for period in facts["periods"]] == [None] * 6
    assert facts["targets"][0]["chance"] is None and facts["graded"] == facts["record"] == []
    expected = {"nothing": "empty", "five closed": "not_enough_closed", "nine closed": "not_enough_closed"}
    assert expected.get(case, "no_wins") in codes(facts)
    assert told(coverage, CASES[case], (*QUARTER, 20_000.0))["targets"] == []
    assert told(movement, CASES[case])["opening"]["expected"] is None or case == "no wins"
    looks = told(record, CASES[case])
    assert looks["looks"] == [] and len(codes(looks)) == 1


def test_before_the_first_win_there_is_a_range_of_what_is_open_and_no_number():
    """Thirty lost and none won say more than nothing at all."""
    young, unlucky = told(forecast, CASES["only open"]), told(forecast, CASES["no wins"])
    assert young["early"]["open"] == 5 and young["early"]["value"] == 5000
    assert 0 <= young["early"]["q10"] < young["early"]["q90"] <= 5000
    assert unlucky["early"]["q90"] / unlucky["early"]["value"] < young["early"]["q90"] / young["early"]["value"]
    said = forecast.finding(young)
    assert said["head"] == "Too early to forecast" and said["sentence"].startswith("The 5 open deals of €5k may bring")
    assert young["total"] is None and young["periods"][0]["point"] is None
    assert told(forecast, CASES["nothing"])["early"] is None
    assert told(forecast, CASES["twenty-nine closed"])["early"] is None
    worthless = told(forecast, standing(4, amount=None))
    assert worthless["early"] is None and "Too few deals" in forecast.finding(worthless)["sentence"]


def test_what_is_lacking_is_counted():
    (warned,) = (one for one in told(forecast, CASES["nine closed"])["warnings"] if one["code"] == "not_enough_closed")
    assert (warned["needs"], warned["has"]) == (FEWEST_CLOSED, 9)


def test_with_twenty_nine_closed_all_stages_lend_each_other_their_rates():
    facts = told(forecast, CASES["twenty-nine closed"])
    assert facts["total"]["q10"] < facts["total"]["q50"] < facts["total"]["q90"]
    (warned,) = (one for one in facts["warnings"] if one["code"] == "pooled")
    assert (warned["needs"], warned["has"]) == (ENOUGH_CLOSED, 29)
    assert "pooled" not in codes(told(forecast, [*CASES["twenty-nine closed"], *cards(1, WON, first=90)]))


@pytest.mark.parametrize("case", ["all alike", "won on the day they came", "all won", "all closed, none open"])
def test_where_nothing_varies_there_is_a_range_still(case):
    for period in told(forecast, CASES[case])["periods"]:
        assert period["q05"] < period["q50"] < period["q95"]


def test_what_is_worth_nothing_is_forecast_as_nothing():
    facts = told(forecast, CASES["worth nothing"], (*QUARTER, 10.0))
    assert facts["total"]["q90"] == 0 and facts["targets"][0]["chance"] < 0.01


def test_a_deal_won_on_the_day_it_came_is_among_those_to_come():
    """Nobody is open, so all that is expected comes from those who are not there yet."""
    facts = told(forecast, cards(28, WON, stay=0))
    assert facts["total"]["new"] == pytest.approx(facts["total"]["point"]) and facts["total"]["new"] > 0


def test_a_target_that_is_reached_or_over_is_certain():
    won = [*cards(28, WON), *standing(4)]
    so_far = told(forecast, won, (*QUARTER, 1e9))["targets"][0]["won"]
    assert so_far > 0
    reached, missed, over, under_way = told(
        forecast, won, (*QUARTER, so_far), (*OVER, 1e9), (*OVER, 1.0), (*QUARTER, so_far + 1500)
    )["targets"]
    assert (reached["chance"], missed["chance"], over["chance"]) == (1, 0, 1)
    assert 0 < under_way["chance"] < 1
    assert [target["is_over"] for target in (reached, missed, over)] == [False, True, True]
    enough = told(coverage, won, (*OVER, 1e9), (*QUARTER, so_far))
    assert [target["is_enough"] for target in enough["targets"]] == [True]  # what is over needs nothing more


def test_a_reopened_deal_is_won_no_more_and_counts_among_the_open():
    won = cards(28, WON)
    reopened = [(27, 2, TODAY - 3, 900.0 + 37 * 27)]
    plain, again = told(forecast, won), told(forecast, [*won, *reopened])
    assert again["won_deals"] == plain["won_deals"] - 1 and again["open_deals"] == plain["open_deals"] + 1
    both = told(forecast, [*won, *reopened, (27, WON, TODAY - 1, 5000.0)])
    assert (both["won_deals"], both["open_deals"]) == (plain["won_deals"], plain["open_deals"])
    march = both["periods"][0]
    assert march["won"] == pytest.approx(5000.0 + plain["periods"][0]["won"])


def test_what_happens_several_times_a_day_counts_as_it_stood_in_the_evening():
    won = cards(28, WON)
    slips = [(700, 0, TODAY - 4, 70.0), (700, WON, TODAY - 4, 70.0), (700, 1, TODAY - 4, 70.0)]
    slipped = told(forecast, [*won, *slips])
    assert slipped["won_deals"] == 28 and slipped["open_deals"] == 1
    assert slipped["periods"][0]["won"] == told(forecast, won)["periods"][0]["won"]


def test_all_lost_after_wins_is_forecast_from_what_is_known():
    facts = told(forecast, [*cards(12, WON, every=3), *cards(60, LOST, first=100, since=TODAY - 200, every=3)])
    assert facts["total"]["q10"] >= 0 and facts["total"]["q50"] < 12 * 1500


@pytest.mark.django_db
def test_amounts_of_several_currencies_are_forecast_in_one_by_the_rate_of_their_day(tmp_path):
    """Wins in dollars at 0.5 are forecast as half as many euros; without a rate they are of unknown worth."""
    lines = "\n".join(
        f"{number},Order,{1000 + number},{day(3 * number)},{day(3 * number + 15)},," for number in range(100)
    )
    assert bring_in(tmp_path / "euros.csv", PLAIN_HEAD + lines + "\n", PLAIN).counts()["created"] == 100
    dollars = {**PLAIN, "source": "Dollars", "currency": "USD", "pipeline": {**PLAIN["pipeline"], "name": "Dollars"}}
    ExchangeRate.objects.create(currency="USD", on=date(2023, 1, 1), rate=Decimal("0.5"))
    outcome = bring_in(tmp_path / "dollars.csv", PLAIN_HEAD + lines + "\n\n", dollars)  # not the same file again
    assert outcome.counts()["created"] == 100, outcome
    assert Company.get().base_currency == "EUR"
    of = {name: Selection(Pipeline.objects.get(name=name).pk, date(2023, 10, 1)) for name in ("Imported", "Dollars")}
    euros, halves = (catalogue.compute("forecast", selection) for selection in of.values())
    assert "without_rate" not in codes(halves)
    assert halves["total"]["q50"] == pytest.approx(euros["total"]["q50"] / 2, rel=0.01)
    for name in ("record", "coverage", "movement"):
        assert catalogue.compute(name, of["Dollars"])["currency"] == "EUR"
    ExchangeRate.objects.all().delete()
    assert "without_rate" in codes(catalogue.compute("forecast", of["Dollars"]))


def day(number):
    return date(2023, 1, 5) + timedelta(days=number)


@pytest.mark.django_db
def test_nothing_is_kept_of_a_pipeline_that_cannot_be_forecast_and_no_one_is_told():
    pipeline = make_pipeline("Young")
    for _number in range(5):
        closing.win(make_deal(pipeline=pipeline, at=ago(9)), by=None, at=ago(5))
    (evening,) = recording.due(at=timezone.now())
    assert [evening.keep(one, at=timezone.now()) for one in evening.selections] == [0]
    assert not ForecastSnapshot.objects.exists()
