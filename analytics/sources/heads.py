"""How far the logs have come, and what else figures follow: the same answer means the same figures."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from pipeline_crm.accounts.models import Company

LOGS = (
    "leads_leadevent",
    "leads_leadamendment",
    "leads_leadchange",
    "deals_dealevent",
    "deals_dealamendment",
    "deals_dealchange",
)
BESIDE = ("leads_touch", "leads_campaigncost")
RECENT_IDS = 10_000

# What figures depend on beside the logs. Sums of hashes: no order, and no long text.
SETTINGS = """
    SELECT left(md5(concat_ws('|', %(base)s, %(zone)s,
        (SELECT sum(hashtextextended(ROW(r.currency, r."on", r.rate)::text, 0)) FROM accounts_exchangerate r),
        (SELECT sum(hashtextextended(ROW(p.id, p.name, p.is_default, p.time_zone)::text, 1)) FROM deals_pipeline p),
        (SELECT sum(hashtextextended(ROW(s.id, s.pipeline_id, s.name, s.kind, s.position, s.retired_at IS NULL,
                                         s.successor_id)::text, 2)) FROM deals_stage s),
        (SELECT sum(hashtextextended(ROW(g.id, g.price, g.currency)::text, 3)) FROM deals_product g),
        (SELECT concat(count(*), '.', max(t.id)) FROM analytics_target t))), 12)"""


ORIGINS_DIGEST = """
    SELECT left(md5(concat_ws('|',
        (SELECT sum(hashtextextended(ROW(c.id, c.name, c.source_id, lower(c.word), c.starts_on, c.ends_on)::text, 4))
         FROM leads_campaign c),
        (SELECT count(taken_back_at) FROM leads_campaigncost),
        (SELECT sum(hashtextextended(ROW(s.id, s.name)::text, 5)) FROM leads_source s))), 12)"""


def log_head() -> str:
    """How far the logs have come: each one's last id, and how many of the newest ids are there, since a transaction may
    commit after one that began later."""
    return _how_far(LOGS)


def origins_head() -> str:
    """The same while by what leads came, what that cost and how it is called are."""
    with connection.cursor() as cursor:
        cursor.execute(ORIGINS_DIGEST)
        return f"{_how_far(BESIDE)}-{cursor.fetchone()[0]}"


def facts_head() -> str:
    """The same while what was done with cards, and what they did, is: of the newest ones, as much as is done."""
    parts = [_how_far(["leads_touch"])]
    with connection.cursor() as cursor:
        for table in ("leads_leadactivity", "deals_dealactivity"):
            cursor.execute(
                f"""SELECT coalesce(max(id), 0), count(done_at), coalesce(max(extract(epoch FROM done_at)), 0)::bigint
                    FROM {table} WHERE id > (SELECT max(id) - %s FROM {table})""",
                [RECENT_IDS],
            )
            parts.append(".".join(map(str, cursor.fetchone())))
    return "-".join(parts)


def _how_far(tables: Iterable[str]) -> str:
    parts = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT coalesce(max(id), 0), count(*) FROM {table} WHERE id > (SELECT max(id) - %s FROM {table})",
                [RECENT_IDS],
            )
            last, recent = cursor.fetchone()
            parts.append(f"{last}.{recent}")
    return "-".join(parts)


def settings_digest() -> str:
    """The same while rates, currency, time zones, pipelines, stages and prices are: figures follow them too."""
    company = Company.get()
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS, {"base": company.base_currency, "zone": company.time_zone})
        return cursor.fetchone()[0]
