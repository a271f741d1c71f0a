"""All that is known of a person, as one document they can be given. Each app adds its own (see `exports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, Q

from ..models import (
    Answer,
    Capture,
    Consent,
    Enrolment,
    Lead,
    LeadActivity,
    LeadAmendment,
    LeadChange,
    LeadEvent,
    Mail,
    Merge,
    MergeKind,
    Person,
    Recycling,
    Reply,
    Touch,
)
from . import erasing

Exporter = Callable[[Sequence[Person], Sequence[int]], dict[str, Any]]
_exporters: list[Exporter] = []


def exports(exporter: Exporter) -> Exporter:
    """Register `exporter(people, leads)`: the records of a person, and the numbers of their leads."""
    if exporter not in _exporters:
        _exporters.append(exporter)
    return exporter


def export(person: Person, *, at: datetime) -> dict[str, Any]:
    """Everything, of all records of the person, in words and values that JSON knows."""
    people = erasing.records(person) or [person]
    leads = sorted(Lead.objects.filter(person__in=people).values_list("pk", flat=True))
    document: dict[str, Any] = {"exported_at": at}
    for exporter in _exporters:
        document |= exporter(people, leads)
    return document


def rows(found: Iterable[Model], *fields: str) -> list[dict[str, Any]]:
    """The named fields of each row; related rows in words."""
    return [{field: _value(row, field) for field in fields} for row in found]


def steps(events: Any, amendments: Any) -> list[dict[str, Any]]:
    """The log of cards, with what was said of steps later."""
    told = rows(events, "card_id", "seq", "from_stage", "to_stage", "occurred_at", "recorded_at", "by", "source")
    for step, event in zip(told, events, strict=True):
        reason = getattr(event, "reason", None) or getattr(event, "lost_reason", None)
        step["reason"] = str(reason) if reason else None
        amended = [one for one in amendments if (one.card_id, one.seq) == (event.card_id, event.seq)]
        step["amendments"] = rows(amended, "kind", "occurred_at", "reason", "by", "recorded_at")
    return told


@exports
def of_person(people: Sequence[Person], leads: Sequence[int]) -> dict[str, Any]:
    """Their records, what they agreed to with its proof, and which of their records were made one."""
    ids = [one.pk for one in people]
    consents = Consent.objects.filter(person__in=people).select_related("proof", "by")
    merges = Merge.objects.filter(kind=MergeKind.PERSON).filter(Q(keep__in=ids) | Q(other__in=ids))
    known = ("pk", "name", "email", "phone", "role", "organisation", "time_zone", "created_at", "erased_at")
    said = rows(consents, "purpose", "basis", "channel", "at", "by")
    for one, consent in zip(said, consents, strict=True):
        proof = getattr(consent, "proof", None)
        one["proof"] = rows([proof], "words", "page", "address", "agent")[0] if proof else None
    return {
        "records": rows(people, *known),
        "consents": said,
        "merges": rows(merges, "keep", "other", "took", "at", "by", "undone_at"),
    }


@exports
def of_leads(people: Sequence[Person], leads: Sequence[int]) -> dict[str, Any]:
    """What they sent, what was written both ways and done with them, and the whole way of their leads."""
    mine = Q(lead__in=leads) | Q(person__in=people)
    every = Lead.objects.filter(pk__in=leads).select_related("organisation", "source", "owner", "team")
    events = list(LeadEvent.objects.filter(card__in=leads).select_related("by"))
    amendments = list(LeadAmendment.objects.filter(card__in=leads).select_related("by"))
    facts = ("pk", "title", "organisation", "source", "owner", "team", "stage", "attempt", "value", "currency", "tags")
    return {
        "leads": rows(every, *facts, "contact_again_on", "score", "created_at"),
        "lead_steps": steps(events, amendments),
        "lead_changes": rows(LeadChange.objects.filter(lead__in=leads), *CHANGE, "lead_id"),
        "answers": rows(Answer.objects.filter(lead__in=leads), "lead_id", "criterion", "said", "note", "at", "by"),
        "recyclings": rows(Recycling.objects.filter(lead__in=leads), "lead_id", "attempt", "reason", "at"),
        "forms": rows(
            Capture.objects.filter(lead__in=leads),
            "form",
            "said",
            "campaign",
            "page",
            "address",
            "agent",
            "received_at",
        ),
        "mails": rows(Mail.objects.filter(person__in=people), "to", "subject", "text", "state", "due_at", "sent_at"),
        "replies": rows(Reply.objects.filter(mine), "sender", "subject", "text", "quoted", "written_at"),
        "touches": rows(Touch.objects.filter(mine), "kind", "at", "what", "page", "campaign"),
        "activities": rows(LeadActivity.objects.filter(mine).select_related("by"), *ACTIVITY),
        "cadences": rows(Enrolment.objects.filter(lead__in=leads), "cadence", "state", "started_at", "ended_at"),
    }


CHANGE = ("field", "before", "after", "by", "recorded_at")
ACTIVITY = ("kind", "subject", "due_on", "done_at", "outcome", "by")


def _value(row: Model, field: str) -> Any:
    value = getattr(row, field)
    return str(value) if isinstance(value, Model) else value
