import numpy as np
import polars as pl

from tests.market import FIRST, market

LOG = market(np.random.default_rng(1), days=400, per_day=4.0)


def test_it_is_a_log_of_the_days_asked_for():
    assert LOG.steps["day"].min() >= FIRST and LOG.steps["day"].max() < FIRST + 400
    assert 0.6 * 1600 < LOG.steps["card"].n_unique() < 1.6 * 1600
    assert market(np.random.default_rng(1), days=400, per_day=4.0).steps.equals(LOG.steps)


def test_orders_come_in_at_the_end_of_a_month():
    won = LOG.steps.filter(pl.col("stage") == LOG.won)["day"].cast(pl.Date)
    assert ((won.dt.month_end() - won).dt.total_days() < 2).mean() > 0.2


def test_large_deals_are_won_less_often():
    ends = LOG.steps.group_by("card").agg(pl.col("stage").last(), pl.col("amount").first()).filter(pl.col("stage") >= 5)
    large = ends["amount"] > ends["amount"].median()
    is_won = ends["stage"] == LOG.won
    assert is_won.filter(large).mean() < is_won.filter(~large).mean()


def test_some_cards_are_forgotten():
    last = LOG.steps.group_by("card").agg(pl.col("stage").last(), pl.col("day").max())
    assert last.filter((pl.col("stage") < 5) & (pl.col("day") < FIRST + 250)).height > 20
