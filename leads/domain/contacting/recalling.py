"""What is known of somebody before they are contacted: by whom and when they were, and whether sales asks for quiet.

Each app tells what it knows: this one its activities and mails, `deals` its own (registered with `tells`), so that
marketing sees the contacts of sales without looking up the stairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ...models import Activity, ActivityKind, Lead, LeadActivity, Mail, Organisation, Person
from . import ruling
from .consenting import has_left
from .distancing import Contact, Moment, Situation, earliest_moment
from .persons import house_of, same_house, same_person
from .zones import zone_of

REMEMBERS = timedelta(days=366)  # the longest gap that can be set, and a day
REACHES = (ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MEETING)


@dataclass(frozen=True)
class Told:
    """What one app knows: contacts with the person, contacts within the organisation, and what sales asks for."""

    person: tuple[Contact, ...] = ()
    organisation: tuple[Contact, ...] = ()
    lost_at: datetime | None = None
    has_open_deal: bool = False


Teller = Callable[[Person | None, Organisation | None, datetime], Told]
_tellers: list[Teller] = []


def tells(teller: Teller) -> Teller:
    """Register `teller(person, organisation, since)`; asked each time somebody is about to be contacted."""
    if teller not in _tellers:
        _tellers.append(teller)
    return teller


def situation_of(person: Person | None, organisation: Organisation | None, *, at: datetime) -> Situation:
    """Everything `distancing` judges, as it is known now."""
    organisation = house_of(person, organisation)
    told = [teller(person, organisation, at - REMEMBERS) for teller in _tellers]
    losses = [one.lost_at for one in told if one.lost_at]
    return Situation(
        zone=zone_of(person, organisation),
        person=tuple(sorted(contact for one in told for contact in one.person)),
        organisation=tuple(sorted(contact for one in told for contact in one.organisation)),
        lost_at=max(losses) if losses else None,
        has_open_deal=any(one.has_open_deal for one in told),
        is_unsubscribed=has_left(person),
    )


def next_moment(lead: Lead, *, at: datetime, besides: Mail | None = None) -> Moment:
    """When marketing may next contact this lead, and why not sooner. `besides`: the mail that is about to do so."""
    house = house_of(lead.person, lead.organisation)
    situation = situation_of(lead.person, lead.organisation, at=at)
    if besides:
        situation = replace(
            situation,
            person=_without(situation.person, besides),
            organisation=_without(situation.organisation, besides),
        )
    return earliest_moment(situation, ruling.current(house.country if house else ""), at)


def contacts(activities: QuerySet, since: datetime, zone: ZoneInfo) -> tuple[Contact, ...]:
    """The activities that reached somebody, and those planned to: a planned one on its day, done or not."""
    done_or_planned = Q(done_at__gte=since) | Q(done_at=None, due_on__gte=since.date())
    found = activities.filter(done_or_planned, kind__in=REACHES).select_related("by")
    return tuple(
        Contact(
            activity.done_at or planned_for(activity.due_on, zone),
            in_words(activity),
            f"{activity._meta.label_lower} {activity.pk}",
        )
        for activity in found
    )


def planned_for(day: date, zone: ZoneInfo) -> datetime:
    """When a contact that is planned for a day counts: from the day's beginning, where they are."""
    return datetime.combine(day, time(0), zone)


def in_words(activity: Activity) -> str:
    """By whom and how; not about what, since not everyone who may know of the contact sees the card it was on."""
    kind = activity.get_kind_display()
    how = kind if activity.done_at else _("%(kind)s, planned") % {"kind": kind}
    return " · ".join(str(part) for part in (activity.by, how) if part)


@tells
def of_leads(person: Person | None, organisation: Organisation | None, since: datetime) -> Told:
    """The activities done on leads, and the mails sent or about to be."""
    nothing = Q(pk__in=[])
    activities = LeadActivity.objects.order_by("done_at")
    mails = Mail.objects.counting().filter(due_at__gte=since).select_related("by")
    zone = zone_of(person, organisation)
    with_person = same_person(person, "lead__person") | same_person(person) if person else nothing
    return Told(
        person=contacts(activities.filter(with_person), since, zone)
        + of_mails(mails.filter(same_person(person) if person else nothing)),
        organisation=contacts(activities.filter(same_house(organisation, "lead")), since, zone)
        + of_mails(mails.filter(same_house(organisation, "lead"))),
    )


def of_mails(mails: QuerySet[Mail]) -> tuple[Contact, ...]:
    return tuple(Contact(mail.sent_at or mail.due_at, _in_words(mail), key_of(mail)) for mail in mails)


def _in_words(mail: Mail) -> str:
    return " · ".join(str(part) for part in (mail.by, _("E-mail")) if part)


def _without(contacts: Sequence[Contact], mail: Mail) -> tuple[Contact, ...]:
    return tuple(contact for contact in contacts if contact.key != key_of(mail))


def key_of(mail: Mail) -> str:
    return f"mail {mail.pk}"
