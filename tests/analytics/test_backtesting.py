from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics import backtesting, days, known, outlook
from analytics.event_log import EventLog
from tests.simulation import STAGES, log, simulate

JOURNEYS = simulate(np.random.default_rng(3), days=400, per_day=3.0)
ORIGINS = (250, 300, 350)
WEIGHTED = {
    f"stage_weighted{rate}{overdue}{new}"
    for rate in ("", "_cohort")
    for overdue in ("", "_drop")
    for new in ("", "_new")
}


def replayed(journeys=JOURNEYS, origins=ORIGINS, horizon=28):
    return list(backtesting.replay(outlook.Outlook(known.Sliced(journeys)), origins, horizon))


ROWS = replayed()


def test_there_is_a_row_for_every_origin_and_method():
    assert {(row.origin, row.method) for row in ROWS} == {
        (days.day(origin), method)
        for origin in ORIGINS
        for method in WEIGHTED | {"naive", "mean3", "history", "rhythm", "hazard", "blend"}
    }


def test_what_came_is_what_the_log_says():
    won = JOURNEYS.steps.filter((pl.col("stage") == JOURNEYS.won) & pl.col("day").is_between(301, 328))
    assert all(row.actual == pytest.approx(won["amount"].sum()) for row in ROWS if row.origin == days.day(300))


def test_a_figure_without_a_range_is_scored_by_its_error():
    for row in ROWS:
        if row.method in WEIGHTED | {"naive", "mean3"}:
            assert row.q05 == pytest.approx(row.point) == row.q95
            assert row.crps == pytest.approx(abs(row.point - row.actual))
        else:
            assert row.q05 < row.q10 < row.q25 < row.q50 < row.q75 < row.q90 < row.q95
            assert row.crps < abs(row.q05 - row.actual) + abs(row.q95 - row.actual)


def test_no_row_sees_the_future():
    """Whatever comes after an origin may change what is graded there, never what is said."""

    def said(row):
        return replace(row, actual=0.0, crps=0.0)

    later = pl.col("day") > 300
    corrupted = JOURNEYS.steps.with_columns(
        stage=pl.when(later & (pl.col("stage") >= 5)).then(11 - pl.col("stage")).otherwise("stage").cast(pl.Int16),
        amount=pl.when(later).then(pl.col("amount") * 100).otherwise("amount"),
    )
    for steps in (corrupted, JOURNEYS.steps.filter(~later)):
        other = replayed(EventLog(STAGES, steps), origins=(250, 300))
        assert [said(row) for row in other] == [said(row) for row in ROWS if row.origin <= days.day(300)]
    assert {row.actual for row in replayed(EventLog(STAGES, corrupted), origins=(300,))} != {
        row.actual for row in ROWS if row.origin == days.day(300)
    }


def test_the_past_is_learned_from():
    """Half of the wins before an origin worth more: every method says more."""
    before = (pl.col("day") <= 300) & (pl.col("card") % 2 == 0)
    richer = JOURNEYS.steps.with_columns(amount=pl.when(before).then(pl.col("amount") * 3).otherwise("amount"))
    said = {row.method: row.point for row in ROWS if row.origin == days.day(300)}
    assert all(row.point > said[row.method] for row in replayed(EventLog(STAGES, richer), origins=(300,)))


def test_new_business_is_what_came_and_was_won_within_a_window():
    wins = [(1, 0, 1, 5.0), (1, 5, 12, 5.0), (2, 0, 11, 7.0), (2, 5, 15, 7.0), (3, 0, 23, 9.0), (3, 5, 25, 9.0)]
    then = known.Sliced(log(wins)).as_of(30)
    assert then.since == 12
    assert backtesting.new_business(then, 9) == pytest.approx((9 + 0) / 2)


def test_new_business_of_a_stretch_further_ahead_may_come_before_it_begins():
    """The fourth card comes two days before the last window of nine begins."""
    wins = [(1, 0, 1, 5.0), (1, 5, 12, 5.0), (3, 0, 23, 9.0), (3, 5, 25, 9.0), (4, 0, 20, 4.0), (4, 5, 28, 4.0)]
    then = known.Sliced(log(wins)).as_of(30)
    assert backtesting.new_business(then, 9) == pytest.approx((9 + 0) / 2)
    assert backtesting.new_business(then, 9, skip=2) == pytest.approx(9 + 4)


def test_a_stretch_further_ahead_is_asked_of_all_and_of_what_was_known_alone():
    asking = outlook.Outlook(known.Sliced(JOURNEYS))
    near, far = (backtesting.answers(asking, 300, length=28, skip=skip) for skip in (0, 28))
    assert set(far) == set(near) == {row.method for row in ROWS}
    assert far["naive"][0] == near["naive"][0]  # the last window is the last that is known
    assert not (far["blend"] == near["blend"]).all()
    cut = EventLog(STAGES, JOURNEYS.steps.filter(pl.col("day") <= 300))
    again = backtesting.answers(outlook.Outlook(known.Sliced(cut)), 300, length=28, skip=28)
    assert all((again[method] == far[method]).all() for method in far)


def test_what_is_due_before_the_stretch_is_not_weighed_in_it():
    """A sure win that is due at once counts in the near stretch and not in the far one."""
    won = [row for card in range(20) for row in ((card, 0, card, 10.0), (card, 5, card + 4, 10.0))]
    then = known.Sliced(log([*won, (99, 0, 24, 10.0)])).as_of(25)
    near, far = (backtesting.figures(then, 5, skip=skip)["stage_weighted"] for skip in (0, 5))
    assert (near, far) == (pytest.approx(10.0), 0.0)


def test_small_sums_are_told_as_finely_as_large_ones():
    assert replace(ROWS[0], crps=0.123456).as_facts()["crps"] == 0.123456


def test_grades_by_hand():
    row = backtesting.Row(days.day(1), 7, "a", 100.0, 90.0, *(80.0,) * 2, 85.0, 90.0, 95.0, *(120.0,) * 2, crps=4.0)
    rows = [row, replace(row, origin=days.day(8), actual=140.0, crps=20.0), replace(row, method="b", crps=1.0)]
    assert backtesting.grades(rows) == [
        backtesting.Grade("b", 1, 0.1, pytest.approx(-0.1), 1.0, 0.01),
        backtesting.Grade("a", 1, 0.1, pytest.approx(-0.1), 1.0, 0.04),
    ]
    assert backtesting.grades(rows[:2])[0].inside == 0.5


def test_before_there_is_enough_only_figures_are_given():
    rows = replayed(origins=(12,), horizon=7)
    assert {row.method for row in rows} == WEIGHTED | {"naive", "mean3"}
    assert backtesting.grades([]) == []
