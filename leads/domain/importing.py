"""The lead side of an import: whom the deals of a file are with, found or made many at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..models import Batch, Lead, LeadStage, Organisation, Person, Source
from . import _log
from .dialling import dialled

FACTS = ("sector", "employees", "country", "domain")


def organisations(wanted: dict[str, dict[str, Any]]) -> dict[str, Organisation]:
    """{name in small letters: organisation}, each found by name or made; what we did not know of it is filled in."""
    by_name = {name.casefold(): (name, facts) for name, facts in wanted.items()}
    known = Organisation.objects.select_related("merged_into").order_by("-id")
    found = {one.name.casefold(): one.standing for one in known if one.name.casefold() in by_name}
    completed = [one for key, one in found.items() if _complete(one, by_name[key][1])]
    Organisation.objects.bulk_update(completed, FACTS, batch_size=1000)
    made = Organisation.objects.bulk_create(
        [Organisation(name=name, **facts) for key, (name, facts) in by_name.items() if key not in found],
        batch_size=1000,
    )
    return found | {one.name.casefold(): one for one in made}


def people(wanted: Iterable[tuple[str, str, str, Organisation | None]]) -> dict[tuple[str, str], Person]:
    """{(name, e-mail) in small letters: person} of (name, e-mail, phone, organisation).

    Known by e-mail, or by name within the organisation. Whoever is there as several names with one address is one.
    """
    by_key: dict[tuple[str, str], tuple[str, str, str, Organisation | None]] = {}
    for name, email, phone, house in wanted:
        key = name.casefold(), email.casefold()
        if key not in by_key or (phone and not by_key[key][2]):
            by_key[key] = name, email, phone, house
    if not by_key:
        return {}
    by_email, by_house = {}, {}
    for person in Person.objects.filter(erased_at=None).select_related("merged_into").order_by("-id"):
        by_email[person.email.casefold()] = person.standing
        by_house[person.name.casefold(), person.organisation_id] = person.standing
    found, made = {}, []
    for key, (name, email, phone, house) in by_key.items():
        known = by_email.get(key[1]) if key[1] else by_house.get((key[0], house.pk)) if house else None
        if known is None:
            number = dialled(phone, house) if phone else ""
            known = Person(name=name, email=email.lower(), phone=phone, phone_e164=number, organisation=house)
            made.append(known)
            if email:
                by_email[key[1]] = known
        found[key] = known
    Person.objects.bulk_create(made, batch_size=1000)
    return found


def sources(names: Iterable[str]) -> dict[str, Source]:
    wanted = {name.casefold(): name for name in names}
    found = {one.name.casefold(): one for one in Source.objects.all() if one.name.casefold() in wanted}
    made = Source.objects.bulk_create([Source(name=name) for key, name in wanted.items() if key not in found])
    return found | {one.name.casefold(): one for one in made}


def write_accepted(leads: Sequence[tuple[Lead, Any, bool]], *, batch: Batch, recorded_at: Any) -> None:
    """Leads whose deals live in sales already: (lead, since when, whether that is exact). One step: Accepted."""
    _log.write_histories(
        [
            (lead, [_log.Step(to=LeadStage.ACCEPTED, at=at, recorded_at=recorded_at, is_exact=is_exact)])
            for lead, at, is_exact in leads
        ],
        batch=batch,
    )


def _complete(organisation: Organisation, facts: dict[str, Any]) -> bool:
    """Fill in what is empty, overwrite nothing; whether anything was filled in."""
    empty = [name for name in FACTS if facts.get(name) and not getattr(organisation, name)]
    for name in empty:
        setattr(organisation, name, facts[name])
    return bool(empty)
