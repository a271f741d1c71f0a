"""The one window through which analytics looks at leads and deals: SQL in, a River out.

Rows travel as COPY … TO STDOUT over Django's own connection, so that a report sees the same snapshot as whoever asked
for it, wherever the database is. `as_of` is answered by what was known at the end of that day: by `recorded_at` for
what was written here, by `occurred_at` for an imported history, which its old system knew when it happened.
"""

# ruff: noqa: S608 -- the statements are put together from constants of this module; values are bound

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from django.db import connection
from django.utils.translation import gettext as _

from deals.models import Deal, LostReason, Pipeline, Product, StageKind
from deals.models import Stage as DealStage
from leads.domain import campaigning
from leads.models import Campaign, LeadAmendment, LeadEvent, LeadStage, Recycling, Source
from leads.models.lead import OPEN_STAGES
from pipeline_crm.accounts.models import Company, Team, User
from pipeline_crm.foundation.append_only import AmendmentKind, Origin
from pipeline_crm.foundation.errors import Refusal

from . import days
from .event_log import EventLog, Half, Kind, Stage, event_log
from .models import Target
from .origins import COST_COLUMNS, STRANGE, TOUCH_COLUMNS, UNKNOWN, Origins, landing
from .river import ACT_COLUMNS, OWNER_COLUMNS, Facts, Goal, River
from .selection import Selection
from .tables import amendments, journeys

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
LOST_LEADS = (LeadStage.DISQUALIFIED, LeadStage.UNSUBSCRIBED)

STEP_TYPES = {
    "card": pl.Int64,
    "seq": pl.Int64,
    "to": pl.String,
    "occurred": pl.Int64,
    "exact": pl.Boolean,
    "amount": pl.Float64,
    "without_rate": pl.Boolean,
    "known": pl.Int64,
}
CARD = {"card": pl.Int64}
TOUCH_TYPES = {"lead": pl.Int64, "at": pl.Int64, "source": pl.String, "word": pl.String, "page": pl.String}
AMENDMENT_TYPES = {"card": pl.Int64, "seq": pl.Int64, "kind": pl.String, "occurred": pl.Int64, "recorded": pl.Int64}
REVISION_TYPES = {"card": pl.Int64, "occurred": pl.Int64, "amount": pl.Float64, "without_rate": pl.Boolean}

KNOWN_AT = "CASE WHEN e.source = 'import' THEN e.occurred_at ELSE e.recorded_at END"
KNOWN = f"{KNOWN_AT} < %(until)s"
MICROSECONDS = "(extract(epoch FROM {})*1000000)::bigint"
LACKS_RATE = """
    ({currency} <> %(base)s AND {amount} IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts_exchangerate r WHERE r.currency = {currency} AND r."on" <= {at}::date))"""
IN_BASE = """
    CASE WHEN {amount} IS NULL THEN NULL WHEN {currency} = %(base)s THEN {amount}
         ELSE {amount} * (SELECT r.rate FROM accounts_exchangerate r
                          WHERE r.currency = {currency} AND r."on" <= {at}::date ORDER BY r."on" DESC LIMIT 1) END"""
# A file with one row a deal states its last amount only: before the file's last step of it a deal was worth its
# products' prices. Steps taken here since then change nothing of that.
KNOWN_AMOUNT = """
    CASE WHEN b.kind = 'import deals' AND (e.amount IS NULL OR EXISTS (
                  SELECT 1 FROM deals_dealevent x
                  WHERE x.card_id = e.card_id AND x.seq > e.seq AND x.batch_id = e.batch_id))
         THEN (SELECT sum(l.quantity * p.price) FROM deals_dealline l JOIN deals_product p ON p.id = l.product_id
               WHERE l.deal_id = d.id AND p.currency = e.currency AND p.price > 0)
         ELSE e.amount END"""

DEAL_STEPS = f"""
    SELECT s.card, s.seq, s."to", s.occurred, s.exact,
           ({IN_BASE.format(amount="s.amount", currency="s.currency", at="s.at")})::float8 AS amount,
           {LACKS_RATE.format(amount="s.amount", currency="s.currency", at="s.at")} AS without_rate, s.known
    FROM (SELECT e.card_id AS card, e.seq, e.to_stage_id::text AS "to", e.is_exact AS exact,
                 {MICROSECONDS.format(KNOWN_AT)} AS known,
                 {MICROSECONDS.format("e.occurred_at")} AS occurred, e.occurred_at AS at, e.currency,
                 {KNOWN_AMOUNT} AS amount
          FROM deals_dealevent e JOIN deals_deal d ON d.id = e.card_id LEFT JOIN leads_batch b ON b.id = e.batch_id
          WHERE d.pipeline_id = %(pipeline)s AND {KNOWN}) s"""

