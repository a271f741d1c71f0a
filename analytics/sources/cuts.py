"""Which cards belong to a cut, and how that is said."""

from __future__ import annotations

from typing import Any

import polars as pl

from deals.models import Product
from leads.models import Source
from pipeline_crm.accounts.models import Team, User

from ..selection import Selection
from ..tables import journeys
from .copying import frame

CARD = {"card": pl.Int64}

# Which cards belong to a cut. A journey without a deal has no product.
CUT_DEALS = """
    SELECT d.id AS card FROM deals_deal d JOIN leads_lead l ON l.id = d.lead_id WHERE d.pipeline_id = %(pipeline)s"""
CUT_LEADS = "SELECT l.id AS card FROM leads_lead l WHERE true"
CONDITIONS = {
    "team": (" AND d.team_id = %(team)s", " AND l.team_id = %(team)s"),
    "owner": (" AND d.owner_id = %(owner)s", " AND l.owner_id = %(owner)s"),
    "source": (" AND l.source_id = %(source)s", " AND l.source_id = %(source)s"),
    "product": (
        " AND EXISTS (SELECT 1 FROM deals_dealline x WHERE x.deal_id = d.id AND x.product_id = %(product)s)",
        " AND false",
    ),
}
TRIES = {"first": pl.col("attempt") == 1, "again": pl.col("attempt") > 1}


def in_words(selection: Selection) -> dict[str, Any]:
    """What narrows the cards, rows of ours by their names."""
    names = {"team": Team, "owner": User, "source": Source, "product": Product}
    return {
        name: str(names[name].objects.filter(pk=value).first() or value) if name in names else value
        for name, value in selection.cut.items()
    }


def narrowed(steps: pl.DataFrame, selection: Selection, params: dict[str, Any]) -> pl.DataFrame:
    """The steps of the cards that belong to the cut."""
    of_deals, of_leads = (
        frame(query + "".join(CONDITIONS[name][place] for name in selection.cut if name in CONDITIONS), params, CARD)
        for place, query in enumerate((CUT_DEALS, CUT_LEADS))
    )
    chosen = steps.filter(
        pl.col("card").is_in(of_deals["card"].implode())
        | journeys.lead_of(pl.col("card")).is_in(of_leads["card"].implode())
    )
    if selection.tries:
        chosen = chosen.filter(TRIES[selection.tries])
    if selection.least is None and selection.most is None:
        return chosen
    least, most = selection.least or 0.0, float("inf") if selection.most is None else selection.most
    newest = chosen.group_by("card").agg(pl.col("amount").drop_nulls().last())
    return chosen.join(newest.filter(pl.col("amount").is_between(least, most)), on="card", how="semi")
