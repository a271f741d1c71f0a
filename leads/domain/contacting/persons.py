"""Whoever is recorded twice is still one person: they are known by their address."""

from __future__ import annotations

from django.db.models import Q

from ...models import Person


def same_person(person: Person, field: str = "person") -> Q:
    """The person, and whoever is recorded with the same address."""
    same = Q(**{field: person.pk})
    return same | Q(**{f"{field}__email__iexact": person.email}) if person.email else same