LEAD_STEPS = f"""
    SELECT e.card_id AS card, e.seq, e.to_stage AS "to", {MICROSECONDS.format("e.occurred_at")} AS occurred,
           e.is_exact AS exact, NULL::float8 AS amount, false AS without_rate,
           {MICROSECONDS.format(KNOWN_AT)} AS known
    FROM leads_leadevent e JOIN leads_lead d ON d.id = e.card_id
    WHERE {KNOWN} AND (
        EXISTS (SELECT 1 FROM deals_deal o WHERE o.lead_id = d.id AND o.pipeline_id = %(pipeline)s)
        OR (%(is_default)s AND NOT EXISTS (SELECT 1 FROM deals_deal o WHERE o.lead_id = d.id)))"""

AMENDMENTS = f"""
    SELECT a.card_id AS card, a.seq, a.kind, {MICROSECONDS.format("a.occurred_at")} AS occurred,
           {MICROSECONDS.format("a.recorded_at")} AS recorded
    FROM {{table}} a WHERE a.recorded_at < %(until)s"""

DEALS = "SELECT d.id AS card, d.lead_id AS lead, d.attempt FROM deals_deal d WHERE d.pipeline_id = %(pipeline)s"

# What stood in a field after a change: what the newest change of it said, else what the next one replaced, else what
# stands now.
STANDING = """(coalesce(
        (SELECT x.after FROM deals_dealchange x
         WHERE x.deal_id = c.deal_id AND x.field = '{field}' AND x.id <= c.id ORDER BY x.id DESC LIMIT 1),
        (SELECT x.before FROM deals_dealchange x
         WHERE x.deal_id = c.deal_id AND x.field = '{field}' AND x.id > c.id ORDER BY x.id LIMIT 1),
        to_jsonb(d.{field})) #>> '{{}}')"""
REVISIONS = f"""
    SELECT s.card, s.occurred,
           ({IN_BASE.format(amount="s.amount", currency="s.currency", at="s.at")})::float8 AS amount,
           {LACKS_RATE.format(amount="s.amount", currency="s.currency", at="s.at")} AS without_rate
    FROM (SELECT c.id, c.deal_id AS card, {MICROSECONDS.format("c.recorded_at")} AS occurred, c.recorded_at AS at,
                 {STANDING.format(field="amount")}::numeric AS amount, {STANDING.format(field="currency")} AS currency
          FROM deals_dealchange c JOIN deals_deal d ON d.id = c.deal_id
          WHERE d.pipeline_id = %(pipeline)s AND c.field IN ('amount', 'currency') AND c.recorded_at < %(until)s) s
    ORDER BY s.id"""

# Why each deal was lost last, as far as that was known then; a voided loss never was.
LOST = f"""
    SELECT DISTINCT ON (e.card_id) e.card_id AS card, r.name AS reason, d.competitor
    FROM deals_dealevent e JOIN deals_deal d ON d.id = e.card_id JOIN deals_lostreason r ON r.id = e.lost_reason_id
    WHERE d.pipeline_id = %(pipeline)s AND e.to_kind = 'lost' AND {KNOWN} AND NOT EXISTS (
        SELECT 1 FROM deals_dealamendment a
        WHERE a.card_id = e.card_id AND a.seq = e.seq AND a.kind = 'void' AND a.recorded_at < %(until)s)
    ORDER BY e.card_id, e.seq DESC"""

# Deals whose prospects went back to marketing, as far as that was known then and not taken back.
RECYCLED = f"""
    SELECT d.id AS card FROM deals_deal d JOIN leads_recycling r ON r.lead_id = d.lead_id AND r.attempt = d.attempt
    JOIN leads_leadevent e ON e.card_id = r.lead_id AND e.seq = r.seq
    WHERE d.pipeline_id = %(pipeline)s AND {KNOWN} AND NOT EXISTS (
        SELECT 1 FROM leads_leadamendment a
        WHERE a.card_id = e.card_id AND a.seq = e.seq AND a.kind = 'void' AND a.recorded_at < %(until)s)"""

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

