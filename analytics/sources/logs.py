"""The steps of leads and deals, and all words that were said about them later."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from deals.models import Stage
from leads.models import Batch, LeadStage

from ..tables import amendments
from .clauses import IN_BASE, KNOWN, KNOWN_AT, LACKS_RATE, MICROSECONDS
from .copying import columns, frame

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
DEALS_FILE = "import deals"
AMENDMENT_TYPES = {"card": pl.Int64, "seq": pl.Int64, "kind": pl.String, "occurred": pl.Int64, "recorded": pl.Int64}
REVISION_TYPES = {"card": pl.Int64, "occurred": pl.Int64, "amount": pl.Float64, "without_rate": pl.Boolean}

# A file with one row a deal states its last amount only: before the file's last step of it a deal was worth its
# products' prices. Steps taken here since then change nothing of that.
KNOWN_AMOUNT = """
    CASE WHEN e.batch_id = ANY(%(files)s) AND (e.amount IS NULL OR EXISTS (
                  SELECT 1 FROM deals_dealevent x
                  WHERE x.card_id = e.card_id AND x.seq > e.seq AND x.batch_id = e.batch_id))
         THEN (SELECT sum(l.quantity * p.price) FROM deals_dealline l JOIN deals_product p ON p.id = l.product_id
               WHERE l.deal_id = e.card_id AND p.currency = e.currency AND p.price > 0)
         ELSE e.amount END"""

DEAL_STEPS = f"""
    SELECT s.card, s.seq, s."to", s.occurred, s.exact,
           ({IN_BASE.format(amount="s.amount", currency="s.currency", at="s.occurred")})::float8 AS amount,
           {LACKS_RATE.format(amount="s.amount", currency="s.currency", at="s.occurred")} AS without_rate, s.known
    FROM (SELECT e.card_id AS card, e.seq, array_position(%(stages)s::bigint[], e.to_stage_id) - 1 AS "to",
                 e.is_exact AS exact, {KNOWN_AT} AS known, e.occurred_at AS occurred, e.currency,
                 {KNOWN_AMOUNT} AS amount
          FROM deals_dealevent e WHERE e.to_stage_id = ANY(%(stages)s) AND {KNOWN}) s"""

# All leads but those whose deals are of other pipelines: those with a deal in this one, and in the default pipeline
# those without any.
LEAD_STEPS = f"""
    SELECT e.card_id AS card, e.seq, array_position(%(lead_stages)s::text[], e.to_stage) - 1 AS "to",
           e.occurred_at AS occurred, e.is_exact AS exact, {KNOWN_AT} AS known
    FROM leads_leadevent e WHERE {KNOWN} AND """
OF_PIPELINE = "e.card_id IN (SELECT o.lead_id FROM deals_deal o WHERE o.pipeline_id = %(pipeline)s)"
OF_DEFAULT = """NOT EXISTS (
        SELECT 1 FROM deals_deal o WHERE o.lead_id = e.card_id AND o.pipeline_id <> %(pipeline)s AND NOT EXISTS (
            SELECT 1 FROM deals_deal m WHERE m.lead_id = o.lead_id AND m.pipeline_id = %(pipeline)s))"""

AMENDMENTS = f"""
    SELECT a.card_id AS card, a.seq, a.kind, {MICROSECONDS.format("a.occurred_at")} AS occurred,
           {MICROSECONDS.format("a.recorded_at")} AS recorded
    FROM {{table}} a WHERE a.recorded_at < %(until)s"""

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

STANDING_LEAD_STEPS = f"""
    SELECT e.card_id AS card, e.seq, e.to_stage AS "to", {MICROSECONDS.format("e.occurred_at")} AS occurred,
           e.is_exact AS exact, NULL::float8 AS amount, false AS without_rate, {MICROSECONDS.format(KNOWN_AT)} AS known
    FROM leads_leadevent e JOIN leads_lead l ON l.id = e.card_id WHERE l.merged_into_id IS NULL AND {KNOWN}"""


SENT_TYPES = {
    "card": pl.Int64,
    "seq": pl.Int32,
    "to": pl.Int16,
    "occurred": pl.Datetime,
    "exact": pl.Boolean,
    "known": pl.Datetime,
}
VALUE_TYPES = {"amount": pl.Float64, "without_rate": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Told:
    """All that was told of a pipeline's deals, each word with the moment from which it was known."""

    steps: pl.DataFrame
    amendments: pl.DataFrame
    revisions: pl.DataFrame

    def corrected(self, zone: str) -> pl.Series:
        """The cards that were not on every evening as their steps say now: a step was known only on a later day, or a
        later word changed one."""
        late = self.steps.filter(pl.col("known") > pl.col("occurred"))
        late = late.filter(local_day("known", zone) > local_day("occurred", zone))
        return pl.concat([late["card"], self.amendments["card"], self.revisions["card"]]).unique().sort()

    def of(self, cards: pl.Series) -> Told:
        """What was told of these cards."""
        chosen = cards.to_frame("card")
        return Told(
            *(words.join(chosen, on="card", how="semi") for words in (self.steps, self.amendments, self.revisions))
        )

    def steps_as_known(self, until: int | None = None) -> pl.DataFrame:
        """The steps as they were known before `until` (microseconds), by default as they are known now."""
        told = (self.steps, "known"), (self.amendments, "recorded"), (self.revisions, "occurred")
        steps, words, revisions = (
            rows if until is None else rows.filter(pl.col(moment) < until) for rows, moment in told
        )
        return _revised(amended(steps, words), revisions)


