"""Whether somebody who comes in is known already: asked before a lead is added, and written down when one was.

An e-mail address is one person's, wherever it is typed. A phone number or a company's name only makes it likely, so
that somebody looks: at once where a person adds the lead, later where a form or a program did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.search import TrigramSimilarity
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext as _

from ..models import Batch, Lead, LeadEvent, LeadStage, Likeness, Organisation, Person, Sign, TouchKind
from ..models.lead import ENDED_STAGES, LeadQuerySet
from . import noting, touching
from .contacting.persons import house_of
from .dialling import dialled
from .likening import House, domain_of, same_house, same_name

AT_MOST = 5  # of those perhaps the same, the surest and newest: whoever compares more compares none
LOOKED_AT = 50


@dataclass(frozen=True)
class Newcomer:
    """What is said of somebody who comes in."""

    name: str = ""
    email: str = ""
    phone: str = ""
    organisation: str = ""
    domain: str = ""

    @property
    def house(self) -> House:
        domains = {domain_of(self.domain), domain_of(self.email) if self.email else ""} - {""}
        return House(self.organisation.strip(), frozenset(domains))


@dataclass(frozen=True)
class Match:
    """A lead of ours that is perhaps the same, and by what."""

    lead: Lead
    signs: tuple[Sign, ...]

    @property
    def words(self) -> list[str]:
        return [str(sign.label) for sign in self.signs]


def alike(said: Newcomer, *, among: LeadQuerySet | None = None, besides: Lead | None = None) -> list[Match]:
    """Leads that go on and are perhaps the same, the surest first, then the newest.

    A colleague is not the same: at one and the same company only a similar name counts, or that nobody was named. Of
    another company that is perhaps the same one lead stands for all.
    """
    leads = Lead.objects.all() if among is None else among
    leads = leads.unmerged().exclude(stage__in=ENDED_STAGES).exclude(pk=besides.pk if besides else 0).order_by("-id")
    leads = leads.select_related("person__organisation", "organisation", "owner")
    number = dialled(said.phone, _named(said.organisation)) if said.phone else ""
    houses = _houses(said)
    found = {lead.pk: lead for lead in [*_of_people(leads, said, number), *_of_houses(leads, said, houses)]}
    matches, stood_for = [], set()
    for lead in sorted(found.values(), key=_age, reverse=True):
        house = _house(lead)
        signs = _signs(said, number, lead, house if house and house.pk in houses else None)
        if house and signs == (Sign.COMPANY,):
            if house.pk in stood_for:
                continue
            stood_for.add(house.pk)
        if signs:
            matches.append(Match(lead, signs))
    order = list(Sign)
    return sorted(matches, key=lambda match: order.index(match.signs[0]))[:AT_MOST]


@transaction.atomic
def suspect(lead: Lead, *, among: LeadQuerySet | None = None, at: datetime) -> list[Likeness]:
    """Write down which older leads the lead is perhaps the same as. Pairs that are known stay as they were decided, and
    that two companies look like one is said once. Two stories that sales has of one person are no suspicion."""
    pairs = []
    for match in alike(newcomer_of(lead), among=among, besides=lead):
        if lead.person == match.lead.person and lead.stage == match.lead.stage == LeadStage.ACCEPTED:
            continue
        newer, older = max(lead, match.lead, key=_age), min(lead, match.lead, key=_age)
        if match.signs != (Sign.COMPANY,) or not _compared(_house(lead), _house(match.lead)):
            pairs.append(Likeness(lead=newer, like=older, signs=[*match.signs], found_at=at))
    return Likeness.objects.bulk_create(pairs, ignore_conflicts=True)


def newcomers(batch: Batch) -> tuple[list[int], LeadQuerySet]:
    """(the first lead of each company and person that came in with the batch, the leads that were there before)"""
    brought = LeadEvent.objects.filter(batch=batch, seq=1).values("card")
    leads = Lead.objects.filter(pk__in=brought)
    before = Lead.objects.filter(pk__lt=leads.order_by("pk").values("pk")[:1])
    firsts: set[int] = set()
    for who in ("organisation", "person"):
        anew = leads.exclude(**{who: None}).exclude(**{f"{who}__in": before.exclude(**{who: None}).values(who)})
        firsts |= set(anew.values(who).annotate(first=Min("pk")).order_by().values_list("first", flat=True))
    return sorted(firsts), before


@transaction.atomic
def tell_apart(lead: Lead, others: Iterable[Lead], *, by, at: datetime) -> None:
    """Somebody has looked: these are not the same. Remembered, so that nobody is asked again."""
    for other in others:
        newer, older = max(lead, other, key=_age), min(lead, other, key=_age)
        pair, _is_new = Likeness.objects.get_or_create(
            lead=newer, like=older, defaults={"signs": [], "found_at": at, "told_apart_at": at, "told_apart_by": by}
        )
        if pair.told_apart_at is None:
            pair.told_apart_at, pair.told_apart_by = at, by
            pair.save(update_fields=["told_apart_at", "told_apart_by"])


@transaction.atomic
def join(lead: Lead, said: Newcomer, *, words: str = "", by, at: datetime) -> Lead:
    """Who came in is somebody we have: what was said goes to their lead as a note and a touch, and what we did not know
    of the person is filled in; nothing is overwritten."""
    lines = [_("Came in again."), *unknown_of(lead, said), *([words] if words else [])]
    if lead.person is not None:
        _complete(lead.person, said)
    noting.note(lead, text="\n".join(lines), by=by, at=at)
    touching.touch(lead, kind=TouchKind.JOINED, at=at, what=words)
    return lead


def unknown_of(lead: Lead, said: Newcomer) -> list[str]:
    """What was said that we have otherwise, or not at all."""
    person, house = lead.person, _house(lead)
    known = {getattr(person, name).casefold() for name in ("name", "email", "phone")} if person else set()
    is_known_number = bool(person and person.phone_e164 and dialled(said.phone, house) == person.phone_e164)
    said_anew = (said.name, said.email, "" if is_known_number else said.phone)
    lines = [line for line in said_anew if line and line.casefold() not in known]
    if said.organisation.strip() and not (house and _is_named(said, house)):
        lines.append(said.organisation)
    return lines


def newcomer_of(lead: Lead) -> Newcomer:
    """What is known of a lead, as if it came in."""
    person, house = lead.person, _house(lead)
    return Newcomer(
        name=person.name if person else "",
        email=person.email if person else "",
        phone=person.phone if person else "",
        organisation=house.name if house else "",
        domain=house.domain if house else "",
    )


def _of_people(leads: QuerySet[Lead], said: Newcomer, number: str) -> QuerySet[Lead]:
    """Those whose address or number it is."""
    theirs = Q(pk__in=[])
    if said.email.strip():
        theirs |= Q(email__iexact=said.email.strip())
    if number:
        theirs |= Q(phone_e164=number)
    return leads.filter(person__in=Person.objects.filter(theirs))[:LOOKED_AT]


def _of_houses(leads: QuerySet[Lead], said: Newcomer, houses: dict[int, Organisation]) -> QuerySet[Lead]:
    """Those of the company; of the very one that was named only who has a similar name, or none."""
    own = [one for one in houses.values() if _is_named(said, one)]
    other = [one for one in houses.values() if not _is_named(said, one)]
    wanted = Q(organisation__in=other) | Q(organisation=None, person__organisation__in=other)
    if own:
        at_home = Q(organisation__in=own) | Q(organisation=None, person__organisation__in=own)
        if said.name:
            at_home &= Q(person=None) | Q(person__name__trigram_similar=said.name)
        wanted |= at_home
    return leads.filter(wanted)[:LOOKED_AT]


def _signs(said: Newcomer, number: str, lead: Lead, house: Organisation | None) -> tuple[Sign, ...]:
    person, signs = lead.person, []
    if person and said.email and person.email.casefold() == said.email.strip().casefold():
        signs.append(Sign.EMAIL)
    if person and number and person.phone_e164 == number:
        signs.append(Sign.PHONE)
    if house and person and same_name(said.name, person.name):
        signs.append(Sign.NAME)
    elif house and (not _is_named(said, house) or person is None or not (said.name or said.email)):
        signs.append(Sign.COMPANY)
    return tuple(signs)


def _houses(said: Newcomer) -> dict[int, Organisation]:
    """Companies that are perhaps the one that was named, as the indexes find them."""
    house, known = said.house, Organisation.objects.known()
    found = [one for domain in house.domains for one in known.filter(_at(domain))[:LOOKED_AT]]
    if house.name:
        alike = known.filter(Q(name__iexact=house.name) | Q(name__trigram_similar=house.name))
        found += alike.order_by(TrigramSimilarity("name", house.name).desc(), "-id")[:LOOKED_AT]
    domains = _domains(found)
    return {
        one.pk: one
        for one in found
        if _is_named(said, one) or same_house(house, House(one.name, frozenset(domains[one.pk])))
    }


def _at(domain: str) -> Q:
    """Those with that web domain, or with somebody's mailbox there."""
    people = Person.objects.known().with_mail_at(domain).exclude(organisation=None).order_by("-id")
    working_there = set(people.values_list("organisation", flat=True)[:LOOKED_AT])
    return Q(domain__iexact=domain) | Q(domain__iexact=f"www.{domain}") | Q(pk__in=working_there)