# What is known of deals beside their steps. What was done is of the deal, of its lead, and of the lead's person.
PROPERTIES = """
    SELECT d.id AS card, s.name AS source, d.deal_type, nullif(o.sector, '') AS sector,
           nullif(o.country, '') AS country, nullif(p.role, '') AS role, o.employees::float8 AS employees,
           (SELECT CASE WHEN count(DISTINCT x.product_id) > 1 THEN '+' ELSE min(y.name) END
            FROM deals_dealline x JOIN deals_product y ON y.id = x.product_id WHERE x.deal_id = d.id) AS product
    FROM deals_deal d JOIN leads_lead l ON l.id = d.lead_id LEFT JOIN leads_source s ON s.id = l.source_id
    LEFT JOIN leads_organisation o ON o.id = d.organisation_id LEFT JOIN leads_person p ON p.id = d.person_id
    WHERE d.pipeline_id = %(pipeline)s"""
DAY_OF = "(({} AT TIME ZONE %(zone)s)::date - DATE '1970-01-01')::bigint"
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
    FROM deals_deal d LEFT JOIN LATERAL (
        SELECT c.id, c.before FROM deals_dealchange c
        WHERE c.deal_id = d.id AND c.field = 'expected_close' AND c.recorded_at >= %(until)s ORDER BY c.id LIMIT 1
    ) later ON true
    WHERE d.pipeline_id = %(pipeline)s"""

# By what leads came: touches that say where from, as known on the day, and what campaigns cost.
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


class NoSuchPipeline(Refusal):
    """There is no pipeline of that name or number."""

    status = 404


def pipeline_named(name: str) -> Pipeline:
    """By name, or by number."""
    found = Pipeline.objects.filter(name__iexact=name.strip()).first()
    if found is None and name.strip().isdecimal():
        found = Pipeline.objects.filter(pk=int(name)).first()
    if found is None:
        known = ", ".join(Pipeline.objects.values_list("name", flat=True))
        raise NoSuchPipeline(
            _("There is no pipeline “%(name)s”. There are: %(known)s.") % {"name": name, "known": known}
        )
    return found


def landmarks(pipeline: Pipeline) -> dict[str, str]:
    """The stages at which deals can be looked at, by key."""
    stages = pipeline.stages.filter(kind=StageKind.OPEN, retired_at=None).order_by("position", "id")
    return {_deal_key(stage): stage.name for stage in stages}


def open_stages(pipeline: Pipeline) -> dict[str, str]:
    """The stages of the pipeline's river that something can be done about, marketing's first, by key."""
    marketing = {stage.key: stage.name for stage in _lead_stages() if stage.kind is Kind.OPEN}
    return marketing | landmarks(pipeline)


def today(pipeline: Pipeline, at: datetime) -> date:
    """The day it is at `at` where the pipeline is."""
    return at.astimezone(ZoneInfo(pipeline.time_zone)).date()


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


def river(selection: Selection) -> River:
    """The pipeline's history as it was known at the end of `selection.as_of`."""
    pipeline = Pipeline.objects.get(pk=selection.pipeline)
    zone = ZoneInfo(pipeline.time_zone)
    base = Company.get().base_currency
    params = {
        "pipeline": pipeline.pk,
        "is_default": pipeline.is_default,
        "base": base,
        "until": datetime.combine(selection.as_of + timedelta(days=1), time(), zone).astimezone(UTC),
        **selection.cut,
    }
    told = _told(params)
    deal_steps = told.steps_as_known()
    lead_steps = _amended(_frame(LEAD_STEPS, params, STEP_TYPES), _amendments("leads_leadamendment", params))
    deals = _frame(DEALS, params, {"card": pl.Int64, "lead": pl.Int64, "attempt": pl.Int32})
    deal_stages, deal_codes = _deal_stages(pipeline)
    lead_stages = _lead_stages()
    whole = journeys.journeys(lead_steps, deal_steps, deals)
    attempts = deal_steps.join(deals.select("card", "attempt"), on="card")
    if selection.cut:
        whole, attempts = (_narrowed(steps, selection, params) for steps in (whole, attempts))
    return River(
        pipeline=pipeline.name,
        currency=base,
        journeys=_log((*lead_stages, *deal_stages), whole, _journey_codes(lead_stages, deal_codes), zone),
        deals=_log(deal_stages, attempts, deal_codes, zone),
        lost=_frame(LOST, params, {"card": pl.Int64, "reason": pl.String, "competitor": pl.String}),
        expected_close=_frame(EXPECTED_CLOSE, params, {"card": pl.Int64, "day": pl.Int64}),
        without_rate=int(attempts["without_rate"].sum()),
        cut=_in_words(selection),
        facts=partial(_facts, {**params, "zone": zone.key}),
        origins=partial(_origins, params, whole.select("card").unique(), deals, zone),
        goals=_goals(selection, params["until"]),
        before=partial(_before, selection),
        recycled=partial(_recycled, params),
        deals_as_of=None if told.is_plain else partial(_deals_as_of, told, attempts, deal_stages, deal_codes, zone),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """All that was told of a pipeline's deals, each word with the moment from which it was known."""

    steps: pl.DataFrame
    amendments: pl.DataFrame
    revisions: pl.DataFrame

    @property
    def is_plain(self) -> bool:
        """Whether every step was known when it happened and no later word changed it."""
        late = self.steps.filter(pl.col("known") != pl.col("occurred")).height
        return not (late or self.amendments.height or self.revisions.height)

    def steps_as_known(self, until: int | None = None) -> pl.DataFrame:
        """The steps as they were known before `until` (microseconds), by default as they are known now."""
        frames = (self.steps, "known"), (self.amendments, "recorded"), (self.revisions, "occurred")
        steps, words, revisions = (
            frame if until is None else frame.filter(pl.col(moment) < until) for frame, moment in frames
        )
        return _revised(_amended(steps, words), revisions)


def _told(params: dict[str, Any]) -> _Told:
    steps = _frame(DEAL_STEPS, params, STEP_TYPES)
    words = _amendments("deals_dealamendment", params)
    return _Told(steps, words.join(steps, on="card", how="semi"), _frame(REVISIONS, params, REVISION_TYPES))


def _in_words(selection: Selection) -> dict[str, Any]:
    """What narrows the cards, rows of ours by their names."""
    names = {"team": Team, "owner": User, "source": Source, "product": Product}
    return {
        name: str(names[name].objects.filter(pk=value).first() or value) if name in names else value
        for name, value in selection.cut.items()
    }


def _facts(params: dict[str, Any]) -> Facts:
    return Facts(
        properties=_frame(PROPERTIES, params, PROPERTY_TYPES),
        acts=_frame(ACTS, params, ACT_COLUMNS),
        owners=_frame(OWNERS, params, OWNER_COLUMNS),
    )


def _origins(params: dict[str, Any], cards: pl.DataFrame, deals: pl.DataFrame, zone: ZoneInfo) -> Origins:
    """Each journey with its lead, and by what leads came as it was known on the day asked about."""
    of_leads = _frame(SOURCES_OF_LEADS, params, {"lead": pl.Int64, "source": pl.String})
    whose = cards.join(deals.select("card", deals_lead="lead"), on="card", how="left").select(
        "card", lead=pl.coalesce(journeys.lead_of(pl.col("card")), "deals_lead")
    )
    known = campaigning.recognising()
    sources, campaigns = (
        dict(rows) for rows in (Source.objects.values_list("pk", "name"), Campaign.objects.values_list("pk", "name"))
    )
    named = {str(key): name for key, name in campaigns.items()}
    touches = []
    told = _frame(TOUCHES, params, TOUCH_TYPES).with_columns(pl.col("source", "word", "page").fill_null(UNKNOWN))
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
        costs=_frame(COSTS, params, COST_COLUMNS).with_columns(pl.col("source").fill_null(UNKNOWN)),
        names={"source": {str(key): name for key, name in sources.items()}, "campaign": named},
        campaign_of=campaign_of,
        are_whole=params["is_default"],
    )


