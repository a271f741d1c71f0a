"""A prospect enters the river."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import rank_between

from ..models import Lead, LeadStage, Organisation, Person, Source
from . import _log, recognising, scoring
from .dialling import dialled


class NobodyNamed(Refusal):
    """A lead is somebody or some organisation."""

    status = 422


@transaction.atomic
def capture(
    *,
    by,
    at,
    name: str = "",
    email: str = "",
    phone: str = "",
    role: str = "",
    organisation: str | Organisation | None = None,
    domain: str = "",
    source: str | Source | None = None,
    title: str = "",
    value=None,
    currency: str | None = None,
    owner=None,
    team=None,
    tags=(),
    stage: str = LeadStage.GENERATION,
    apart_from: Iterable[Lead] = (),
    via: str = Origin.USER,
    batch=None,
) -> Lead:
    """Add a lead in Generation (or where it is known to stand already), with its person and organisation.

    Persons are recognised by e-mail, organisations by name; leads that are perhaps the same are written down as such
    (`recognising`), but for those that somebody has told it `apart_from`. Refused without any name (NobodyNamed).
    """
    if not (name.strip() or email.strip() or organisation):
        raise NobodyNamed(_("Name a person, an e-mail address or an organisation."), fields=["name"])
    organisation = find_organisation(organisation, domain=domain)
    lead = Lead(
        person=find_person(name=name, email=email, phone=phone, role=role, organisation=organisation),
        organisation=organisation,
        title=title.strip(),
        source=find_source(source),
        value=value,
        currency=currency or Company.get().base_currency,
        owner=owner,
        team=team or team_of(owner or by),
        tags=list(tags),
        stage=stage,
    )
    lead.rank = rank_between(Lead.objects.in_stage(stage))
    _log.begin(lead, at=at, by=by, source=via, batch=batch)
    recognising.tell_apart(lead, apart_from, by=by, at=at)
    recognising.suspect(lead, at=at)
    scoring.rescore_for(lead=lead, at=at)
    return lead


def find_organisation(organisation: str | Organisation | None, *, domain: str = "") -> Organisation | None:
    if organisation is None or isinstance(organisation, Organisation):
        return organisation
    name = organisation.strip()
    if not name:
        return None
    known = Organisation.objects.named(name).first()
    return known.standing if known else Organisation.objects.create(name=name, domain=domain.strip())


def find_person(*, name="", email="", phone="", role="", organisation=None) -> Person | None:
    name, email = name.strip(), email.strip().lower()
    if not (name or email):
        return None
    return known_person(name=name, email=email, organisation=organisation) or Person.objects.create(
        name=name,
        email=email,
        phone=phone.strip(),
        phone_e164=dialled(phone, organisation),
        role=role.strip(),
        organisation=organisation,
    )


def known_person(*, name: str = "", email: str = "", organisation: Organisation | None = None) -> Person | None:
    """Whoever has that address; without one, whoever has that name at that organisation. Who was merged is found as
    the person they were merged into."""
    if email.strip():
        found = Person.objects.filter(email__iexact=email.strip()).first()
    elif organisation:
        found = Person.objects.filter(name__iexact=name.strip(), organisation=organisation).first()
    else:
        return None
    return found.standing if found else None


def find_source(source: str | Source | None) -> Source | None:
    if source is None or isinstance(source, Source):
        return source
    return Source.objects.get_or_create(name=source.strip())[0] if source.strip() else None


def team_of(user):
    """The team a card falls to when only its person is known."""
    membership = user and user.memberships.order_by("id").select_related("team").first()
    return membership.team if membership else None
