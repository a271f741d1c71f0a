"""What is known of an organisation, the facts that reports cut by, and of a person."""

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ..models import Lead, Organisation, Person
from . import recognising, scoring
from .contacting.zones import is_zone
from .dialling import dialled

DESCRIBED_BY = ("domain", "sector", "employees", "country")
PERSON_DESCRIBED_BY = ("name", "email", "phone", "role", "time_zone")


class NobodyLeft(Refusal):
    """A person has a name or an address."""

    status = 422


class NoTimeZone(Refusal):
    """A time zone is one of the IANA list."""

    status = 422


class NobodyToDescribe(Refusal):
    """Who was erased stays unknown, and who was merged is described where they are kept."""


@transaction.atomic
def describe(organisation: Organisation, *, by, at, **facts) -> Organisation:
    """Set sector, size, country or domain; the scores of its leads follow.

    An unknown fact is a programming error (TypeError).
    """
    unknown = set(facts) - set(DESCRIBED_BY)
    if unknown:
        raise TypeError(f"An organisation is not described by {', '.join(sorted(unknown))}")
    for name, value in facts.items():
        setattr(organisation, name, value)
    organisation.save(update_fields=list(facts))
    scoring.rescore_for(organisation=organisation, at=at)
    return organisation


@transaction.atomic
def describe_person(person: Person, *, by, at, **facts: str) -> Person:
    """Set name, e-mail, phone, role or time zone; their leads are compared with others anew, and scored.

    Refused: nobody left to name (NobodyLeft), a time zone that is none (NoTimeZone), somebody who was merged or erased
    (NobodyToDescribe). An unknown fact is a programming error (TypeError).
    """
    if unknown := set(facts) - set(PERSON_DESCRIBED_BY):
        raise TypeError(f"A person is not described by {', '.join(sorted(unknown))}")
    person.refresh_from_db(from_queryset=Person.objects.select_for_update(of=("self",)))
    if person.erased_at or person.merged_into_id:
        raise NobodyToDescribe(_("%(name)s cannot be changed any more.") % {"name": person})
    for name, value in facts.items():
        setattr(person, name, value.strip().lower() if name == "email" else value.strip())
    if not (person.name or person.email):
        raise NobodyLeft(_("Name the person, or give their e-mail address."), fields=["name"])
    if person.time_zone and not is_zone(person.time_zone):
        raise NoTimeZone(_("“%(zone)s” is no time zone.") % {"zone": person.time_zone}, fields=["time_zone"])
    person.phone_e164 = dialled(person.phone, person.organisation)
    person.save(update_fields=[*facts, "phone_e164"])
    for lead in Lead.objects.open().filter(person=person).order_by("pk"):
        recognising.suspect(lead, at=at)
    scoring.rescore_for(person=person, at=at)
    return person
