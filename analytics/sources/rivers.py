"""One pipeline's history as it was known at the end of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company

from .. import days
from ..event_log import EventLog, Stage, event_log
from ..models import Target
from ..river import Goal, River
from ..selection import Selection
from ..tables import journeys
from . import beside, cuts, logs, origins, pipelines
from .copying import frame

DEALS = "SELECT d.id AS card, d.lead_id AS lead, d.attempt FROM deals_deal d WHERE d.pipeline_id = %(pipeline)s"


def river(selection: Selection) -> River:
    """The pipeline's history as it was known at the end of `selection.as_of`."""
    pipeline = Pipeline.objects.get(pk=selection.pipeline)
    zone = ZoneInfo(pipeline.time_zone)
    company = Company.get()
    base = company.base_currency
    params = {
        "pipeline": pipeline.pk,
        "is_default": pipeline.is_default,
        "base": base,
        "until": datetime.combine(selection.as_of + timedelta(days=1), time(), zone).astimezone(UTC),
        **selection.cut,
    }
    told = logs.told(params)
    deal_steps = told.steps_as_known()
    lead_steps = logs.amended(
        frame(logs.LEAD_STEPS, params, logs.STEP_TYPES), logs.amendments_of("leads_leadamendment", params)
    )
    deals = frame(DEALS, params, {"card": pl.Int64, "lead": pl.Int64, "attempt": pl.Int32})
    deal_stages, deal_codes = pipelines.deal_stages(pipeline)
    lead_stages = pipelines.lead_stages()
    whole = journeys.journeys(lead_steps, deal_steps, deals)
    attempts = deal_steps.join(deals.select("card", "attempt"), on="card")
    if selection.cut:
        whole, attempts = (cuts.narrowed(steps, selection, params) for steps in (whole, attempts))
    return River(
        pipeline=pipeline.name,
        currency=base,
        journeys=_log((*lead_stages, *deal_stages), whole, pipelines.journey_codes(lead_stages, deal_codes), zone),
        deals=_log(deal_stages, attempts, deal_codes, zone),
        lost=beside.lost(params),
        expected_close=beside.expected_close(params),
        without_rate=int(attempts["without_rate"].sum()),
        cut=cuts.in_words(selection),
        facts=partial(beside.facts, {**params, "zone": zone.key}),
        origins=partial(origins.origins, params, whole.select("card").unique(), deals, zone),
        first_month=company.fiscal_year_start_month,
        goals=_goals(selection, params["until"]),
        before=partial(_before, selection),
        recycled=partial(beside.recycled, params),
        deals_as_of=None if told.is_plain else partial(_deals_as_of, told, attempts, deal_stages, deal_codes, zone),
    )


def _before(selection: Selection, day: date) -> River:
    return river(replace(selection, as_of=day, until=None, least=None, most=None))


def _goals(selection: Selection, until: datetime) -> tuple[Goal, ...]:
    """The targets that stood before `until` of the pipeline, the team or the person; other cuts have none."""
    if set(selection.cut) - {"team", "owner"} or len(selection.cut) > 1:
        return ()
    said = Target.objects.filter(pipeline=selection.pipeline, team=selection.team, owner=selection.owner)
    standing = [target for target in said.said_before(until) if target.base_amount is not None]
    goals = (Goal(target.starts_on, target.ends_on, float(target.base_amount)) for target in standing)
    return tuple(sorted(goals, key=lambda goal: (goal.end, goal.end - goal.start)))


def _deals_as_of(
    told: logs.Told, cards: pl.DataFrame, stages: tuple[Stage, ...], codes: dict[str, int], zone: ZoneInfo, day: int
) -> EventLog:
    """What the log of these cards said at the end of an earlier day."""
    until = datetime.combine(days.day(day + 1), time(), zone)
    attempts = cards.select("card", "attempt").unique()
    return _log(stages, told.steps_as_known(int(until.timestamp() * 1e6)).join(attempts, on="card"), codes, zone)


def _log(stages: tuple[Stage, ...], steps: pl.DataFrame, codes: dict[str, int], zone: ZoneInfo) -> EventLog:
    at = pl.from_epoch("occurred_at", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
    return event_log(
        stages,
        steps.with_columns(
            stage=pl.col("to").replace_strict(codes, return_dtype=pl.Int16), day=at.dt.date().cast(pl.Int32)
        ),
    )
