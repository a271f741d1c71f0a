"""The steps of leads and deals, and all words that were said about them later."""

# ruff: noqa: S608 -- the statements are put together from constants of this package; values are bound

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from typing import Any

import numpy as np
import polars as pl

from deals.models import Stage
from leads.models import Batch, LeadStage
from pipeline_crm.accounts.models import Company

from ..event_log import NEVER
from ..tables import amendments
from ..tables.ordering import in_order
from . import blocks
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

DEAL_COLUMNS = f"""
    s.card, s.seq, s."to", s.occurred, s.exact, s.reason, s.known,
    ({IN_BASE.format(amount="s.amount", currency="s.currency", at="s.occurred")})::float8 AS amount,
    {LACKS_RATE.format(amount="s.amount", currency="s.currency", at="s.occurred")} AS without_rate"""
DEAL_ROWS = f"""
    (SELECT e.id, e.card_id AS card, e.seq, e.to_stage_id::int AS "to", e.is_exact AS exact, {KNOWN_AT} AS known,
            e.occurred_at AS occurred, coalesce(e.lost_reason_id, 0)::int AS reason, e.currency,
            coalesce(e.batch_id = ANY(%(files)s), false) AS is_of_file, {KNOWN_AMOUNT} AS amount
     FROM deals_dealevent e) s"""
DEAL_STEPS = f'SELECT {DEAL_COLUMNS} FROM {DEAL_ROWS} WHERE s."to" = ANY(%(stages)s) AND '
SETTLED_DEAL_STEPS = f"""
    SELECT s.id, s.currency <> %(base)s OR s.is_of_file AS is_apart, {DEAL_COLUMNS} FROM {DEAL_ROWS}
    WHERE s.id > %(after)s AND s.id <= %(last)s"""

LEAD_COLUMNS = 's.card, s.seq, s."to", s.occurred, s.exact, s.known'
LEAD_ROWS = f"""
    (SELECT e.id, e.card_id AS card, e.seq, array_position(%(lead_stages)s::text[], e.to_stage) - 1 AS "to",
            e.occurred_at AS occurred, e.is_exact AS exact, {KNOWN_AT} AS known
     FROM leads_leadevent e) s"""
LEAD_STEPS = f"SELECT {LEAD_COLUMNS} FROM {LEAD_ROWS} WHERE "
SETTLED_LEAD_STEPS = f"SELECT {LEAD_COLUMNS} FROM {LEAD_ROWS} WHERE s.id > %(after)s AND s.id <= %(last)s"

# What is not in the blocks.
BESIDE = "s.known < %(until)s AND (s.id > %(after)s OR s.id = ANY(%(apart)s::bigint[]))"
LEADS_ELSEWHERE = "SELECT DISTINCT d.lead_id AS lead FROM deals_deal d WHERE d.pipeline_id <> %(pipeline)s"

AMENDMENTS = f"""
    SELECT a.card_id AS card, a.seq, a.kind, {MICROSECONDS.format("a.occurred_at")} AS occurred,
           {MICROSECONDS.format("a.recorded_at")} AS recorded
    FROM {{table}} a WHERE a.recorded_at < %(until)s"""

# What stood in a field after a change: what the newest change of it said, else what the next one replaced, else what
# stands now.
STANDING = """(coalesce(
        CASE WHEN c.field = '{field}' THEN c.after ELSE
        (SELECT x.after FROM deals_dealchange x
         WHERE x.deal_id = c.deal_id AND x.field = '{field}' AND x.id <= c.id ORDER BY x.id DESC LIMIT 1) END,
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
          WHERE d.pipeline_id = %(pipeline)s AND c.field IN ('amount', 'currency') AND c.recorded_at < %(until)s
          OFFSET 0) s  -- each is looked up once
    ORDER BY s.id"""

STANDING_LEAD_STEPS = f"""
    SELECT e.card_id AS card, e.seq, e.to_stage AS "to", {MICROSECONDS.format("e.occurred_at")} AS occurred,
           e.is_exact AS exact, NULL::float8 AS amount, false AS without_rate, {MICROSECONDS.format(KNOWN_AT)} AS known
    FROM leads_leadevent e JOIN leads_lead l ON l.id = e.card_id WHERE l.merged_into_id IS NULL AND {KNOWN}"""


LEAD_TYPES = {
    "card": pl.Int64,
    "seq": pl.Int32,
    "to": pl.Int16,
    "occurred": pl.Datetime,
    "exact": pl.Boolean,
    "known": pl.Datetime,
}
DEAL_TYPES = LEAD_TYPES | {"to": pl.Int32, "reason": pl.Int32, "amount": pl.Float64, "without_rate": pl.Boolean}
SETTLED_TYPES = {"id": pl.Int64, "is_apart": pl.Boolean} | DEAL_TYPES


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

    def losses(self) -> pl.DataFrame:
        """Each deal's last loss that stands: its card, and the number of the reason."""
        losses = self.steps.filter(pl.col("reason") > 0)
        voided = self.amendments.filter(pl.col("kind") == "void")
        if voided.height:
            losses = losses.join(voided, on=["card", "seq"], how="anti")
        last = pl.col("card") != pl.col("card").shift(-1)
        return in_order(losses).filter(last.fill_null(value=True)).select("card", "reason")

    def steps_as_known(self) -> pl.DataFrame:
        """The steps as they are known now."""
        return _revised(amended(self.steps, self.amendments), self.revisions)

    def versions(self, zone: str) -> tuple[pl.DataFrame, Told]:
        """What was known of each card from evening to evening: version (its number), card, first and last (the days on
        whose evenings it was all that was known); and the words that had been told then, as those of a card that has
        the version's number."""
        words = [
            rows.with_columns(day=local_day(moment, zone).cast(pl.Int32))
            for rows, moment in ((self.steps, "known"), (self.amendments, "recorded"), (self.revisions, "occurred"))
        ]
        versions = pl.concat([rows.select("card", first="day") for rows in words]).unique().sort("card", "first")
        versions = versions.with_row_index("version").with_columns(
            pl.col("version").cast(pl.Int64), last=(pl.col("first").shift(-1).over("card") - 1).fill_null(NEVER)
        )
        of_card = versions.select("card", "version", "first")
        known = (rows.join(of_card, on="card").filter(pl.col("day") <= pl.col("first")) for rows in words)
        return versions, Told(*(rows.with_columns(card="version").drop("version", "first", "day") for rows in known))


