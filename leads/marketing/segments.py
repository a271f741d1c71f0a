"""Who belongs to a segment: its filter, seen with the eyes of its owner."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict

from ..domain.recycling import local_date
from ..filters import LeadFilter
from ..models import Lead, Mailing, Segment


def filter_of(segment: Segment) -> LeadFilter:
    form = LeadFilter(QueryDict(segment.query))
    form.is_valid()
    return form


def is_blind(segment: Segment) -> bool:
    """Its filter makes no sense any more, or its owner has left: who belongs to it is not known."""
    form = filter_of(segment)
    return not (form.is_valid() and form.chosen and segment.owner.is_active)


def members(segment: Segment, *, at: datetime) -> QuerySet[Lead]:
    """Nobody, when that is not known any more."""
    if is_blind(segment):
        return Lead.objects.none()
    form = filter_of(segment)
    seen = Lead.objects.open().visible_to(segment.owner)
    return form.apply(seen, user=segment.owner, today=local_date(at))


def readers(mailing: Mailing, *, at: datetime) -> QuerySet[Lead]:
    """Those in the segment whom the sender sees too."""
    return members(mailing.segment, at=at).filter(pk__in=Lead.objects.visible_to(mailing.by).values("pk"))
