"""Changing what is known of a lead; each change is written down."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.revision import changed_fields, own_changes

from ..models import Lead, LeadChange, LeadStage
from . import _log, scoring
from .seeing import see

REVISABLE = (
    "title",
    "value",
    "currency",
    "owner",
    "team",
    "source",
    "person",
    "organisation",
    "tags",
    "contact_again_on",
)
SCORED_BY = {"source", "person", "organisation"}


class DayNeeded(Refusal):
    """Who waits, waits for a day."""

    status = 422


@transaction.atomic
def revise(
    lead: Lead,
    *,
    by,
    at,
    seen_version: int | None = None,
    seen: Mapping | None = None,
    via: str = Origin.USER,
    **fields,
) -> Lead:
    """Change fields of a lead. Nothing is written where nothing changes.

    With `seen`, the values of fields as the sender saw them, only what they changed themselves is written.
    Refused: a lead that changed since `seen_version`, a field that somebody else changed since it was `seen`. An
    unknown field is a programming error (TypeError).
    """
    _log.lock(lead)
    see(lead, seen_version)
    fields = own_changes(lead, fields, seen=seen or {}, log=lead.changes.all())
    if lead.stage == LeadStage.WAITING and fields.get("contact_again_on", True) is None:
        raise DayNeeded(_("%(name)s waits, so it needs a day to contact it again.") % {"name": lead.name}, card=lead)
    changes = changed_fields(lead, fields, allowed=REVISABLE)
    if not changes:
        return lead
    LeadChange.objects.bulk_create(
        LeadChange(lead=lead, field=name, before=before, after=after, by=by, recorded_at=timezone.now(), source=via)
        for name, before, after in changes
    )
    changed = [name for name, _before, _after in changes]
    _log.touch(lead, *changed)
    if SCORED_BY & set(changed):
        scoring.rescore_for(lead=lead, at=at)
    return lead
