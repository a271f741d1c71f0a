"""Whoever is recorded twice is still one person, known by their address; a card without a house has its person's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils.crypto import salted_hmac

from ...models import Organisation, Person


def same_person(person: Person, field: str = "person") -> Q:
    """The person, the records merged into theirs, and whoever is recorded with one of their addresses."""
    same = Q(**{field: person.pk}) | Q(**{f"{field}__merged_into": person.pk})
    for address in addresses(person):
        same |= Q(**{f"{field}__email__iexact": address})
    return same


def addresses(person: Person) -> list[str]:
    """The person's own, and those of the records that were merged into theirs."""
    merged = Person.objects.filter(merged_into=person).values_list("email", flat=True) if person.pk else ()
    return sorted({address.lower() for address in (person.email, *merged) if address})


def mark_of(address: str) -> str:
    """What is kept of an address when its person is erased: enough to know it again, too little to write to."""
    if not address:
        return ""
    return salted_hmac("leads.erased", address.lower(), algorithm="sha256").hexdigest()


def erased_among(people: Iterable[int]) -> set[int]:
    """Those of the people who were erased, or have the address of somebody who was."""
    erased = Person.objects.exclude(erased_at=None)
    if not erased.exists():
        return set()
    found = set(erased.filter(pk__in=people).values_list("pk", flat=True))
    marks = set(erased.exclude(erased_mark="").values_list("erased_mark", flat=True))
    named = Person.objects.filter(pk__in=people).exclude(email="").values_list("pk", "email")
    return found | {pk for pk, email in named if mark_of(email) in marks}


def erased_at(person: Person) -> datetime | None:
    """When the person, or somebody with one of their addresses, was erased last."""
    if person.erased_at:
        return person.erased_at
    marks = [mark_of(address) for address in addresses(person)]
    erased = Person.objects.filter(erased_mark__in=marks).order_by("-erased_at") if marks else None
    return erased.values_list("erased_at", flat=True).first() if erased is not None else None


def house_of(person: Person | None, organisation: Organisation | None) -> Organisation | None:
    """The organisation that is contacted with them: the card's own, else the one they work for."""
    return organisation or (person.organisation if person else None)


def same_house(organisation: Organisation | None, card: str = "") -> Q:
    """The cards whose house it is; nothing without one."""
    if organisation is None:
        return Q(pk__in=[])
    prefix = f"{card}__" if card else ""
    people = Person.objects.filter(organisation=organisation)
    return Q(**{f"{prefix}organisation": organisation}) | Q(
        **{f"{prefix}organisation": None, f"{prefix}person__in": people}
    )