def _before(selection: Selection, day: date) -> River:
    return river(replace(selection, as_of=day, until=None, least=None, most=None))


def _recycled(params: dict[str, Any]) -> frozenset[int]:
    return frozenset(_frame(RECYCLED, params, CARD)["card"].to_list())


def _goals(selection: Selection, until: datetime) -> tuple[Goal, ...]:
    """The targets that stood before `until` of the pipeline, the team or the person; other cuts have none."""
    if set(selection.cut) - {"team", "owner"} or len(selection.cut) > 1:
        return ()
    said = Target.objects.filter(pipeline=selection.pipeline, team=selection.team, owner=selection.owner)
    standing = [target for target in said.said_before(until) if target.base_amount is not None]
    goals = (Goal(target.starts_on, target.ends_on, float(target.base_amount)) for target in standing)
    return tuple(sorted(goals, key=lambda goal: (goal.end, goal.end - goal.start)))


def _deals_as_of(
    told: _Told, cards: pl.DataFrame, stages: tuple[Stage, ...], codes: dict[str, int], zone: ZoneInfo, day: int
) -> EventLog:
    """What the log of these cards said at the end of an earlier day."""
    until = datetime.combine(days.day(day + 1), time(), zone)
    attempts = cards.select("card", "attempt").unique()
    return _log(stages, told.steps_as_known(int(until.timestamp() * 1e6)).join(attempts, on="card"), codes, zone)


