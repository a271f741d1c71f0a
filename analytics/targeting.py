"""Setting what is to be won, and taking it back; every word is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.foundation.errors import Refusal

from .fiscal import Period
from .models import Target

LONGEST = 366


class TooLong(Refusal):
    """A target is for a year at most."""

    status = 422


class OfTeamOrPerson(Refusal):
    """A target is of a team or of a person; the pipeline has its own."""

    status = 422


@transaction.atomic
def set_target(
    pipeline: Pipeline,
    *,
    starts_on: date,
    ends_on: date,
    amount: Decimal,
    team=None,
    owner=None,
    reason: str = "",
    by,
    at: datetime,
) -> Target:
    """In these days so much is to be won, in the base currency; a target of the same days is replaced, and kept as its
    history. The same amount again is no new word.

    Refused: more than a year (TooLong), both a team and a person (OfTeamOrPerson).
    """
    if (ends_on - starts_on).days >= LONGEST:
        raise TooLong(_("A target is for a year at most."), fields=["period"])
    if team and owner:
        raise OfTeamOrPerson(_("Choose a team or a person, not both."), fields=["owner"])
    Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    whose = {"pipeline": pipeline, "team": team, "owner": owner, "starts_on": starts_on, "ends_on": ends_on}
    known = _newest(whose)
    if known and known.base_amount == amount:
        return known
    return Target.objects.create(**whose, base_amount=amount, reason=reason.strip(), by=by, recorded_at=at)


@transaction.atomic
def withdraw(target: Target, *, reason: str = "", by, at: datetime) -> Target:
    """The period has no target any more; what it was stays in its history. Twice is once."""
    Pipeline.objects.select_for_update().get(pk=target.pipeline_id)
    whose = {name: getattr(target, name) for name in ("pipeline", "team", "owner", "starts_on", "ends_on")}
    known = _newest(whose)
    if known and known.base_amount is None:
        return known
    return Target.objects.create(**whose, base_amount=None, reason=reason.strip(), by=by, recorded_at=at)


def standing(pipeline: Pipeline, *, at: datetime) -> list[Target]:
    """The targets that count at that moment, the pipeline's first, then teams' and people's, by their days."""
    said = Target.objects.filter(pipeline=pipeline).said_before(at).select_related("team", "owner", "by")
    return sorted((target for target in said if target.base_amount is not None), key=_place)


def history(pipeline: Pipeline) -> list[tuple[Target, Decimal | None]]:
    """Every word, the newest first, with the amount it replaced."""
    replaced: list[tuple[Target, Decimal | None]] = []
    before: dict[tuple[Any, ...], Decimal | None] = {}
    for target in Target.objects.filter(pipeline=pipeline).select_related("team", "owner", "by").order_by("id"):
        key = (target.team_id, target.owner_id, target.starts_on, target.ends_on)
        replaced.append((target, before.get(key)))
        before[key] = target.base_amount
    return replaced[::-1]


def period(target: Target) -> Period:
    return Period(target.starts_on, target.ends_on)


def _newest(whose: dict[str, Any]) -> Target | None:
    return Target.objects.filter(**whose).order_by("-id").first()


def _place(target: Target) -> Sequence[Any]:
    whose = str(target.team or target.owner or "")
    return (
        bool(target.team_id or target.owner_id),
        bool(target.owner_id),
        whose,
        target.ends_on,
        target.ends_on - target.starts_on,
    )
