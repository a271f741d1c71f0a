"""What sales forgets when a person is erased: words on deals, never their stages, days or amounts."""

from __future__ import annotations

from django.db.models import Q

from leads.domain import erasing
from leads.domain.erasing import Subject
from pipeline_crm.accounts.models import Notification

from ..models import Deal, DealActivity, DealAmendment, DealChange

TEXTS = ("title", "tags", "competitor")


@erasing.erases
def of_deals(subject: Subject) -> None:
    """Concerns and activities go as a whole; titles, tags and competitors lose the words that name the person."""
    deals = Deal.objects.filter(Q(person__in=subject.people) | Q(lead__in=subject.leads))
    for deal in deals:
        deal.concerns = ""
        deal.title, deal.competitor = subject.without(deal.title), subject.without(deal.competitor)
        deal.tags = [subject.without(tag) for tag in deal.tags]
        deal.save(update_fields=["concerns", "title", "competitor", "tags"])
        Notification.objects.filter(url__startswith=f"/deals/{deal.pk}/").delete()
    erasing.blank_activities(DealActivity.objects.filter(Q(deal__in=deals) | Q(person__in=subject.people)))
    changes = DealChange.objects.filter(deal__in=deals)
    erasing.blank_changes(changes, TEXTS, subject)
    for change in changes.filter(field="concerns"):
        gone = {name: erasing.ERASED for name in ("before", "after") if getattr(change, name) is not None}
        changes.filter(pk=change.pk).update(**gone)
    erasing.blank_reasons(DealAmendment.objects.filter(card__in=deals), subject)