def _narrowed(steps: pl.DataFrame, selection: Selection, params: dict[str, Any]) -> pl.DataFrame:
    """The steps of the cards that belong to the cut."""
    of_deals, of_leads = (
        _frame(query + "".join(CONDITIONS[name][place] for name in selection.cut if name in CONDITIONS), params, CARD)
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


def _lead_stages() -> tuple[Stage, ...]:
    return tuple(
        Stage(
            f"lead-{stage.value}",
            str(stage.label),
            Kind.PARKED if stage == LeadStage.WAITING else Kind.OPEN,
            Half.MARKETING,
        )
        for stage in OPEN_STAGES
    )


def _deal_stages(pipeline: Pipeline) -> tuple[tuple[Stage, ...], dict[str, int]]:
    """The pipeline's stages in use, and the code of each stage it ever had: a retired one counts as its successor."""
    rows = list(DealStage.objects.filter(pipeline=pipeline).order_by("position", "id"))
    used = [row for kind in (StageKind.OPEN, StageKind.WON, StageKind.LOST) for row in rows if row.kind == kind]
    used = [row for row in used if row.retired_at is None]
    code_of = {row.pk: code for code, row in enumerate(used)}
    successor = {row.pk: row.successor_id for row in rows}
    codes = {}
    for row in rows:
        place: Any = row.pk
        while place not in code_of:
            place = successor[place]
        codes[str(row.pk)] = code_of[place]
    return tuple(Stage(_deal_key(row), row.name, Kind(row.kind)) for row in used), codes


def _deal_key(stage: DealStage) -> str:
    return f"deal-{stage.pk}"


def _journey_codes(lead_stages: tuple[Stage, ...], deal_codes: dict[str, int]) -> dict[str, int]:
    shift = len(lead_stages)
    codes = {stage.value: code for code, stage in enumerate(OPEN_STAGES)}
    lost = max(deal_codes.values()) + shift
    return codes | {stage.value: lost for stage in LOST_LEADS} | {key: code + shift for key, code in deal_codes.items()}


def _log(stages: tuple[Stage, ...], steps: pl.DataFrame, codes: dict[str, int], zone: ZoneInfo) -> EventLog:
    at = pl.from_epoch("occurred_at", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
    return event_log(
        stages,
        steps.with_columns(
            stage=pl.col("to").replace_strict(codes, return_dtype=pl.Int16), day=at.dt.date().cast(pl.Int32)
        ),
    )


def _amendments(table: str, params: dict[str, Any]) -> pl.DataFrame:
    return _frame(AMENDMENTS.format(table=table), params, AMENDMENT_TYPES)


def _amended(steps: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    return amendments.effective(
        steps.rename({"occurred": "occurred_at"}), words.rename({"occurred": "occurred_at", "recorded": "recorded_at"})
    )


def _revised(steps: pl.DataFrame, revisions: pl.DataFrame) -> pl.DataFrame:
    """Each step with the last amount that was entered, or cleared, before the next step. A step whose day was corrected
    to a later one keeps what was entered since it was written down."""
    if revisions.height == 0 or steps.height == 0:
        return steps
    newest = (
        revisions.sort("occurred", maintain_order=True)
        .join_asof(
            steps.select("card", "seq", at=pl.min_horizontal("occurred_at", "known")).sort("at", "seq"),
            left_on="occurred",
            right_on="at",
            by="card",
            check_sortedness=False,
        )
        .drop_nulls("seq")
        .group_by("card", "seq", maintain_order=True)
        .agg(revised=pl.col("amount").last(), lacks=pl.col("without_rate").last(), is_revised=pl.lit(value=True))
    )
    return (
        steps.join(newest, on=["card", "seq"], how="left")
        .with_columns(
            amount=pl.when("is_revised").then("revised").otherwise("amount"),
            without_rate=pl.when("is_revised").then("lacks").otherwise("without_rate"),
        )
        .drop("revised", "lacks", "is_revised")
        .sort("card", "seq")
    )


def _frame(query: str, params: dict[str, Any], types: dict[str, Any]) -> pl.DataFrame:
    """The query's rows. Values are bound by the driver; the text is ours."""
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(query, params)
        with cursor.cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)") as copy:
            data = b"".join(bytes(chunk) for chunk in copy)
    if not data:
        return pl.DataFrame(schema=types)
    names = {name: pl.String if kind is pl.Boolean else kind for name, kind in types.items()}
    frame = pl.read_csv(data, has_header=False, schema=names)
    return frame.with_columns(pl.col(name) == "t" for name, kind in types.items() if kind is pl.Boolean)


@dataclass(frozen=True, slots=True)
class Prospects:
    """The leads' own way, and what was known of them when: see `tables.prospects`."""

    steps: pl.DataFrame
    touches: pl.DataFrame
    fits: pl.DataFrame
    sources: pl.DataFrame


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
STANDING_LEAD_STEPS = f"""
    SELECT e.card_id AS card, e.seq, e.to_stage AS "to", {MICROSECONDS.format("e.occurred_at")} AS occurred,
           e.is_exact AS exact, NULL::float8 AS amount, false AS without_rate, {MICROSECONDS.format(KNOWN_AT)} AS known
    FROM leads_leadevent e JOIN leads_lead l ON l.id = e.card_id WHERE l.merged_into_id IS NULL AND {KNOWN}"""


def prospects(at: datetime) -> Prospects:
    """All leads as they are known at a moment, without those merged into others."""
    params = {"until": at, "zone": Company.get().time_zone}
    lead = {"lead": pl.Int64}
    return Prospects(
        steps=_amended(_frame(STANDING_LEAD_STEPS, params, STEP_TYPES), _amendments("leads_leadamendment", params)),
        touches=_frame(LEAD_TOUCHES, params, lead | {"kind": pl.String, "at": pl.Int64}),
        fits=_frame(LEAD_FITS, params, lead | {"at": pl.Int64, "fit": pl.Int64}),
        sources=_frame(LEAD_SOURCES, params, lead | {"since": pl.Int64, "source": pl.Int64}),
    )


@dataclass(frozen=True)
class Attempts:
    """Returns to marketing whose end is known: days waited, the id of the lost reason, and 1 where the next try won."""

    days: np.ndarray
    reason: np.ndarray
    won: np.ndarray


def attempts(at: datetime) -> Attempts:
    """Every return that stands, was contacted again, and has come to an end.

    It is won when the lead's next deal is; it is not when that is lost, when marketing let the lead go, or when a year
    after asking again nothing has come of it. What is still under way is left out, since its end is not known yet.
    """
    reasons = dict(LostReason.objects.values_list("name", "pk"))
    voided = set(LeadAmendment.objects.filter(kind=AmendmentKind.VOID).values_list("card", "seq"))
    woken: dict[int, list[tuple[int, datetime]]] = {}
    left = LeadEvent.objects.filter(from_stage=LeadStage.WAITING, occurred_at__lte=at).exclude(source=Origin.UNDO)
    for card, seq, when in left.order_by("card", "seq").values_list("card", "seq", "occurred_at"):
        if (card, seq) not in voided:
            woken.setdefault(card, []).append((seq, when))
    tries = Deal.objects.filter(attempt__gt=1).order_by("pk").values_list("lead", "attempt", "stage__kind")
    ends = {(lead, attempt): kind for lead, attempt, kind in tries}
    rows = []
    recyclings = Recycling.objects.filter(at__lte=at).select_related("lead")
    for one in recyclings.only("seq", "attempt", "reason", "at", "lead__stage", "lead__attempt"):
        asked = next((when for seq, when in woken.get(one.lead_id, []) if seq > one.seq), None)
        if (one.lead_id, one.seq) in voided or asked is None or one.reason not in reasons:
            continue
        end = ends.get((one.lead_id, one.attempt + 1))
        gone = one.lead.stage in LOST_LEADS and one.lead.attempt == one.attempt + 1
        if end in (StageKind.WON, StageKind.LOST) or end is None and (gone or at - asked > timedelta(days=365)):
            rows.append(((asked - one.at).total_seconds() / 86400, reasons[one.reason], end == StageKind.WON))
    days, reason, won = (np.array([row[place] for row in rows]) for place in range(3))
    return Attempts(days.astype(float), reason.astype(int), won.astype(float))