def told(params: dict[str, Any]) -> Told:
    """What was told of the deals of `params["pipeline"]` before `params["until"]`."""
    stages = _stages(params)
    files = list(Batch.objects.filter(kind=DEALS_FILE).values_list("id", flat=True))
    asked = {**params, "stages": stages, "files": files}
    steps = _named(columns(DEAL_STEPS, asked, SENT_TYPES | VALUE_TYPES), stages, first=len(LeadStage))
    words = amendments_of("deals_dealamendment", params)
    return Told(steps, words.join(steps, on="card", how="semi"), frame(REVISIONS, params, REVISION_TYPES))


def lead_steps(params: dict[str, Any]) -> pl.DataFrame:
    """The steps of the pipeline's leads, and in the default pipeline of those without a deal, as they are known."""
    query = LEAD_STEPS + (OF_DEFAULT if params["is_default"] else OF_PIPELINE)
    steps = columns(query, {**params, "lead_stages": LeadStage.values}, SENT_TYPES)
    steps = _named(steps, _stages(params)).with_columns(amount=pl.lit(None, pl.Float64))
    return amended(steps, amendments_of("leads_leadamendment", params))


def _stages(params: dict[str, Any]) -> list[int]:
    """All stages the pipeline ever had."""
    return list(Stage.objects.filter(pipeline=params["pipeline"]).order_by("id").values_list("id", flat=True))


def local_day(moment: str, zone: str) -> pl.Expr:
    """The day it is in that zone, of microseconds since 1970."""
    at = pl.from_epoch(moment, time_unit="us").dt.replace_time_zone("UTC")
    return at.dt.convert_time_zone(zone).dt.date()


def _named(steps: pl.DataFrame, stages: list[int], *, first: int = 0) -> pl.DataFrame:
    """`to` in words, leads' and then the pipeline's, instead of as a place among them from `first` on."""
    words = pl.Enum([*LeadStage.values, *(str(stage) for stage in stages)])
    places = (steps["to"] + first).cast(pl.Series([], dtype=words).to_physical().dtype)
    return steps.with_columns(places.cat.to(words))


def amendments_of(table: str, params: dict[str, Any]) -> pl.DataFrame:
    """What was said by then about steps of that log, in `table`."""
    return frame(AMENDMENTS.format(table=table), params, AMENDMENT_TYPES)


def amended(steps: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """The steps as those words leave them."""
    return amendments.effective(
        steps.rename({"occurred": "occurred_at"}), words.rename({"occurred": "occurred_at", "recorded": "recorded_at"})
    )


def _revised(steps: pl.DataFrame, revisions: pl.DataFrame) -> pl.DataFrame:
    """Each step with the last amount that was entered, or cleared, before the next step. A step whose day was corrected
    to a later one keeps what was entered since it was written down."""
    if revisions.height == 0 or steps.height == 0:
        return steps
    of_revised = steps.join(revisions, on="card", how="semi")
    newest = (
        revisions.sort("occurred", maintain_order=True)
        .join_asof(
            of_revised.select("card", "seq", at=pl.min_horizontal("occurred_at", "known")).sort("at", "seq"),
            left_on="occurred",
            right_on="at",
            by="card",
            check_sortedness=False,
        )
        .drop_nulls("seq")
        .group_by("card", "seq", maintain_order=True)
        .agg(revised=pl.col("amount").last(), lacks=pl.col("without_rate").last(), is_revised=pl.lit(value=True))
    )
    renewed = (
        of_revised.join(newest, on=["card", "seq"], how="left")
        .with_columns(
            amount=pl.when("is_revised").then("revised").otherwise("amount"),
            without_rate=pl.when("is_revised").then("lacks").otherwise("without_rate"),
        )
        .drop("revised", "lacks", "is_revised")
    )
    return pl.concat([steps.join(revisions, on="card", how="anti"), renewed]).sort("card", "seq")
