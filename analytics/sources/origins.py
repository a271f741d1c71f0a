"""By what leads came, as it was known on a day, and what campaigns cost."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from leads.domain import campaigning
from leads.models import Campaign, Source

from .. import days
from ..origins import COST_COLUMNS, STRANGE, TOUCH_COLUMNS, UNKNOWN, Origins, landing
from ..tables import journeys
from .clauses import IN_BASE, MICROSECONDS
from .copying import frame

TOUCH_TYPES = {"lead": pl.Int64, "at": pl.Int64, "source": pl.String, "word": pl.String, "page": pl.String}

SOURCES_OF_LEADS = "SELECT l.id AS lead, l.source_id::text AS source FROM leads_lead l"
TOUCHES = f"""
    SELECT t.lead_id AS lead, {MICROSECONDS.format("t.at")} AS at, coalesce(t.source_id, s.id)::text AS source,
           coalesce(t.campaign ->> 'utm_campaign', '') AS word, t.page
    FROM leads_touch t LEFT JOIN leads_source s
         ON t.source_id IS NULL AND lower(s.name) = lower(trim(t.campaign ->> 'utm_source'))
    WHERE t.lead_id IS NOT NULL AND t.at < %(until)s AND t.recorded_at < %(until)s
          AND (t.source_id IS NOT NULL OR t.page <> '' OR t.campaign <> '{{}}')
    ORDER BY t.at, t.id"""
COSTS = f"""
    SELECT c.campaign_id::text AS campaign, coalesce(g.source_id::text, '') AS source,
           (c."on" - DATE '1970-01-01')::bigint AS day,
           ({IN_BASE.format(amount="c.amount", currency="c.currency", at='c."on"')})::float8 AS amount,
           c.recorded_at < %(until)s AS known
    FROM leads_campaigncost c JOIN leads_campaign g ON g.id = c.campaign_id
    WHERE c.taken_back_at IS NULL OR (c.recorded_at < %(until)s AND c.taken_back_at >= %(until)s)"""


def origins(params: dict[str, Any], cards: pl.DataFrame, deals: pl.DataFrame, zone: ZoneInfo) -> Origins:
    """Each journey with its lead, and by what leads came as it was known on the day asked about."""
    of_leads = frame(SOURCES_OF_LEADS, params, {"lead": pl.Int64, "source": pl.String})
    whose = cards.join(deals.select("card", deals_lead="lead"), on="card", how="left").select(
        "card", lead=pl.coalesce(journeys.lead_of(pl.col("card")), "deals_lead")
    )
    known = campaigning.recognising()
    sources, campaigns = (
        dict(rows) for rows in (Source.objects.values_list("pk", "name"), Campaign.objects.values_list("pk", "name"))
    )
    named = {str(key): name for key, name in campaigns.items()}
    touches = []
    told = frame(TOUCHES, params, TOUCH_TYPES).with_columns(pl.col("source", "word", "page").fill_null(UNKNOWN))
    for lead, at, source, word, page in told.iter_rows():
        on = datetime.fromtimestamp(at / 1e6, zone).date()
        campaign = known(word, int(source) if source else None, on)
        key = str(campaign.pk) if campaign else f"{STRANGE}{word.strip().casefold()}" if word.strip() else UNKNOWN
        named.setdefault(key, word.strip())
        came_by = source or (str(campaign.source_id) if campaign and campaign.source_id else UNKNOWN)
        touches.append((lead, days.number(on), came_by, key, landing(page)))

    def campaign_of(source: str, day: int) -> str:
        found = known(UNKNOWN, int(source), days.day(day)) if source else None
        return str(found.pk) if found else UNKNOWN

    return Origins(
        leads=whose.join(of_leads, on="lead", how="left").with_columns(pl.col("source").fill_null(UNKNOWN)),
        touches=pl.DataFrame(touches, schema=TOUCH_COLUMNS, orient="row"),
        costs=frame(COSTS, params, COST_COLUMNS).with_columns(pl.col("source").fill_null(UNKNOWN)),
        names={"source": {str(key): name for key, name in sources.items()}, "campaign": named},
        campaign_of=campaign_of,
        are_whole=params["is_default"],
    )
