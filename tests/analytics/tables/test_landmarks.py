"""Deals at their landmark: who came, what was known before that day, and what became of them."""

import polars as pl
import pytest

from analytics.river import ACT_COLUMNS, OWNER_COLUMNS
from analytics.tables import landmarks, stage_visits
from tests.simulation import STAGES, log

WON, LOST = len(STAGES) - 2, len(STAGES) - 1
HEARING = 1


def visited(rows, until=1000):
    return stage_visits.visits(log(rows).steps, until)


def reached(rows):
    return landmarks.reached(visited(rows), HEARING, won=WON)


def acts(*rows):
    return pl.DataFrame(rows, schema=ACT_COLUMNS, orient="row")


def owners(*rows):
    return pl.DataFrame(rows, schema=OWNER_COLUMNS, orient="row")


def told(rows, done=(), had=()):
    return landmarks.told(reached(rows), acts(*done), owners(*had)).row(0, named=True)


def test_a_deal_is_looked_at_when_it_first_comes_to_the_stage_or_beyond():
    rows = [
        (1, 0, 10, 50.0),
        (1, 1, 14),
        (1, 0, 20),
        (1, 1, 30),
        (2, 0, 5),
        (2, 3, 8),
        (3, 0, 1),
        (3, LOST, 9),
        (4, 0, 1),
    ]
    assert reached(rows).select("card", "begun", "day", "amount").rows() == [(1, 10, 14, 50.0), (2, 5, 8, None)]


@pytest.mark.parametrize(("horizon", "outcome"), [(5, False), (6, True), (10, True), (12, False)])
def test_what_became_of_it_is_what_it_was_at_the_horizon(horizon, outcome):
    rows = [(1, 0, 10), (1, 1, 14), (1, WON, 20), (1, 1, 25), (1, LOST, 40)]
    seen = visited(rows)
    assert landmarks.outcomes(seen, reached(rows), horizon, won=WON).to_list() == [outcome]


def test_only_what_was_done_before_the_day_counts():
    rows = [(1, 0, 10), (1, 1, 20)]
    done = [
        (1, "call", 12, None),
        (1, "call", 20, None),
        (1, "email", 19, None),
        (1, "form", 8, None),
        (2, "call", 9, None),
    ]
    seen = told(rows, done)
    assert (seen["acts_call"], seen["acts_email"], seen["acts_form"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("day", "response"),
    [(9, landmarks.NOT_YET), (10, landmarks.AT_ONCE), (11, landmarks.AT_ONCE), (17, landmarks.WITHIN_A_WEEK),
     (18, landmarks.LATER), (25, landmarks.NOT_YET)],
)  # fmt: skip
def test_how_soon_somebody_turned_to_it(day, response):
    assert told([(1, 0, 10), (1, 1, 20)], [(1, "call", day, None)])["response"] == response


def test_whom_we_met_last():
    rows = [(1, 0, 10), (1, 1, 20)]
    assert told(rows)["met"] == landmarks.NOBODY
    meetings = [(1, "meeting", 15, "Buyer"), (1, "meeting", 12, "Owner"), (1, "meeting", 22, "CFO")]
    assert told(rows, meetings)["met"] == "Buyer"
    assert told(rows, [(1, "meeting", 15, None)])["met"] is None


def test_who_had_it_on_the_eve():
    rows = [(1, 0, 10), (1, 1, 20)]
    assert told(rows, had=[(1, "Ana", None)])["owner"] == "Ana"
    assert told(rows, had=[(1, "Ana", None), (1, "Ben", 30), (1, "Cleo", 25), (1, "Dan", 15)])["owner"] == "Cleo"
    assert told(rows, had=[(1, "Ana", None), (1, None, 30)])["owner"] is None


def test_nobody_at_all():
    nothing = reached([])
    assert nothing.height == landmarks.told(nothing, acts(), owners()).height == 0
    assert landmarks.outcomes(visited([]), nothing, 10, won=WON).to_list() == []
