"""What is known of deals beside their steps: why they were lost, when they are expected, what was done."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from typing import Any

import polars as pl

from deals.models import LostReason

from ..river import ACT_COLUMNS, OWNER_COLUMNS, Facts
from .clauses import DAY_OF, KNOWN
from .copying import columns, frame

COMPETITORS = """
    SELECT d.id AS card, d.competitor FROM deals_deal d
    WHERE d.pipeline_id = %(pipeline)s AND d.competitor <> ''"""

# Deals whose prospects went back to marketing, as far as that was known then and not taken back.
RECYCLED = f"""
    SELECT d.id AS card FROM deals_deal d JOIN leads_recycling r ON r.lead_id = d.lead_id AND r.attempt = d.attempt
    JOIN leads_leadevent e ON e.card_id = r.lead_id AND e.seq = r.seq
    WHERE d.pipeline_id = %(pipeline)s AND {KNOWN} AND NOT EXISTS (
        SELECT 1 FROM leads_leadamendment a
        WHERE a.card_id = e.card_id AND a.seq = e.seq AND a.kind = 'void' AND a.recorded_at < %(until)s)"""

# What was done is of the deal, of its lead, and of the lead's person.
PROPERTIES = """
    SELECT d.id AS card, s.name AS source, d.deal_type, nullif(o.sector, '') AS sector,
           nullif(o.country, '') AS country, nullif(p.role, '') AS role, o.employees::float8 AS employees,
           (SELECT CASE WHEN count(DISTINCT x.product_id) > 1 THEN '+' ELSE min(y.name) END
            FROM deals_dealline x JOIN deals_product y ON y.id = x.product_id WHERE x.deal_id = d.id) AS product
    FROM deals_deal d JOIN leads_lead l ON l.id = d.lead_id LEFT JOIN leads_source s ON s.id = l.source_id
    LEFT JOIN leads_organisation o ON o.id = d.organisation_id LEFT JOIN leads_person p ON p.id = d.person_id
    WHERE d.pipeline_id = %(pipeline)s"""
DONE = f"""
    SELECT {{card}} AS card, a.kind, {DAY_OF.format("a.done_at")} AS day, nullif(p.role, '') AS who
    FROM {{activities}} LEFT JOIN leads_person p ON p.id = a.person_id
    WHERE d.pipeline_id = %(pipeline)s AND a.done_at < %(until)s AND a.kind IN ('call', 'email', 'meeting')"""
ACTS = f"""
    {DONE.format(card="a.deal_id", activities="deals_dealactivity a JOIN deals_deal d ON d.id = a.deal_id")}
    UNION ALL
    {DONE.format(card="d.id", activities="leads_leadactivity a JOIN deals_deal d ON d.lead_id = a.lead_id")}
    UNION ALL
    SELECT d.id AS card, t.kind, {DAY_OF.format("t.at")} AS day, NULL AS who
    FROM leads_touch t JOIN deals_deal d ON d.lead_id = t.lead_id
    WHERE d.pipeline_id = %(pipeline)s AND t.at < %(until)s AND t.kind IN ('form', 'click', 'reply')"""
OWNERS = f"""
    SELECT d.id AS card, coalesce(nullif(u.name, ''), u.email) AS owner, NULL::bigint AS until
    FROM deals_deal d JOIN accounts_user u ON u.id = d.owner_id WHERE d.pipeline_id = %(pipeline)s
    UNION ALL
    SELECT d.id, coalesce(nullif(u.name, ''), u.email), {DAY_OF.format("c.recorded_at")}
    FROM deals_dealchange c JOIN deals_deal d ON d.id = c.deal_id
    LEFT JOIN accounts_user u ON u.id = (c.before #>> '{{}}')::bigint
    WHERE d.pipeline_id = %(pipeline)s AND c.field = 'owner'"""

PROPERTY_TYPES = {
    "card": pl.Int64,
    "source": pl.String,
    "deal_type": pl.String,
    "sector": pl.String,
    "country": pl.String,
    "role": pl.String,
    "employees": pl.Float64,
    "product": pl.String,
}

# The date that was expected on the day asked about: what the first later change replaced, else what stands now.
EXPECTED_CLOSE = """
    SELECT d.id AS card, (CASE WHEN later.id IS NULL THEN d.expected_close
                               ELSE (later.before #>> '{}')::date END - DATE '1970-01-01')::bigint AS day
    FROM deals_deal d LEFT JOIN (
        SELECT DISTINCT ON (c.deal_id) c.deal_id, c.id, c.before FROM deals_dealchange c
        WHERE c.field = 'expected_close' AND c.recorded_at >= %(until)s ORDER BY c.deal_id, c.id
    ) later ON later.deal_id = d.id
    WHERE d.pipeline_id = %(pipeline)s"""


def lost(params: dict[str, Any], losses: pl.DataFrame) -> pl.DataFrame:
    """Why each deal was lost last and to whom, of card and reason (its number); columns card, reason and competitor."""
    reasons = dict(LostReason.objects.values_list("pk", "name"))
    competitors = frame(COMPETITORS, params, {"card": pl.Int64, "competitor": pl.String})
    return losses.join(competitors, on="card", how="left").select(
        "card",
        reason=pl.col("reason").replace_strict(reasons, return_dtype=pl.String).cast(pl.String),  # of none, too
        competitor=pl.col("competitor").fill_null(""),
    )


def expected_close(params: dict[str, Any]) -> pl.DataFrame:
    """Columns card and day, null where none is expected."""
    return columns(EXPECTED_CLOSE, params, {"card": pl.Int64, "day": pl.Int64})


def facts(params: dict[str, Any]) -> Facts:
    """Properties as they stand now, what was done, and who had the deals."""
    return Facts(
        properties=frame(PROPERTIES, params, PROPERTY_TYPES),
        acts=frame(ACTS, params, ACT_COLUMNS),
        owners=frame(OWNERS, params, OWNER_COLUMNS),
    )


def recycled(params: dict[str, Any]) -> frozenset[int]:
    """The deals whose prospects went back."""
    return frozenset(frame(RECYCLED, params, {"card": pl.Int64})["card"].to_list())
