import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.tables import stage_visits
from tests.simulation import log

WON, LOST = 5, 6


def stays(rows, as_of=100):
    columns = stage_visits.visits(log(rows).steps, as_of).select("stage", "entered", "left", "next")
    return columns.rows()


def test_a_stay_lasts_from_its_step_to_the_next():
    assert stays([(1, 0, 10), (1, 1, 13), (1, WON, 20)]) == [(0, 10, 13, 1), (1, 13, 20, WON), (WON, 20, None, None)]


def test_steps_after_the_day_asked_are_not_known():
    assert stays([(1, 0, 10), (1, 1, 13)], as_of=12) == [(0, 10, None, None)]


def test_a_stage_passed_on_one_day_was_entered():
    assert stays([(1, 0, 10), (1, 1, 10), (1, 2, 12)]) == [(0, 10, 10, 1), (1, 10, 12, 2), (2, 12, None, None)]


def test_a_slip_that_is_put_right_on_the_same_day_vanishes():
    assert stays([(1, 0, 10), (1, 3, 12), (1, 0, 12)]) == [(0, 10, None, None)]


def test_after_a_slip_the_day_goes_on():
    assert stays([(1, 0, 10), (1, 3, 12), (1, 0, 12), (1, 1, 12)]) == [(0, 10, 12, 1), (1, 12, None, None)]


def test_of_crossed_loops_the_end_of_the_day_is_kept():
    assert stays([(1, 0, 10), (1, 1, 12), (1, 0, 12), (1, 1, 12)]) == [(0, 10, 12, 1), (1, 12, None, None)]


def test_a_return_on_another_day_is_a_second_stay():
    assert stays([(1, 0, 10), (1, 1, 12), (1, 0, 13)]) == [(0, 10, 12, 1), (1, 12, 13, 0), (0, 13, None, None)]


def test_a_stage_entered_twice_in_a_row_is_one_stay():
    assert stays([(1, 0, 10), (1, 0, 12), (1, 1, 13)]) == [(0, 10, 13, 1), (1, 13, None, None)]


def test_an_amount_stays_known_until_another_is():
    rows = [(1, 0, 10, 5.0), (1, 1, 12), (1, 2, 13, 7.0), (2, 0, 10)]
    assert stage_visits.visits(log(rows).steps, 100)["amount"].to_list() == [5.0, 5.0, 7.0, None]


def test_nights_pass_over_what_lasted_no_night():
    visited = stage_visits.visits(log([(1, 0, 10), (1, 1, 10), (1, 2, 12), (1, LOST, 12)]).steps, 100)
    nights = stage_visits.nights(visited).select("stage", "entered", "left", "next", "first").rows()
    assert nights == [(1, 10, 12, LOST, True), (LOST, 12, None, None, False)]


def test_a_period_watches_its_own_days_only():
    visited = stage_visits.visits(log([(1, 0, 10), (1, 1, 30), (2, 0, 25), (3, 0, 1), (3, 1, 5)]).steps, 100)
    watched = stage_visits.watched(visited.filter(pl.col("stage") == 0), 20, 29)
    assert watched.select("card", "start", "stop", "ended").rows() == [(1, 10, 19, False), (2, 0, 4, False)]


def test_a_stay_whose_entry_is_not_known_is_not_watched():
    visited = stage_visits.visits(log([(1, 0, 10)]).steps.with_columns(exact=False), 100)
    assert stage_visits.watched(visited, 0, 100).height == 0


def test_history_is_trusted_from_the_first_leaving():
    visited = stage_visits.visits(log([(1, 0, 10), (2, 0, 12), (1, WON, 40)]).steps, 100)
    assert stage_visits.trusted_from(visited) == 40
    assert stage_visits.trusted_from(visited.clear()) is None


journeys = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=12)


@given(journeys)
def test_stays_are_a_chain_that_ends_where_the_card_is(story):
    day, rows = 0, []
    for stage, later in story:
        day += later
        rows.append((1, stage, day))
    chain = stays(rows)
    assert chain[-1][0] == story[-1][0] and chain[-1][2] is None
    for earlier, later in zip(chain, chain[1:], strict=False):
        assert earlier[2] == later[1] and earlier[3] == later[0] and earlier[1] <= earlier[2]
        assert earlier[0] != later[0]


@given(journeys)
def test_no_day_sees_a_stage_twice(story):
    day, rows = 0, []
    for stage, later in story:
        day += later
        rows.append((1, stage, day))
    entries = [(stage, entered) for stage, entered, _left, _next in stays(rows)]
    assert len(entries) == len(set(entries))
