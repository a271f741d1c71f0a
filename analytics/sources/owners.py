"""Who has deals in a pipeline, and how many of them are open and closed."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from deals.models import Pipeline

OWNERS = """
    SELECT d.owner_id, count(*) FILTER (WHERE s.kind = 'open'), count(*) FILTER (WHERE s.kind <> 'open')
    FROM deals_deal d JOIN deals_stage s ON s.id = d.stage_id
    WHERE d.pipeline_id = %s AND d.owner_id IS NOT NULL GROUP BY d.owner_id"""


class Deals(NamedTuple):
    open: int
    closed: int


def owners(pipeline: Pipeline) -> dict[int, Deals]:
    """By the owner's number."""
    with connection.cursor() as cursor:
        cursor.execute(OWNERS, [pipeline.pk])
        return {owner: Deals(still_open, closed) for owner, still_open, closed in cursor.fetchall()}
