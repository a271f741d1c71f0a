import numpy as np
import polars as pl
import pytest

from analytics import known
from analytics.estimators.survival import OPEN
from analytics.event_log import EventLog
from tests.analytics.versions import told_day_by_day
from tests.simulation import STAGES, log, simulate

JOURNEYS = simulate(np.random.default_rng(5), days=200, per_day=2.0)
FIELDS = ("card", "state", "entered", "left", "next", "first", "exact", "again", "amount", "before")


def small():
    return log([(1, 0, 10, 100.0), (1, 1, 12, 120.0), (1, 5, 20, 90.0), (2, 0, 11, None), (2, 6, 15), (3, 0, 18, 50.0)])


def test_a_slice_is_what_was_known_on_that_day():
    sliced = known.Sliced(JOURNEYS)
    for day in (0, 1, 40, 111, 199):
        now, then = sliced.as_of(day), known.known(EventLog(STAGES, JOURNEYS.steps.filter(pl.col("day") <= day)), day)
        assert (now.today, now.since, now.states) == (then.today, then.since, then.states)
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(now, name), getattr(then, name), err_msg=f"{name} on day {day}")


def test_stays_by_hand():
    then = known.Sliced(small()).as_of(15)
    assert then.since == 12
    assert then.card.tolist() == [1, 1, 2, 2]
    assert then.next.tolist() == [1, OPEN, 6, OPEN]
    assert then.is_open.tolist() == [False, True, False, False]
    assert then.closed == 1 and not then.is_won.any()


def test_what_was_won_between_two_days():
    now = known.Sliced(small()).as_of(25)
    assert now.won_between(20, 20) == 90 and now.won_between(21, 30) == 0
    assert now.won_per_day(18).tolist() == [0, 0, 90, 0, 0, 0, 0, 0]


def test_a_deal_reopened_later_is_not_won():
    reopened = log([(1, 0, 10, 5.0), (1, 5, 20, 5.0), (1, 0, 30, 5.0)])
    sliced = known.Sliced(reopened)
    assert sliced.as_of(25).won_between(1, 25) == 5 and sliced.as_of(30).won_between(1, 30) == 0


def test_passages_know_how_their_cards_ended():
    now = known.Sliced(small()).as_of(25).passages()
    assert now.state.tolist() == [0, 1, 0, 0]
    assert now.outcome.tolist() == [1, 1, 0, -1]
    assert now.ended.tolist() == [20, 20, 15, 18]


def test_amounts_are_taken_at_what_amounts_brought():
    now = known.Sliced(small()).as_of(25)
    assert now.usual_amounts(now.is_open).tolist() == pytest.approx([50 * 90 / 120])


def test_nights_end_with_the_day_asked_about():
    nights, entered = known.Sliced(small()).as_of(15).nights()
    assert entered.tolist() == [10, 12, 11]
    assert nights.watched_from.tolist() == [1, 0, 0]
    assert nights.stop.tolist() == [2, 3, 4]
    assert nights.next.tolist() == [1, OPEN, 6]


def test_a_history_of_which_some_cards_were_corrected_is_what_was_known_of_all_of_them():
    history = corrected_in_part(JOURNEYS)
    for day in (0, 40, 111, 199, 111):
        now, then = history.as_of(day), known.Sliced(JOURNEYS).as_of(day)
        assert (now.today, now.since, now.states) == (then.today, then.since, then.states)
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(now, name), getattr(then, name), err_msg=f"{name} on day {day}")


def test_nothing_is_known_of_nothing():
    nothing = known.Sliced(log([])).as_of(5)
    assert nothing.closed == 0 and nothing.won_between(0, 5) == 0 and nothing.won_per_day(3).tolist() == [0, 0, 0]


def corrected_in_part(log_of):
    """Every third card is one of which later words changed what was known."""
    settled, rewritten = (EventLog(STAGES, log_of.steps.filter((pl.col("card") % 3 == 0) == part)) for part in (0, 1))
    return known.Patched(settled, told_day_by_day(rewritten))


@pytest.mark.parametrize("history", [known.Sliced, corrected_in_part])
def test_an_evening_tells_what_was_known_of_the_open_deals(history):
    asked = history(JOURNEYS)
    for day in (0, 40, 111, 199, 230, 111):
        now, then = asked.as_of(day), asked.evening(day)
        for name in ("card", "state", "entered", "amount"):
            np.testing.assert_array_equal(getattr(then, name), getattr(now, name)[now.is_open], err_msg=name)
        assert asked.closed(day) == (now.closed, now.is_won.sum())


def test_the_evening_of_nothing_is_empty():
    nothing = known.Sliced(log([]))
    assert nothing.closed(5) == (0, 0) and not len(nothing.evening(5).card)
