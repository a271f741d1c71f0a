"""All leads as they are known at a moment."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from pipeline_crm.accounts.models import Company

from . import logs
from .clauses import MICROSECONDS
from .copying import frame

# Which source a lead had since when: what the first change replaced since ever, and what each change said since then.
LEAD_SOURCES = f"""
    SELECT l.id AS lead, 0::bigint AS since, CASE WHEN first.id IS NULL THEN l.source_id
                                                  ELSE (first.before #>> '{{}}')::bigint END AS source
    FROM leads_lead l LEFT JOIN LATERAL (
        SELECT c.id, c.before FROM leads_leadchange c
        WHERE c.lead_id = l.id AND c.field = 'source' ORDER BY c.id LIMIT 1
    ) first ON true
    UNION ALL
    SELECT c.lead_id, {MICROSECONDS.format("c.recorded_at")}, (c.after #>> '{{}}')::bigint
    FROM leads_leadchange c WHERE c.field = 'source' AND c.recorded_at < %(until)s"""
LEAD_TOUCHES = f"""
    SELECT t.lead_id AS lead, t.kind, {MICROSECONDS.format("t.at")} AS at
    FROM leads_touch t WHERE t.lead_id IS NOT NULL AND t.at < %(until)s"""
LEAD_FITS = f"""
    SELECT s.lead_id AS lead, {MICROSECONDS.format("((s.on + 1)::timestamp AT TIME ZONE %(zone)s)")} AS at, s.fit
    FROM leads_scoreday s"""


@dataclass(frozen=True, slots=True)
class Prospects:
    """The leads' own way, and what was known of them when: see `tables.prospects`."""

    steps: pl.DataFrame
    touches: pl.DataFrame
    fits: pl.DataFrame
    sources: pl.DataFrame


def prospects(at: datetime) -> Prospects:
    """All leads as they are known at a moment, without those merged into others."""
    params = {"until": at, "zone": Company.get().time_zone}
    lead = {"lead": pl.Int64}
    return Prospects(
        steps=logs.amended(
            frame(logs.STANDING_LEAD_STEPS, params, logs.STEP_TYPES), logs.amendments_of("leads_leadamendment", params)
        ),
        touches=frame(LEAD_TOUCHES, params, lead | {"kind": pl.String, "at": pl.Int64}),
        fits=frame(LEAD_FITS, params, lead | {"at": pl.Int64, "fit": pl.Int64}),
        sources=frame(LEAD_SOURCES, params, lead | {"since": pl.Int64, "source": pl.Int64}),
    )