def told(params: dict[str, Any]) -> Told:
    """What was told of the deals of `params["pipeline"]` before `params["until"]`."""
    stages = _stages(params)
    known = blocks.settled("deals", _recipe("deals", params["base"]))
    steps = _steps(known, DEAL_STEPS, {**params, "stages": stages, "files": _files()}, DEAL_TYPES)
    of_pipeline = steps.filter(pl.col("to").is_in(stages))
    steps = _named(of_pipeline, pl.Series(np.searchsorted(stages, of_pipeline["to"])), stages, first=len(LeadStage))
    words = amendments_of("deals_dealamendment", params)
    return Told(steps, words.join(steps, on="card", how="semi"), frame(REVISIONS, params, REVISION_TYPES))


def lead_steps(params: dict[str, Any], deals: pl.DataFrame) -> pl.DataFrame:
    """The steps, as they are known, of the leads of the pipeline: of those who have one of its `deals`, and in the
    default pipeline of all but those whose deals are of other pipelines."""
    known = blocks.settled("leads", _recipe("leads"))
    steps = _steps(known, LEAD_STEPS, {**params, "lead_stages": LeadStage.values}, LEAD_TYPES)
    if params["is_default"]:
        elsewhere = columns(LEADS_ELSEWHERE, params, {"lead": pl.Int64}).join(deals, on="lead", how="anti")
        steps = steps.join(elsewhere, left_on="card", right_on="lead", how="anti")
    else:
        steps = steps.join(deals, left_on="card", right_on="lead", how="semi")
    steps = _named(steps, steps["to"], _stages(params)).with_columns(amount=pl.lit(None, pl.Float64))
    return amended(steps, amendments_of("leads_leadamendment", params))


def settle() -> dict[str, int]:
    """Pack what has settled of both logs since the last time; answers up to which ids the blocks reach."""
    base = Company.get().base_currency
    deals, leads = {"base": base, "files": _files()}, {"lead_stages": LeadStage.values}

    def of_deals(after: int, last: int) -> tuple[pl.DataFrame, pl.Series]:
        steps = columns(SETTLED_DEAL_STEPS, {**deals, "after": after, "last": last}, SETTLED_TYPES)
        return steps.filter(~pl.col("is_apart")).select(*DEAL_TYPES), steps.filter("is_apart")["id"]

    def of_leads(after: int, last: int) -> tuple[pl.DataFrame, pl.Series]:
        steps = columns(SETTLED_LEAD_STEPS, {**leads, "after": after, "last": last}, LEAD_TYPES)
        return steps, pl.Series("id", [], pl.Int64)

    return {
        "deals": blocks.extend("deals", "deals_dealevent", _recipe("deals", base), of_deals),
        "leads": blocks.extend("leads", "leads_leadevent", _recipe("leads"), of_leads),
    }


def _recipe(log: str, *follows: str) -> str:
    """What packed steps follow beside the log."""
    words = [str(blocks.SHAPE), *follows, *(LeadStage.values if log == "leads" else ())]
    return md5("|".join(words).encode(), usedforsecurity=False).hexdigest()


def _steps(known: blocks.Settled, query: str, params: dict[str, Any], types: dict[str, Any]) -> pl.DataFrame:
    """Those in the blocks and those beside them, known before `params["until"]`."""
    beside = columns(
        query + BESIDE, {**params, "after": known.last_id, "apart": f"{{{','.join(map(str, known.apart))}}}"}, types
    )
    if known.steps is None:
        return beside
    until = int(params["until"].timestamp() * 1e6)
    return pl.concat([known.steps.filter(pl.col("known") < until), beside])


def _files() -> list[int]:
    return list(Batch.objects.filter(kind=DEALS_FILE).values_list("id", flat=True))


def _stages(params: dict[str, Any]) -> list[int]:
    """All stages the pipeline ever had."""
    return list(Stage.objects.filter(pipeline=params["pipeline"]).order_by("id").values_list("id", flat=True))


def local_day(moment: str, zone: str) -> pl.Expr:
    """The day it is in that zone, of microseconds since 1970."""
    at = pl.from_epoch(moment, time_unit="us").dt.replace_time_zone("UTC")
    return at.dt.convert_time_zone(zone).dt.date()


def _named(steps: pl.DataFrame, places: pl.Series, stages: list[int], *, first: int = 0) -> pl.DataFrame:
    """`to` in words, leads' and then the pipeline's, instead of as a place among them from `first` on."""
    words = pl.Enum([*LeadStage.values, *(str(stage) for stage in stages)])
    codes = (places + first).cast(pl.Series([], dtype=words).to_physical().dtype)
    return steps.with_columns(codes.cat.to(words).alias("to"))


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
    is_revised = pl.col("card").is_in(revisions["card"].unique().implode())
    of_revised = steps.filter(is_revised)
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
    return in_order(pl.concat([steps.filter(~is_revised), renewed]))
