"""Whoever is recorded twice is still one person, known by their address; a card without a house has its person's."""

from __future__ import annotations

from django.db.models import Q

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
