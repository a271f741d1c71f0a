"""Signs of interest, as they happen: a form sent, a link followed, a reply, a call, a meeting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from ..models import Activity, ActivityKind, Lead, Organisation, Person, Source, Touch, TouchKind
from . import scoring
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

    Nothing (None) when nobody is named, or when the `key` is known already: what is told twice happened once. The
    score follows by a job, since what happened may be told late and by whoever must not wait.
    """
    made = _write(
        lead, person, organisation, key, kind=kind, at=at, what=what, page=page, campaign=campaign, source=source
    )
    if made:
        scoring.rescore_soon(lead=made.lead, person=made.person, because=f"touch {made.pk}")
    return made


def of_activity(activity: Activity, card) -> Touch | None:
    """A call or meeting that was done with the card, a lead or a deal, is a touch, and the score tells at once;
    anything else is none."""
    kind = OF_ACTIVITIES.get(ActivityKind(activity.kind))
    if kind is None or activity.done_at is None:
        return None
    lead = card if isinstance(card, Lead) else card.lead
    made = _write(
        lead,
        activity.person or card.person,
        card.organisation,
        f"{activity._meta.label_lower} {activity.pk}",
        kind=kind,
        at=activity.done_at,
        what=activity.subject,
    )
    if made:
        scoring.rescore_for(lead=made.lead, person=made.person, at=activity.done_at)
    return made


def _write(
    lead: Lead | None,
    person: Person | None,
    organisation: Organisation | None,
    key: str | None,
    *,
    what: str,
    page: str = "",
    campaign: Mapping[str, str] | None = None,
    **facts,
) -> Touch | None:
    person = person or (lead.person if lead else None)
    organisation = organisation or (lead.organisation if lead else None) or (person.organisation if person else None)
    if lead is None and person is None and organisation is None:
        return None
    facts |= {"lead": lead, "person": person, "organisation": organisation, "campaign": dict(campaign or {})}
    facts |= {"what": one_line(what)[:200], "page": page[:500]}
    if key is None:
        return Touch.objects.create(**facts)
    made, is_new = Touch.objects.get_or_create(key=key, defaults=facts)
    return made if is_new else None
