"""The whole river as one log: what marketing saw of a prospect and the deal it became are one journey."""

from __future__ import annotations

import polars as pl

ACCEPTED = "accepted"
WAITING = "waiting"
MOST_ATTEMPTS = 1000


def journeys(lead_steps: pl.DataFrame, deal_steps: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Join the effective steps of leads and deals; answers card, seq, to, occurred_at, exact, amount, attempt.

    `lead_steps` and `deal_steps` have card, seq, to (text), occurred_at, exact, amount; `deals` card, lead, attempt.
    A prospect who came back is a new journey, whose attempt is one higher. The first deal of a lead's attempt carries
    its journey on from acceptance; further deals of it are journeys that begin in sales. Lead steps that were written
    together with a later one, at the same moment, are no stays: a deal entered without marketing has none. An attempt
    that was accepted into a deal which is not among `deals` belongs to another river and is left out.
    """
    lead_steps = _with_attempts(lead_steps)
    carried = deals.sort("card").unique(["lead", "attempt"], keep="first", maintain_order=True)
    of_leads = (
        lead_steps.join(carried.select(lead="lead", attempt="attempt", deal="card"), on=["lead", "attempt"], how="left")
        .filter((pl.col("deal").is_not_null() | (pl.col("to") != ACCEPTED).all()).over("lead", "attempt"))
        .filter(pl.col("to") != ACCEPTED)
        .with_columns(half=pl.lit(0, pl.Int8))
    )
    of_deals = (
        deal_steps.join(deals.select("card", "lead", "attempt"), on="card")
        .join(carried.select("card", is_first=pl.lit(True)), on="card", how="left")
        .with_columns(half=pl.lit(1, pl.Int8), deal="card")
    )
    own = ["occurred_at", "half", "seq", "to", "exact", "amount", "attempt", "deal", "lead"]
    both = pl.concat([of_leads.select(own), of_deals.select(own)])
    lead_only = pl.col("deal").is_null()
    journey = pl.when(lead_only).then(_without_deal("lead", "attempt")).otherwise(pl.col("deal"))
    return (
        both.with_columns(card=journey.cast(pl.Int64))
        .sort("card", "half", "seq")
        .with_columns(occurred_at=pl.col("occurred_at").cum_max().over("card"), seq=pl.int_range(pl.len()).over("card"))
        .select("card", "seq", "to", "occurred_at", "exact", "amount", "attempt")
    )


def lead_of(card: pl.Expr) -> pl.Expr:
    """The lead of a journey that has no deal; null for others, whose card is their deal's."""
    return pl.when(card < 0).then((-card) // MOST_ATTEMPTS)


def _without_deal(lead: str, attempt: str) -> pl.Expr:
    """A number of its own for each attempt of a lead, below zero so that it is no deal's."""
    return -(pl.col(lead) * MOST_ATTEMPTS + pl.col(attempt))


def _with_attempts(lead_steps: pl.DataFrame) -> pl.DataFrame:
    """Number the attempts, and drop steps of no duration that come before acceptance."""
    from_accepted = (pl.col("to").shift() == ACCEPTED).over("card").fill_null(False)
    at_once = (pl.col("occurred_at") == pl.col("occurred_at").shift(-1)).over("card").fill_null(False)
    return (
        lead_steps.sort("card", "seq")
        .with_columns(attempt=(1 + (from_accepted & (pl.col("to") == WAITING)).cum_sum().over("card")).cast(pl.Int32))
        .filter(~at_once)
        .rename({"card": "lead"})
    )
