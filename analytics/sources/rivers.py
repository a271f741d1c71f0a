"""One pipeline's history as it was known at the end of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company

from ..event_log import EventLog, Stage, Versions, event_log
from ..models import Target
from ..river import Goal, River
from ..selection import Selection
from ..tables import journeys
from . import beside, cuts, logs, origins, pipelines
from .copying import columns
from .recollections import Recollections, Words

DEAL_TYPES = {"card": pl.Int64, "lead": pl.Int64, "attempt": pl.Int32}
DEALS = "SELECT d.id AS card, d.lead_id AS lead, d.attempt FROM deals_deal d WHERE d.pipeline_id = %(pipeline)s"


def river(selection: Selection) -> River:
    """The pipeline's history as it was known at the end of `selection.as_of`."""
    return Reading(selection.pipeline, selection.as_of).river(selection)


class Reading:
    """What was known of a pipeline at the end of a day: read once, for all of it and for everybody's part."""

    def __init__(self, number: int, as_of: date):
        self._pipeline = pipeline = Pipeline.objects.get(pk=number)
        self._as_of, self._zone, self._company = as_of, ZoneInfo(pipeline.time_zone), Company.get()
        self._params = params = {
            "pipeline": pipeline.pk,
            "is_default": pipeline.is_default,
            "base": self._company.base_currency,
            "until": datetime.combine(as_of + timedelta(days=1), time(), self._zone).astimezone(UTC),
        }
        self._told = logs.told(params)
        self._deals = columns(DEALS, params, DEAL_TYPES)
        self._corrected = self._told.corrected(self._zone.key)
        self._attempts = self._told.steps_as_known().join(self._deals, on="card", maintain_order="left")
        self._journeys = journeys.journeys(logs.lead_steps(params, self._deals), self._attempts, self._deals)

    def river(self, selection: Selection) -> River:
        """That of the cards of the selection, which is of this pipeline and day."""
        pipeline, zone, params = self._pipeline, self._zone, {**self._params, **selection.cut}
        whole, attempts = self._journeys, self._attempts
        if selection.cut:
            whole, attempts = (cuts.narrowed(steps, selection, params) for steps in (whole, attempts))
        deal_stages, deal_codes = pipelines.deal_stages(pipeline)
        lead_stages = pipelines.lead_stages()
        of_all = partial(
            _log, (*lead_stages, *deal_stages), codes=pipelines.journey_codes(lead_stages, deal_codes), zone=zone
        )
        of_deals = partial(_log, deal_stages, codes=deal_codes, zone=zone)
        return River(
            pipeline=pipeline.name,
            currency=params["base"],
            journeys=of_all(whole),
            deals=of_deals(attempts),
            lost=partial(beside.lost, params, self._told.losses()),
            expected_close=partial(beside.expected_close, params),
            without_rate=int(attempts["without_rate"].sum()),
            cut=cuts.in_words(selection),
            facts=partial(beside.facts, {**params, "zone": zone.key}),
            origins=partial(origins.origins, params, whole.select("card").unique(), self._deals, zone),
            first_month=self._company.fiscal_year_start_month,
            goals=_goals(selection, params["until"]),
            before=partial(_before, selection),
            recycled=partial(beside.recycled, params),
            corrected=self._corrected,
            versions=partial(_versions, self._told.of(self._corrected), of_deals, zone, attempts),
            whole=self._whole if selection.is_of_people else None,
            recall=self._recollections(selection, attempts, deal_codes),
        )

    def _recollections(self, selection: Selection, attempts: pl.DataFrame, codes: dict[str, int]) -> Recollections:
        """Of the selected deals and of the whole pipeline's, since these borrow from it."""
        follows = self._params["base"], self._zone.key, codes, tuple(self._told.steps["to"].dtype.categories)
        if not selection.cut:
            return Recollections(selection, (self._words,), follows)
        deals = self._deals.join(attempts, on="card", how="semi")
        own = Words(self._told.of(deals["card"]), deals, self._zone.key)
        return Recollections(selection, (own, self._words), follows)

    @cached_property
    def _words(self) -> Words:
        return Words(self._told, self._deals, self._zone.key)

    def _whole(self) -> River:
        return self.river(Selection(self._pipeline.pk, self._as_of))


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


def _versions(
    told: logs.Told, log: Callable[[pl.DataFrame], EventLog], zone: ZoneInfo, steps: pl.DataFrame
) -> Versions:
    """What was known, from evening to evening, of those cards of `told` that are in `steps`."""
    attempts = steps.select("card", "attempt").join(told.steps, on="card", how="semi").unique("card")
    versions, as_told = told.of(attempts["card"]).versions(zone.key)
    attempts = versions.join(attempts, on="card", maintain_order="left").select("attempt", card="version")
    return Versions(
        log(as_told.steps_as_known().join(attempts, on="card", maintain_order="left")),
        *(versions[name].cast(pl.Int64).to_numpy() for name in ("card", "first", "last")),
    )


def _log(stages: tuple[Stage, ...], steps: pl.DataFrame, *, codes: dict[str, int], zone: ZoneInfo) -> EventLog:
    places = np.array([codes.get(word, -1) for word in steps["to"].dtype.categories], dtype=np.int16)
    stage = pl.Series("stage", places[steps["to"].to_physical().to_numpy()])
    return event_log(stages, steps.with_columns(stage, day=logs.local_day("occurred_at", zone.key).cast(pl.Int32)))
