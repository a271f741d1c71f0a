"""Whoever is recorded twice is still one person, known by their address; a card without a house has its person's."""

from __future__ import annotations

from django.db.models import Q

from ...models import Organisation, Person


def same_person(person: Person, field: str = "person") -> Q:
    """The person, and whoever is recorded with the same address."""
    same = Q(**{field: person.pk})
    return same | Q(**{f"{field}__email__iexact": person.email}) if person.email else same


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