def _domains(houses: Iterable[Organisation]) -> dict[int, set[str]]:
    """{company: its web domain, and those of its people's mailboxes}"""
    domains = {one.pk: {domain_of(one.domain)} for one in houses}
    mailboxes = Person.objects.filter(organisation__in=houses).exclude(email="").values_list("organisation", "email")
    for house, email in mailboxes:
        domains[house].add(domain_of(email))
    return {house: found - {""} for house, found in domains.items()}


def _is_named(said: Newcomer, house: Organisation) -> bool:
    return bool(said.organisation.strip()) and said.organisation.strip().casefold() == house.name.casefold()


def _named(organisation: str) -> Organisation | None:
    return Organisation.objects.named(organisation).first() if organisation.strip() else None


def _compared(one: Organisation | None, other: Organisation | None) -> bool:
    """Whether it has been said of leads of both companies that they look like one."""
    if one is None or other is None:
        return False
    both = [one, other]
    return Likeness.objects.filter(lead__organisation__in=both, like__organisation__in=both).exists() and one != other


def _complete(person: Person, said: Newcomer) -> None:
    """Fill in what is empty, overwrite nothing."""
    facts = {"name": said.name.strip(), "email": said.email.strip().lower(), "phone": said.phone.strip()}
    empty = [name for name, value in facts.items() if value and not getattr(person, name)]
    if not empty:
        return
    for name in empty:
        setattr(person, name, facts[name])
    person.phone_e164 = dialled(person.phone, person.organisation)
    person.save(update_fields=[*empty, "phone_e164"])


def _house(lead: Lead) -> Organisation | None:
    return house_of(lead.person, lead.organisation)


def _age(lead: Lead) -> int:
    return lead.pk
