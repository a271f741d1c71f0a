"""Whole pages of people and organisations, each asked with all it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from ..domain import merging
from ..domain.contacting import consenting
from ..models import Consent, Lead, Merge, MergeKind, Organisation, Person, Purpose
from . import story

ALIKE_AT_ONCE = 5
STORY_AT_ONCE = 500


def people(words: str) -> QuerySet[Person]:
    """Those whose name, address, role or organisation holds every word."""
    found = Person.objects.known().select_related("organisation")
    for word in words.split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(email__icontains=word)
            | Q(role__icontains=word)
            | Q(organisation__name__icontains=word)
        )
    return found.order_by("name", "pk")


def organisations(words: str) -> QuerySet[Organisation]:
    found = Organisation.objects.known()
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(domain__icontains=word) | Q(sector__icontains=word))
    return found.annotate(people_count=Count("people", distinct=True)).order_by("name", "pk")


@dataclass
class Merged:
    """A merge as a page tells of it."""

    merge: Merge
    name: str
    may_be_undone: bool


def merged_into(kind: str, record: Any, *, at: datetime) -> list[Merged]:
    """What was merged into the record, the newest first."""
    model: Any = merging.MODELS[kind]
    merges = list(Merge.objects.into(kind, record.pk).select_related("by"))
    named = model.objects.in_bulk([merge.other for merge in merges])
    return [Merged(merge, str(named[merge.other]), merging.may_be_undone(merge, at)) for merge in merges]


@dataclass
class PersonPage:
    """A person with everything the reader may see of them."""

    person: Person
    standing: list[tuple[str, Consent | None]]
    leads: list[Lead]
    entries: list[story.Entry]
    earlier: int
    hidden: int
    since: datetime
    merges: list[Merged]
    alike: list[Person]


def person_page(person: Person, *, user, at: datetime, whole: bool = False) -> PersonPage:
    told = story.story(person, user=user)
    said = consenting.standing(person)
    shown = list(told.entries) if whole else list(told.entries)[-STORY_AT_ONCE:]
    leads = story.leads_of(story.records(person)).filter(merged_into=None)
    return PersonPage(
        person=person,
        standing=[(str(label), said.get(purpose)) for purpose, label in Purpose.choices],
        leads=list(leads.filter(pk__in=Lead.objects.visible_to(user)).select_related("organisation", "owner")),
        entries=shown,
        earlier=len(told.entries) - len(shown),
        hidden=told.hidden,
        since=min([person.created_at, *(entry.at for entry in told.entries[:1])]),
        merges=merged_into(MergeKind.PERSON, person, at=at),
        alike=alike(person),
    )


def alike(person: Person) -> list[Person]:
    """Other records that have the same address, number, or name in the same organisation."""
    same = Q(pk__in=[])
    if person.email:
        same |= Q(email__iexact=person.email)
    if person.phone_e164:
        same |= Q(phone_e164=person.phone_e164)
    if person.name and person.organisation_id:
        same |= Q(name__iexact=person.name, organisation=person.organisation_id)
    found = Person.objects.known().filter(same).exclude(pk=person.pk).select_related("organisation")
    return list(found[:ALIKE_AT_ONCE])


@dataclass
class OrganisationPage:
    organisation: Organisation
    people: list[Person]
    leads: list[Lead]
    hidden: int
    merges: list[Merged]


def organisation_page(organisation: Organisation, *, user, at: datetime) -> OrganisationPage:
    """An organisation with its people, and the leads of it that the reader may see."""
    leads = Lead.objects.unmerged().filter(organisation=organisation)
    seen = leads.visible_to(user).select_related("person", "owner", "organisation")
    return OrganisationPage(
        organisation=organisation,
        people=list(Person.objects.known().filter(organisation=organisation)),
        leads=list(seen.order_by("-stage_entered_at")),
        hidden=leads.count() - seen.count(),
        merges=merged_into(MergeKind.ORGANISATION, organisation, at=at),
    )


def candidates(kind: str, record: Any, words: str, *, user) -> Iterable[Any]:
    """Records that could be merged with this one, by the words given; at most twenty."""
    if kind == MergeKind.PERSON:
        found: Any = people(words)
    elif kind == MergeKind.ORGANISATION:
        found = organisations(words)
    else:
        found = Lead.objects.unmerged().visible_to(user).select_related("person", "organisation", "source")
        for word in words.split():
            found = found.filter(
                Q(person__name__icontains=word)
                | Q(person__email__icontains=word)
                | Q(organisation__name__icontains=word)
                | Q(title__icontains=word)
            )
        found = found.order_by("-pk")
    return found.exclude(pk=record.pk)[:20]
