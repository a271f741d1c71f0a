"""What sales tells of a person: the steps of deals, second tries among them, and what was done on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from leads.directory import story
from leads.directory.story import THEN, Entry, Told
from leads.models import Person
from pipeline_crm.foundation.templatetags.ui import money

from .models import Deal, DealActivity, DealAmendment, DealEvent, StageKind


@story.tells
def of_deals(people: Sequence[Person], user: Any) -> Told:
    """Of deals with them, and of those that grew out of their leads."""
    every = deals_of(people)
    cards = {deal.pk: deal for deal in every.visible_to(user).select_related("organisation", "person", "lead")}
    done = DealActivity.objects.filter(Q(deal__in=every) | Q(person__in=people)).exclude(done_at=None)
    seen = done.filter(deal__in=Deal.objects.visible_to(user)).select_related(
        "by", "deal__organisation", "deal__person"
    )
    steps = DealEvent.objects.filter(card__in=every)
    shown = steps.filter(card__in=cards).select_related("by", "from_stage", "to_stage", "lost_reason")
    amendments: dict[int, list] = {pk: [] for pk in cards}
    for amendment in DealAmendment.objects.filter(card__in=cards).order_by("id"):
        amendments[amendment.card_id].append(amendment)
    entries = [story.of_activity(activity) for activity in seen]
    for event in shown.order_by("card", "seq"):
        deal = cards[event.card_id]
        at = story.effective_at(event, amendments[deal.pk])
        if at is not None:
            icon, words = _in_words(event, deal)
            address = story.address_of(deal)
            entries.append(Entry(at, icon, words, "", event.by, deal, address, THEN))
    hidden = done.count() - seen.count() + steps.count() - shown.count()
    return Told(entries, hidden)


def deals_of(people: Sequence[Person]) -> QuerySet[Deal]:
    return Deal.objects.filter(Q(person__in=people) | Q(lead__in=story.leads_of(people))).distinct()


def _in_words(event: DealEvent, deal: Deal) -> tuple[str, str]:
    """An icon and a sentence for a step of a deal."""
    facts: dict[str, Any] = {
        "to": event.to_stage.name,
        "from": event.from_stage.name if event.from_stage else "",
        "n": deal.attempt,
        "amount": money(event.amount, event.currency),
        "reason": event.lost_reason.name if event.lost_reason else "",
    }
    if event.from_stage is None:
        return "handshake", (
            _("Try %(n)s, a second try: deal opened in %(to)s, %(amount)s")
            if deal.is_second_try
            else _("Deal opened in %(to)s, %(amount)s")
        ) % facts
    if event.to_kind == StageKind.WON:
        return "trophy", (_("Won at try %(n)s: %(amount)s") if deal.is_second_try else _("Won: %(amount)s")) % facts
    if event.to_kind == StageKind.LOST:
        return "circle-x", _("Lost: %(reason)s, %(amount)s") % facts
    if event.from_stage.kind != StageKind.OPEN:
        return "history", _("Reopened in %(to)s") % facts
    return "arrow-right-left", _("Moved from %(from)s to %(to)s") % facts
