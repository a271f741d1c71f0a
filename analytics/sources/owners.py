"""Who has deals in a pipeline: how many of them are open and closed, and when somebody had open ones."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from deals.models import Pipeline

from .clauses import KNOWN_AT

OWNERS = """
    SELECT d.owner_id, count(*) FILTER (WHERE s.kind = 'open'), count(*) FILTER (WHERE s.kind <> 'open')
    FROM deals_deal d JOIN deals_stage s ON s.id = d.stage_id
    WHERE d.pipeline_id = %s AND d.owner_id IS NOT NULL GROUP BY d.owner_id"""

# Stays in open stages, and who had the deal meanwhile, by when each was known; a step that was voided never was.
SELLING = f"""
    WITH deal AS (
        SELECT d.id, d.owner_id FROM deals_deal d JOIN deals_stage s ON s.id = d.stage_id
        WHERE d.pipeline_id = %(pipeline)s AND (s.kind = 'open' OR d.stage_entered_at >= %(since)s)
    ), step AS (
        SELECT e.card_id, e.to_kind, {KNOWN_AT} AS since,
               lead({KNOWN_AT}) OVER (PARTITION BY e.card_id ORDER BY e.seq) AS until
        FROM deals_dealevent e JOIN deal ON deal.id = e.card_id
        WHERE NOT EXISTS (SELECT 1 FROM deals_dealamendment a
                          WHERE a.card_id = e.card_id AND a.seq = e.seq AND a.kind = 'void')
    ), change AS (
        SELECT c.deal_id, (c.before #>> '{{}}')::bigint AS owner, c.recorded_at AS until,
               lag(c.recorded_at) OVER (PARTITION BY c.deal_id ORDER BY c.id) AS since
        FROM deals_dealchange c JOIN deal ON deal.id = c.deal_id WHERE c.field = 'owner'
    ), held AS (
        SELECT deal_id, owner, tstzrange(since, until) AS times FROM change
        UNION ALL
        SELECT deal.id, deal.owner_id, tstzrange((SELECT max(until) FROM change WHERE deal_id = deal.id), NULL)
        FROM deal
    )
    SELECT held.owner, range_agg(tstzrange(least(step.since, step.until), step.until) * held.times)
    FROM step JOIN held ON held.deal_id = step.card_id
    WHERE step.to_kind = 'open' AND held.owner IS NOT NULL GROUP BY held.owner"""


class Deals(NamedTuple):
    open: int
    closed: int


def owners(pipeline: Pipeline) -> dict[int, Deals]:
    """By the owner's number."""
    with connection.cursor() as cursor:
        cursor.execute(OWNERS, [pipeline.pk])
        return {owner: Deals(still_open, closed) for owner, still_open, closed in cursor.fetchall()}


def selling(pipeline: Pipeline, *, since: datetime) -> Callable[[datetime], set[int]]:
    """Answers the numbers of those who had open deals at a moment from `since` on, as far as that was known then."""
    with connection.cursor() as cursor:
        cursor.execute(SELLING, {"pipeline": pipeline.pk, "since": since})
        times = dict(cursor.fetchall())
    return lambda moment: {owner for owner, stretches in times.items() if any(moment in one for one in stretches)}
