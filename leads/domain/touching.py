"""Signs of interest, as they happen: a form sent, a link followed, a reply, a call, a meeting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from ..models import Activity, ActivityKind, Lead, Organisation, Person, Source, Touch, TouchKind
from .contacting.templating import one_line

OF_ACTIVITIES = {ActivityKind.CALL: TouchKind.CALL, ActivityKind.MEETING: TouchKind.MEETING}


@transaction.atomic
def touch(
    lead: Lead | None,
    *,
    kind: str,
    at: datetime,
    what: str = "",
    page: str = "",
    campaign: Mapping[str, str] | None = None,
    source: Source | None = None,
    person: Person | None = None,
    organisation: Organisation | None = None,
    key: str | None = None,
) -> Touch | None:
    """Write down a touch of the lead and its person; without a lead, of the person or organisation named.

    Nothing (None) when nobody is named, or when the `key` is known already: what is told twice happened once.
    """
    person = person or (lead.person if lead else None)
    organisation = organisation or (lead.organisation if lead else None) or (person.organisation if person else None)
    if lead is None and person is None and organisation is None:
        return None
    facts = {
        "lead": lead,
        "person": person,
        "organisation": organisation,
        "kind": kind,
        "at": at,
        "what": one_line(what)[:200],
        "page": page[:500],
        "campaign": dict(campaign or {}),
        "source": source,
    }
    if key is None:
        return Touch.objects.create(**facts)
    made, is_new = Touch.objects.get_or_create(key=key, defaults=facts)
    return made if is_new else None


def of_activity(activity: Activity, card) -> Touch | None:
    """A call or meeting that was done with the card, a lead or a deal, is a touch; anything else is none."""
    kind = OF_ACTIVITIES.get(ActivityKind(activity.kind))
    if kind is None or activity.done_at is None:
        return None
    lead = card if isinstance(card, Lead) else card.lead
    return touch(
        lead,
        kind=kind,
        at=activity.done_at,
        what=activity.subject,
        person=activity.person or card.person,
        organisation=card.organisation,
        key=f"{activity._meta.label_lower} {activity.pk}",
    )
