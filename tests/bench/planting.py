"""A large pipeline, written straight into PostgreSQL: leads, deals and their steps, and a few later words about them.

The histories are those of `tests.market`. They keep to the chained schema, which is not asked whether they do: its
triggers and references sleep while the rows come in, so that ten million steps are there within minutes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from django.db import connection, transaction

from analytics import days
from deals.domain import shaping
from deals.models import Pipeline, StageKind
from tests import market
from tests.factories import make_reason, make_team, make_user

DAYS = 730
STEPS_PER_DAY_AND_DEAL = 2700  # in two years, at one deal a day
OWNERS, TEAMS = 20, 4
FROM_MARKETING = 0.3
ABROAD = 0.05
REVISED, AMENDED = 0.05, 0.01
AT_ONCE = 1_000_000
MORNING = 9 * 3600


@dataclass(frozen=True)
class Planted:
    pipeline: Pipeline
    as_of: date
    steps: int
    deals: int
    lead_steps: int


def plant(steps: int, *, name: str = "Large", seed: int = 1) -> Planted:
    """A pipeline of about so many steps of deals in two years. Five of a hundred deals were given another amount later,
    and one of a hundred had a step voided."""
    rng = np.random.default_rng(seed)
    log = market.market(rng, days=DAYS, per_day=steps / STEPS_PER_DAY_AND_DEAL)
    pipeline, codes = _pipeline(name)
    taken = _with_ids(log.steps, codes)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off")
        first = {table: _next_id(cursor, table) for table in ("leads_lead", "deals_deal")}
        cards = _cards(taken, first, pipeline, rng)
        _copy(cursor, "leads_lead", _leads(cards))
        of_leads = _lead_steps(cards)
        _copy(cursor, "leads_leadevent", of_leads)
        _copy(cursor, "deals_deal", _deals(cards))
        _copy(cursor, "deals_dealevent", _deal_steps(taken, cards))
        _copy(cursor, "deals_dealchange", _revisions(cards))
        _copy(cursor, "deals_dealamendment", _amendments(taken, cards))
        for table in ("leads_lead", "deals_deal"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return Planted(pipeline, days.day(market.FIRST + DAYS - 1), taken.height, cards.height, of_leads.height)


def _pipeline(name: str) -> tuple[Pipeline, pl.DataFrame]:
    """A new pipeline with the market's stages, and what the database calls each of them."""
    pipeline = shaping.create_pipeline(name, stages=market.NAMES, by=None, time_zone="UTC")
    rows = list(pipeline.stages.order_by("position").values_list("pk", "kind"))
    kinds = (*[StageKind.OPEN] * market.OPEN_STAGES, StageKind.WON, StageKind.LOST)
    places = [next(row for row in rows if row[1] == kind and row not in rows[:n]) for n, kind in enumerate(kinds)]
    return pipeline, pl.DataFrame(
        [(code, pk, str(kind)) for code, (pk, kind) in enumerate(places)],
        schema={"stage": pl.Int16, "to": pl.Int64, "kind": pl.String},
        orient="row",
    )


