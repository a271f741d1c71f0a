"""What sales tells marketing: before it contacts somebody, its own contacts, open deals, and the latest loss; before it
hands a lead over, what each of its people has open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Count, Q

from leads.domain import offering
from leads.domain.contacting import recalling
from leads.domain.contacting.persons import same_house, same_person
from leads.domain.contacting.recalling import Told
from leads.domain.contacting.zones import zone_of
from leads.models import Organisation, Person

from ..models import Deal, DealActivity


@recalling.tells
def of_deals(person: Person | None, organisation: Organisation | None, since: datetime) -> Told:
    """Calls, mails and meetings of deals; whether one is open whose owner has not allowed marketing; the last loss."""
    nothing = Q(pk__in=[])
    with_person = same_person(person, "deal__person") | same_person(person) if person else nothing
    activities = DealActivity.objects.order_by("done_at")
    theirs, zone = same_house(organisation), zone_of(person, organisation)
    deals = Deal.objects.filter(theirs | same_person(person) if person else theirs)
    return Told(
        person=recalling.contacts(activities.filter(with_person), since, zone),
        organisation=recalling.contacts(activities.filter(same_house(organisation, "deal")), since, zone),
        lost_at=deals.lost().order_by("-stage_entered_at").values_list("stage_entered_at", flat=True).first(),
        has_open_deal=deals.open().filter(marketing_allowed=False).exists(),
    )


@offering.weighs
def of_open_deals(people: Collection[int]) -> Mapping[int, int]:
    """The open deals of each of these people."""
    deals = Deal.objects.open().filter(owner__in=people)
    return dict(deals.order_by().values_list("owner").annotate(Count("pk")))
