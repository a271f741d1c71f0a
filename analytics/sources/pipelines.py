"""Pipelines by name, the day it is where they are, and the stages of their rivers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from deals.models import Pipeline, StageKind
from deals.models import Stage as DealStage
from leads.models import LeadStage
from leads.models.lead import OPEN_STAGES
from pipeline_crm.foundation.errors import Refusal

from ..event_log import Half, Kind, Stage

LOST_LEADS = (LeadStage.DISQUALIFIED, LeadStage.UNSUBSCRIBED)


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
    return {deal_key(stage): stage.name for stage in stages}


def open_stages(pipeline: Pipeline) -> dict[str, str]:
    """The stages of the pipeline's river that something can be done about, marketing's first, by key."""
    marketing = {stage.key: stage.name for stage in lead_stages() if stage.kind is Kind.OPEN}
    return marketing | landmarks(pipeline)


def today(pipeline: Pipeline, at: datetime) -> date:
    """The day it is at `at` where the pipeline is."""
    return at.astimezone(ZoneInfo(pipeline.time_zone)).date()


def lead_stages() -> tuple[Stage, ...]:
    """Marketing's stages; those who wait are parked."""
    return tuple(
        Stage(
            f"lead-{stage.value}",
            str(stage.label),
            Kind.PARKED if stage == LeadStage.WAITING else Kind.OPEN,
            Half.MARKETING,
        )
        for stage in OPEN_STAGES
    )


def deal_stages(pipeline: Pipeline) -> tuple[tuple[Stage, ...], dict[str, int]]:
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
    return tuple(Stage(deal_key(row), row.name, Kind(row.kind)) for row in used), codes


def deal_key(stage: DealStage) -> str:
    return f"deal-{stage.pk}"


def journey_codes(lead_stages: tuple[Stage, ...], deal_codes: dict[str, int]) -> dict[str, int]:
    """The code of each stage of the whole river: marketing's, its losses, and the pipeline's."""
    shift = len(lead_stages)
    codes = {stage.value: code for code, stage in enumerate(OPEN_STAGES)}
    lost = max(deal_codes.values()) + shift
    return codes | {stage.value: lost for stage in LOST_LEADS} | {key: code + shift for key, code in deal_codes.items()}
