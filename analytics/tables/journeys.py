"""The whole river as one log: what marketing saw of a prospect and the deal it became are one journey."""

from __future__ import annotations

import polars as pl

from .ordering import in_order

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
    of_leads = lead_steps.join(
        carried.select(lead="lead", attempt="attempt", deal="card"),
        on=["lead", "attempt"],
        how="left",
        maintain_order="left",
    )
    elsewhere = of_leads.filter(pl.col("deal").is_null() & (pl.col("to") == ACCEPTED))
    if elsewhere.height:
        of_leads = of_leads.join(elsewhere, on=["lead", "attempt"], how="anti", maintain_order="left")
    journey = pl.coalesce("deal", _without_deal("lead", "attempt"))
    of_leads = of_leads.filter(pl.col("to") != ACCEPTED).with_columns(card=journey.cast(pl.Int64))
    of_deals = (
        deal_steps if "attempt" in deal_steps.columns else deal_steps.join(deals, on="card", maintain_order="left")
    )
    own = ["card", "to", "occurred_at", "exact", "amount", "attempt"]
    both = pl.concat([of_leads.select(own), of_deals.select(own)]).sort("card", maintain_order=True)
    begins = (pl.col("card") != pl.col("card").shift()).fill_null(value=True)
    place = pl.int_range(pl.len())
    return _in_order_of_time(
        both.with_columns(seq=place - pl.when(begins).then(place).forward_fill()).select(
            "card", "seq", "to", "occurred_at", "exact", "amount", "attempt"
        )
    )


def _in_order_of_time(steps: pl.DataFrame) -> pl.DataFrame:
    """No step before the one it follows: a deal that began before its lead was accepted begins with that."""
    early = (pl.col("card") == pl.col("card").shift()) & (pl.col("occurred_at") < pl.col("occurred_at").shift())
    cards = steps.filter(early).select("card").unique()
    if not cards.height:
        return steps
    late = steps.join(cards, on="card", how="semi").with_columns(pl.col("occurred_at").cum_max().over("card"))
    return in_order(pl.concat([steps.join(cards, on="card", how="anti"), late]))


def lead_of(card: pl.Expr) -> pl.Expr:
    """The lead of a journey that has no deal; null for others, whose card is their deal's."""
    return pl.when(card < 0).then((-card) // MOST_ATTEMPTS)


def _without_deal(lead: str, attempt: str) -> pl.Expr:
    """A number of its own for each attempt of a lead, below zero so that it is no deal's."""
    return -(pl.col(lead) * MOST_ATTEMPTS + pl.col(attempt))


def _with_attempts(lead_steps: pl.DataFrame) -> pl.DataFrame:
    """Number the attempts, and drop steps of no duration that come before acceptance."""
    lead_steps = in_order(lead_steps)
    same, followed = pl.col("card") == pl.col("card").shift(), pl.col("card") == pl.col("card").shift(-1)
    returns = (same & (pl.col("to").shift() == ACCEPTED) & (pl.col("to") == WAITING)).fill_null(value=False)
    so_far = returns.cum_sum()  # over all leads; what it was when the lead began is taken off again
    at_once = (followed & (pl.col("occurred_at") == pl.col("occurred_at").shift(-1))).fill_null(value=False)
    begun = pl.when(same.fill_null(value=False)).then(None).otherwise(so_far).forward_fill()
    return (
        lead_steps.with_columns(attempt=(1 + so_far - begun).cast(pl.Int32)).filter(~at_once).rename({"card": "lead"})
    )
