"""Scenarios: saved, taken away, brought back. What they come to is answered by `supposing`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.foundation.errors import Refusal

from .models import Scenario

MOST_KEPT = 20


class NothingSupposed(Refusal):
    """The scenario is what is expected anyway."""

    status = 422


class TooManyScenarios(Refusal):
    """One person keeps only so many of a pipeline: more cannot be compared."""

    status = 422


@transaction.atomic
def save(
    pipeline: Pipeline,
    *,
    name: str,
    starts_on: date,
    by: Any,
    at: datetime,
    team: Any = None,
    owner: Any = None,
    is_shared: bool = False,
    stage: str = "",
    **changes: int,
) -> Scenario:
    """Keep a question under a name. Refused where it changes nothing, and beyond so many of one person.

    changes: inflow, stage_time, conversion and value, as in the model. A stage that stays as it is is not kept.
    """
    Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline.pk)
    if not stage:
        changes |= {"stage_time": 0, "conversion": 0}
    if not any(changes.values()):
        raise NothingSupposed(_("Move a slider first: as it is, this is the forecast itself."), fields=["name"])
    if Scenario.objects.kept().filter(pipeline=pipeline, by=by).count() >= MOST_KEPT:
        words = _("You keep %(most)s scenarios of this pipeline. Remove one first.") % {"most": MOST_KEPT}
        raise TooManyScenarios(words, fields=["name"])
    is_of_stage = changes.get("stage_time") or changes.get("conversion")
    return Scenario.objects.create(
        pipeline=pipeline,
        team=team,
        owner=owner,
        name=name.strip(),
        starts_on=starts_on,
        stage=stage if is_of_stage else "",
        is_shared=is_shared,
        by=by,
        created_at=at,
        **changes,
    )


@transaction.atomic
def remove(scenario: Scenario, *, at: datetime) -> None:
    """It is listed no more until it is brought back; twice is once."""
    Scenario.objects.kept().filter(pk=scenario.pk).update(removed_at=at)


@transaction.atomic
def bring_back(scenario: Scenario) -> None:
    Scenario.objects.filter(pk=scenario.pk).update(removed_at=None)
