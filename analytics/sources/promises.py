"""What was said of deals over time: by when they would be won, and who had them."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deals.models import Pipeline

from ..selection import Selection
from ..tables.promises import CLOSE_TYPES, OWNER_TYPES, SAID_TYPES, Promises
from .clauses import DAY_OF
from .copying import frame

# Every change of an expected close date, in order.
SAID = f"""
    SELECT c.deal_id AS card, {DAY_OF.format("c.recorded_at")} AS day,
           ((c.before #>> '{{}}')::date - DATE '1970-01-01')::bigint AS before,
           ((c.after #>> '{{}}')::date - DATE '1970-01-01')::bigint AS after
    FROM deals_dealchange c JOIN deals_deal d ON d.id = c.deal_id
    WHERE d.pipeline_id = %(pipeline)s AND c.field = 'expected_close' AND c.recorded_at < %(until)s ORDER BY c.id"""

# What is expected in the end. Of an imported deal nobody knows since when: files carry the last date only.
CLOSES = """
    SELECT d.id AS card, (CASE WHEN later.id IS NULL THEN d.expected_close
                               ELSE (later.before #>> '{}')::date END - DATE '1970-01-01')::bigint AS day,
           EXISTS (SELECT 1 FROM deals_dealevent e
                   WHERE e.card_id = d.id AND e.seq = 1 AND e.source = 'import') AS imported
    FROM deals_deal d LEFT JOIN LATERAL (
        SELECT c.id, c.before FROM deals_dealchange c
        WHERE c.deal_id = d.id AND c.field = 'expected_close' AND c.recorded_at >= %(until)s ORDER BY c.id LIMIT 1
    ) later ON true
    WHERE d.pipeline_id = %(pipeline)s"""

OWNERS = f"""
    SELECT x.card, x.owner, x.until FROM (
        SELECT d.id AS card, d.owner_id AS owner, NULL::bigint AS until, NULL::bigint AS change
        FROM deals_deal d WHERE d.pipeline_id = %(pipeline)s
        UNION ALL
        SELECT d.id, (c.before #>> '{{}}')::bigint, {DAY_OF.format("c.recorded_at")}, c.id
        FROM deals_dealchange c JOIN deals_deal d ON d.id = c.deal_id
        WHERE d.pipeline_id = %(pipeline)s AND c.field = 'owner') x
    ORDER BY x.change"""


def promises(selection: Selection) -> Promises:
    """As known at the end of `selection.as_of`."""
    zone = ZoneInfo(Pipeline.objects.get(pk=selection.pipeline).time_zone)
    params: dict[str, Any] = {
        "pipeline": selection.pipeline,
        "zone": zone.key,
        "until": datetime.combine(selection.as_of + timedelta(days=1), time(), zone).astimezone(UTC),
    }
    return Promises(
        said=frame(SAID, params, SAID_TYPES),
        closes=frame(CLOSES, params, CLOSE_TYPES),
        owners=frame(OWNERS, params, OWNER_TYPES),
    )


__all__ = ["promises"]
