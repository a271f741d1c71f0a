"""What sales adds to the document of all that is known of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from leads.domain import exporting
from leads.domain.exporting import ACTIVITY, CHANGE, rows, steps
from leads.models import Person

from ..models import Deal, DealActivity, DealAmendment, DealChange, DealEvent

FACTS = ("pk", "lead_id", "pipeline", "stage", "title", "organisation", "owner", "team", "amount", "currency")


@exporting.exports
def of_deals(people: Sequence[Person], leads: Sequence[int]) -> dict[str, Any]:
    """Deals with them, and those that grew out of their leads."""
    deals = Deal.objects.filter(Q(person__in=people) | Q(lead__in=leads))
    ids = list(deals.values_list("pk", flat=True))
    related = ("by", "from_stage", "to_stage", "lost_reason")
    events = list(DealEvent.objects.filter(card__in=ids).select_related(*related))
    done = DealActivity.objects.filter(Q(deal__in=ids) | Q(person__in=people)).select_related("by")
    return {
        "deals": rows(deals, *FACTS, "expected_close", "competitor", "concerns", "tags", "attempt", "created_at"),
        "deal_steps": steps(events, list(DealAmendment.objects.filter(card__in=ids))),
        "deal_changes": rows(DealChange.objects.filter(deal__in=ids), *CHANGE, "deal_id"),
        "deal_activities": rows(done, *ACTIVITY),
    }
