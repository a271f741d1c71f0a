"""Two leads that are found to be one become one; two companies that are one become one, and their leads stay two."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ..models import Lead, Likeness, Sign
from . import merging, recognising
from .contacting.persons import house_of


@transaction.atomic
def join(pair: Likeness, *, by, at: datetime) -> Lead:
    """Make one of what is one, and answer the lead that stays; of two companies, the older lead.

    Two leads that sales had both remain two stories of one person. Everything can be undone for thirty days where it
    was merged (`merging`).
    """
    houses = sorted({house for lead in (pair.lead, pair.like) if (house := _house(lead))}, key=lambda house: house.pk)
    if len(houses) == 2 and {Sign.COMPANY, Sign.NAME} & {*pair.signs}:
        merging.organisations(*houses, by=by, at=at)
        pair = Likeness.objects.select_related("lead__person", "like__person").get(pk=pair.pk)
    if pair.is_about_companies:
        recognising.tell_apart(pair.lead, [pair.like], by=by, at=at)
        return pair.like
    if merging.was_with_sales(pair.lead) and merging.was_with_sales(pair.like):
        recognising.tell_apart(pair.lead, [pair.like], by=by, at=at)
        _join_people(pair, by=by, at=at)
        return pair.like
    return merging.join(pair.like, pair.lead, by=by, at=at)


def _join_people(pair: Likeness, *, by, at: datetime) -> None:
    kept, other = (lead.person.standing if lead.person else None for lead in (pair.like, pair.lead))
    if kept and other and kept != other:
        merging.people(kept, other, by=by, at=at)


def _house(lead: Lead):
    house = house_of(lead.person, lead.organisation)
    return house.standing if house else None
