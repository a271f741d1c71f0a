"""Watches for bottlenecks: managers are told once when one appears, moves or ends."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Role, User

from . import caching, sources
from .models import Sighting
from .reports import bottleneck
from .selection import Selection

MOVES_AFTER = 3  # days without being named, while another stage is: two that take turns are told of once
ENDS_AFTER = 7
KIND = "bottleneck"


def watch(*, at: datetime) -> int:
    """Look at every pipeline as of today; answers of how many managers were told something."""
    told = 0
    for pipeline in Pipeline.objects.filter(archived_at=None):
        selection = Selection(pipeline.pk, sources.today(pipeline, at))
        asked = caching.question(selection, is_dated=False)
        run = caching.refresh("bottleneck", selection, asked=asked, job=None, at=at)
        told += see(pipeline, run.result, on=selection.as_of, at=at)
    return told


@transaction.atomic
def see(pipeline: Pipeline, facts: dict[str, Any], *, on: date, at: datetime) -> int:
    """Compare what is named now with what was; each change is told once, however often it is looked at."""
    Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline.pk)
    named = facts["bottleneck"]
    known = Sighting.objects.filter(pipeline=pipeline, ended_on=None).first()
    if named and known and named["key"] == known.stage:
        Sighting.objects.filter(pk=known.pk, last_seen__lt=on).update(last_seen=on)
        return 0
    unseen = (on - known.last_seen).days if known else 0
    if named and (known is None or unseen >= MOVES_AFTER):
        return _appeared(pipeline, facts, known, on=on, at=at)
    if known and not named and unseen >= ENDS_AFTER:
        _end(known, on=on)
        words = _("%(pipeline)s: %(stage)s is a bottleneck no more.") % {"pipeline": pipeline, "stage": known.name}
        return _tell(pipeline, words, key=f"{KIND} {known.pk} ended", at=at)
    return 0


def _appeared(pipeline: Pipeline, facts: dict[str, Any], known: Sighting | None, *, on: date, at: datetime) -> int:
    named = facts["bottleneck"]
    if known:
        _end(known, on=on)
    sighting = Sighting.objects.create(
        pipeline=pipeline, stage=named["key"], name=named["stage"], first_seen=on, last_seen=on
    )
    words = {"pipeline": pipeline, "stage": named["stage"], "sentence": bottleneck.finding(facts)["sentence"]}
    if known:
        words["before"] = known.name
        said = _("%(pipeline)s: the bottleneck has moved from %(before)s to %(stage)s. %(sentence)s") % words
    else:
        said = _("%(pipeline)s: the bottleneck is %(stage)s. %(sentence)s") % words
    return _tell(pipeline, said, key=f"{KIND} {sighting.pk}", at=at)


def _end(known: Sighting, *, on: date) -> None:
    Sighting.objects.filter(pk=known.pk).update(ended_on=on)


def _tell(pipeline: Pipeline, words: str, *, key: str, at: datetime) -> int:
    """All who lead a team, and the administrators."""
    leading = Q(memberships__role__in=[Role.MANAGER, Role.ADMIN]) | Q(is_superuser=True)
    people = User.objects.filter(leading, is_active=True).distinct().order_by("pk")
    url = f"{reverse('analytics:report', args=['bottleneck'])}?pipeline={pipeline.pk}"
    told = [notifying.notify(person, kind=KIND, words=words, url=url, key=key, at=at) for person in people]
    return sum(one is not None for one in told)
