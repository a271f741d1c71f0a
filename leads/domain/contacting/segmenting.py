"""Segments: a filter under a name that puts leads into a cadence, and takes those out that no longer belong to it.

Who belongs to it is asked by the caller, with the eyes of the segment's owner: the domain knows no filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain import accepting

from ...models import Cadence, Enrolment, EnrolmentState, Lead, Segment, SegmentEntry, StepKind, WhyNot
from . import consenting, sequencing

AT_ONCE = 50
ASKS_AGAIN = timedelta(hours=20)
Members = Callable[[], QuerySet[Lead]]


class NameTaken(Refusal):
    """Two segments with one name are told apart by nobody."""

    status = 422


class NothingInCommon(Refusal):
    """A segment narrows the board by something."""

    status = 422


@transaction.atomic
def keep(
    name: str,
    *,
    query: str,
    cadence: Cadence | None = None,
    removes: bool = False,
    by,
    at: datetime,
    segment: Segment | None = None,
) -> Segment:
    """Add a segment, or change the one given. From now on it is looked at with the eyes of whoever kept it.

    Refused: a name that another has, and a query that narrows nothing.
    """
    others = Segment.objects.filter(name__iexact=name.strip())
    if (others.exclude(pk=segment.pk) if segment else others).exists():
        raise NameTaken(_("There is a segment called %(name)s already.") % {"name": name.strip()}, fields=["name"])
    if not query:
        raise NothingInCommon(_("Say what these leads have in common."), fields=["name"])
    segment = segment or Segment(created_at=at)
    segment.name, segment.query, segment.owner = name.strip(), query, by
    segment.cadence, segment.removes = cadence, removes and cadence is not None
    segment.save()
    _soon(segment, at)
    return segment


@transaction.atomic
def archive(segment: Segment, *, by, at: datetime) -> None:
    """It puts nobody in any more; who is on the way goes on. Archived again it works again."""
    segment.archived_at = None if segment.archived_at else at
    segment.save(update_fields=["archived_at"])
    _soon(segment, at)


def run(segment: Segment, members: Members, *, at: datetime) -> Iterator[int]:
    """Put in who came to belong to the segment, take out who no longer does: yields how many were looked at, wherever
    that may be committed. Begun anew it goes on with those that are left."""
    if segment.archived_at or segment.cadence is None:
        return
    seen = 0
    while some := list(_newcomers(segment, members(), at)[:AT_ONCE]):
        for lead in some:
            _enter(segment, lead, at=at)
        seen += len(some)
        yield seen
    if segment.removes:
        for entry in _leavers(segment, members()):
            _leave(entry, at=at)
            seen += 1
            yield seen


def _newcomers(segment: Segment, members: QuerySet[Lead], at: datetime) -> QuerySet[Lead]:
    """Those the segment has not put in during this attempt, and who are free; who was left out is asked about again
    the next day."""
    mine = SegmentEntry.objects.filter(segment=segment, lead=OuterRef("pk"), attempt=OuterRef("attempt"))
    decided = mine.filter(Q(why_not="") | Q(at__gt=at - ASKS_AGAIN))
    busy = Enrolment.objects.active().filter(lead=OuterRef("pk"))
    been_there = Enrolment.objects.filter(lead=OuterRef("pk"), cadence=segment.cadence, segment_entry=None)
    free = members.filter(~Exists(decided), ~Exists(busy), stage__in=consenting.WITH_MARKETING)
    return (
        free.filter(Q(attempt__gt=1) | ~Exists(been_there))
        .select_related("person", "organisation", "owner")
        .order_by("pk")
    )


@transaction.atomic
def _enter(segment: Segment, lead: Lead, *, at: datetime) -> None:
    assert segment.cadence is not None
    Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)  # of two jobs at once the second finds its entry
    if SegmentEntry.objects.filter(segment=segment, lead=lead, attempt=lead.attempt, why_not="").exists():
        return
    enrolment, why_not = None, _why_not(segment.cadence, lead)
    if not why_not:
        try:
            enrolment = sequencing.enrol(lead, segment.cadence, by=segment.owner, at=at)
        except sequencing.CannotEnrol:
            why_not = WhyNot.BUSY
    SegmentEntry.objects.update_or_create(
        segment=segment,
        lead=lead,
        attempt=lead.attempt,
        defaults={"enrolment": enrolment, "why_not": why_not, "at": at},
    )


def _why_not(cadence: Cadence, lead: Lead) -> str:
    """Why the cadence could not write to the lead, which is better known before it begins than found on its way."""
    mails = cadence.steps.filter(retired_at=None, kind=StepKind.MAIL)
    purposes = set(mails.values_list("template__purpose", flat=True))
    if not purposes:
        return ""
    if lead.person is None or not lead.person.email:
        return WhyNot.NOBODY
    if any(consenting.basis_for(lead.person, purpose) is None for purpose in purposes):
        return WhyNot.NO_BASIS
    return ""


def _leavers(segment: Segment, members: QuerySet[Lead]) -> list[SegmentEntry]:
    """Those it put in who are still on the way, and belong to it no more."""
    entries = segment.entries.filter(
        enrolment__state__in=[EnrolmentState.RUNNING, EnrolmentState.PAUSED], enrolment__cadence=segment.cadence
    )
    return list(entries.exclude(enrolment__lead__in=members.values("pk")).select_related("enrolment"))


@transaction.atomic
def _leave(entry: SegmentEntry, *, at: datetime) -> None:
    assert entry.enrolment is not None
    reason = _("No longer in the segment “%(name)s”") % {"name": entry.segment.name}
    try:
        sequencing.stop(entry.enrolment, reason=reason, at=at)
    except sequencing.NotInACadence:
        pass  # it has come to its end meanwhile


def _soon(segment: Segment, at: datetime) -> None:
    if segment.cadence and not segment.archived_at:
        accepting.accept("leads.run_segments", key=f"segment {segment.pk} at {at.isoformat()}", at=at)
