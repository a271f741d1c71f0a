"""What is done about a stage: begun and given up by managers; the report `improve` says what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.foundation.errors import Refusal

from . import sources
from .models import Improvement
from .river import Begun


class NoSuchStage(Refusal):
    """The river has no such stage."""

    status = 422


@transaction.atomic
def begin(
    pipeline: Pipeline, *, stage: str, what: str, starts_on: date, owner: Any, by: Any, at: datetime
) -> Improvement:
    """Write down what is done about a stage from a day on. Refused for a stage that is not on the river."""
    if stage not in sources.open_stages(pipeline):
        raise NoSuchStage(_("The river has no such stage."), fields=["stage"])
    return Improvement.objects.create(
        pipeline=pipeline, stage=stage, what=what, starts_on=starts_on, owner=owner, by=by, created_at=at
    )


def under_way(pipeline: int) -> tuple[Begun, ...]:
    """What is done about the pipeline's stages, the newest first."""
    return tuple(
        Begun(one.pk, one.stage, one.what, str(one.owner or ""), one.starts_on)
        for one in Improvement.objects.filter(pipeline=pipeline, given_up_at=None).select_related("owner")
    )


def head() -> str:
    """The same while what is done is: rows are added and given up, and never changed otherwise."""
    known = Improvement.objects.aggregate(last=Max("pk"), given_up=Count("given_up_at"))
    return f"{known['last'] or 0}.{known['given_up']}"


@transaction.atomic
def give_up(improvement: Improvement, *, at: datetime) -> None:
    """It is compared no more; given up twice it stays as it was."""
    Improvement.objects.filter(pk=improvement.pk, given_up_at=None).update(given_up_at=at)
