"""From steps and touches to arrivals: who came by marketing, by what, and what has become of them."""

from __future__ import annotations

import polars as pl

ARRIVAL_COLUMNS = ("lead", "came", "handed", "orders", "revenue", "unpriced", "state", "card", "is_marketing")
BEFORE_ALL = -(2**31)
WAYS = ("source", "campaign", "page")
FIRST, LAST = "first", "last"


def arrivals(
    steps: pl.DataFrame, leads: pl.DataFrame, *, ready: int, in_sales: int, won: int, today: int
) -> pl.DataFrame:
    """One row a lead, of the steps up to and including `today`.

    Columns: lead, came (its first day), handed (the day it was first ready for sales or with sales, null so far),
    orders (deals won), revenue (their known amounts), unpriced (orders of unknown amount), state (won, once it has an
    order; else open or lost), card (its newest journey of that state), is_marketing (whether it began there).

    `leads` says whose each card is; `ready` is the stage of those handed over, `in_sales` the first of sales, `won` the
    order, the stage after it means lost. A card above zero has a deal.
    """
    theirs = steps.filter(pl.col("day") <= today).join(leads.select("card", "lead"), on="card").sort("card", "seq")
    with_sales = (pl.col("stage") == ready) | ((pl.col("card") > 0) & (pl.col("stage") >= in_sales))
    journeys = theirs.group_by("card", maintain_order=True).agg(
        pl.col("lead").first(),
        pl.col("attempt").first(),
        came=pl.col("day").first(),
        began=pl.col("stage").first(),
        handed=pl.col("day").filter(with_sales).min(),
        stands=pl.col("stage").last(),
        amount=pl.col("amount").drop_nulls().last(),
    )
    is_won, is_open = pl.col("stands") == won, pl.col("stands") < won
    return (
        journeys.sort("lead", "attempt", "came", "began", "card")
        .group_by("lead", maintain_order=True)
        .agg(
            pl.col("came").first(),
            pl.col("began").first(),
            pl.col("handed").min(),
            orders=is_won.sum(),
            revenue=pl.col("amount").filter(is_won).sum(),
            unpriced=(is_won & pl.col("amount").is_null()).sum(),
            are_open=is_open.any(),
            card=pl.col("card").sort_by(is_won, is_open, "attempt", "came").last(),
        )
        .with_columns(
            state=pl.when(pl.col("orders") > 0)
            .then(pl.lit("won"))
            .when("are_open")
            .then(pl.lit("open"))
            .otherwise(pl.lit("lost")),
            is_marketing=pl.col("began") < in_sales,
        )
        .select(ARRIVAL_COLUMNS)
    )


def with_ways(arrived: pl.DataFrame, touches: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """The arrivals, each with the source, campaign and page of its first and of its last touch: first_source, ….

    `touches` (lead, day and the ways, in order) count until the day on which sales took over; `added` (lead and the
    ways) stands in for the touch by which somebody came of whom none was noted up to then. A touch that names no source
    is of the source of its lead. Empty texts stand for what nobody knows.
    """
    own = added.select("lead", *WAYS)
    until = arrived.select("lead", "came", end=pl.col("handed").fill_null(2**31 - 1))
    noted = touches.join(until, on="lead").filter(pl.col("day") <= pl.col("end"))
    early = noted.filter(pl.col("day") <= pl.col("came")).select("lead").unique()
    of_adding = (
        own.join(until.select("lead"), on="lead")
        .join(early, on="lead", how="anti")
        .with_columns(day=pl.lit(BEFORE_ALL, pl.Int64))
    )
    named = pl.concat([of_adding.select("lead", "day", *WAYS), noted.select("lead", "day", *WAYS)]).join(
        own.select("lead", own_source="source"), on="lead", how="left"
    )
    named = named.with_columns(
        source=pl.when(pl.col("source") == "").then(pl.col("own_source").fill_null("")).otherwise("source")
    )
    ends = named.group_by("lead", maintain_order=True).agg(
        *[pl.col(way).first().alias(f"{FIRST}_{way}") for way in WAYS],
        *[pl.col(way).last().alias(f"{LAST}_{way}") for way in WAYS],
    )
    return arrived.join(ends, on="lead", how="left").with_columns(
        pl.col(f"{end}_{way}").fill_null("") for end in (FIRST, LAST) for way in WAYS
    )