def _next_id(cursor, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
    return cursor.fetchone()[0]


def _with_ids(steps: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Each step with its stage's id and kind, where it came from, and its moment: minutes of a morning, in order."""
    same = pl.col("card") == pl.col("card").shift()
    return (
        steps.join(codes, on="stage", maintain_order="left")
        .with_columns(
            seq=pl.col("seq") + 1,
            at=(pl.col("day").cast(pl.Int64) * 86400 + MORNING + pl.col("seq") * 60),
        )
        .with_columns(
            from_stage=pl.when(same).then(pl.col("to").shift()), before=pl.when(same).then(pl.col("at").shift())
        )
    )


def _cards(taken: pl.DataFrame, first: dict[str, int], pipeline: Pipeline, rng: np.random.Generator) -> pl.DataFrame:
    """One row a deal: where it stands, whose it is, and what is told of it beside its steps."""
    cards = taken.group_by("card", maintain_order=True).agg(
        begun=pl.col("at").first(),
        entered=pl.col("at").last(),
        stage=pl.col("to").last(),
        seq=pl.col("seq").last(),
        amount=pl.col("amount").last().round(2),
    )
    teams = [make_team().pk for _ in range(TEAMS)]
    owners = [make_user(name=f"Owner {n}").pk for n in range(OWNERS)]
    owner = rng.integers(OWNERS, size=cards.height)
    draws = rng.random((4, cards.height))
    return cards.with_columns(
        deal=pl.col("card") + first["deals_deal"],
        lead=pl.col("card") + first["leads_lead"],
        pipeline=pl.lit(pipeline.pk),
        owner=pl.Series(np.array(owners)[owner]),
        team=pl.Series(np.array(teams)[owner % TEAMS]),
        is_from_marketing=pl.Series(draws[0] < FROM_MARKETING),
        currency=pl.Series(np.where(draws[1] < ABROAD, "USD", "EUR")),
        is_revised=pl.Series(draws[2] < REVISED),
        is_amended=pl.Series(draws[3] < AMENDED),
    )


def _moment(name: str) -> pl.Expr:
    return pl.from_epoch(pl.col(name), time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S+00")


def _leads(cards: pl.DataFrame) -> pl.DataFrame:
    return cards.select(
        id="lead", seq=pl.when("is_from_marketing").then(4).otherwise(2), version=pl.lit(1), rank=pl.lit("a"),
        stage_entered_at=_moment("begun"), currency="currency", tags=pl.lit("{}"), created_at=_moment("begun"),
        title=pl.lit("Rollout"), stage=pl.lit("accepted"), attempt=pl.lit(1), score=pl.lit(0), owner_id="owner",
        team_id="team", score_week_ago=pl.lit(0),
    )  # fmt: skip


def _lead_steps(cards: pl.DataFrame) -> pl.DataFrame:
    """Three in ten came by marketing and were handed over; the others were entered by sales, and are accepted at
    once."""
    way = pl.DataFrame(
        [("generation", 20), ("qualification", 12), ("ready", 3), ("accepted", 0)],
        schema={"to_stage": pl.String, "days": pl.Int64},
        orient="row",
    )
    came, entered = cards.filter("is_from_marketing"), cards.filter(~pl.col("is_from_marketing"))
    steps = pl.concat(
        [
            came.join(way, how="cross").with_columns(at=pl.col("begun") - pl.col("days") * 86400),
            entered.join(way[[0, 3]], how="cross").with_columns(at=pl.col("begun")),
        ],
        how="vertical",
    ).sort("lead", "at", maintain_order=True)
    same = pl.col("lead") == pl.col("lead").shift()
    return steps.with_columns(
        seq=pl.int_range(1, pl.len() + 1).over("lead"),
        from_stage=pl.when(same).then(pl.col("to_stage").shift()),
        before=pl.when(same).then(pl.col("at").shift()),
    ).select(
        seq="seq", occurred_at=_moment("at"), is_exact=pl.lit("t"), recorded_at=_moment("at"),
        prev_recorded_at=_moment("before"), currency="currency", source=pl.lit("user"), from_stage="from_stage",
        to_stage="to_stage", by_id="owner", card_id="lead",
    )  # fmt: skip


def _deals(cards: pl.DataFrame) -> pl.DataFrame:
    expected = pl.from_epoch(pl.col("begun") + 40 * 86400, time_unit="s").dt.date().cast(pl.String)
    return cards.select(
        id="deal", seq="seq", version=pl.lit(1), rank=pl.lit("a"), stage_entered_at=_moment("entered"),
        currency="currency", tags=pl.lit("{}"), created_at=_moment("begun"), title=pl.lit("Rollout"), amount="amount",
        base_amount="amount", expected_close=expected, deal_type=pl.lit("new"), competitor=pl.lit(""),
        concerns=pl.lit(""), attempt=pl.lit(1), lead_id="lead", owner_id="owner", team_id="team",
        pipeline_id="pipeline", stage_id="stage", marketing_allowed=pl.lit("t"),
    )  # fmt: skip


def _deal_steps(taken: pl.DataFrame, cards: pl.DataFrame) -> pl.DataFrame:
    reason = make_reason().pk
    known = cards.select("card", "deal", "owner", "currency")
    return taken.join(known, on="card", maintain_order="left").select(
        seq="seq", occurred_at=_moment("at"), is_exact=pl.lit("t"), recorded_at=_moment("at"),
        prev_recorded_at=_moment("before"), amount=pl.col("amount").round(2), currency="currency",
        source=pl.lit("user"), to_kind="kind", by_id="owner", card_id="deal", from_stage_id="from_stage",
        to_stage_id="to", lost_reason_id=pl.when(pl.col("kind") == "lost").then(reason),
    )  # fmt: skip


def _revisions(cards: pl.DataFrame) -> pl.DataFrame:
    """The amount that stands replaced one of four fifths of it, on the day after the deal began."""
    revised = cards.filter("is_revised").with_columns(noticed=pl.col("begun") + 86400)
    return revised.select(
        field=pl.lit("amount"), before=pl.concat_str(pl.lit('"'), (pl.col("amount") * 0.8).round(2), pl.lit('"')),
        after=pl.concat_str(pl.lit('"'), pl.col("amount"), pl.lit('"')),
        recorded_at=_moment("noticed"), source=pl.lit("user"), by_id="owner", deal_id="deal",
    )  # fmt: skip


def _amendments(taken: pl.DataFrame, cards: pl.DataFrame) -> pl.DataFrame:
    """The second step never happened, which was noticed on the day after."""
    chosen = cards.filter(pl.col("is_amended") & (pl.col("seq") > 2)).select("card", "deal", "owner")
    second = taken.filter(pl.col("seq") == 2).join(chosen, on="card").with_columns(at=pl.col("at") + 86400)
    return second.select(
        seq="seq", kind=pl.lit("void"), reason=pl.lit("By mistake"), recorded_at=_moment("at"), by_id="owner",
        card_id="deal",
    )  # fmt: skip


def _copy(cursor, table: str, rows: pl.DataFrame) -> None:
    columns = ", ".join(f'"{name}"' for name in rows.columns)
    for part in rows.iter_slices(AT_ONCE):
        text = io.BytesIO()
        part.write_csv(text, include_header=False)
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getbuffer())
