from datetime import timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, opening, recycling
from deals.domain.moving import ReasonNeeded
from leads.domain import recycling as lead_recycling
from leads.domain.moving import LeadCannotGoThere
from leads.models import LeadStage, Recycling
from tests.factories import ago, make_deal, make_reason

pytestmark = pytest.mark.django_db


def test_the_way_round_the_river():
    deal = make_deal(at=ago(200), amount=5000)
    lead = deal.lead
    timing = make_reason("Timing", days=60)
    recycling.recycle(deal, reason=timing, by=None, at=ago(100))
    lead.refresh_from_db()
    back = Recycling.objects.get()
    assert (back.reason, back.attempt, back.amount) == ("Timing", 1, 5000)
    assert (lead.stage, lead.attempt) == (LeadStage.WAITING, 2)
    assert deal.stage.kind == "lost"

    assert lead_recycling.wake_due(at=ago(50)) == 0
    woken_at = ago(39)
    assert lead_recycling.wake_due(at=woken_at) == 1
    assert lead_recycling.wake_due(at=woken_at) == 0
    lead.refresh_from_db()
    assert (lead.stage, lead.contact_again_on) == (LeadStage.NURTURING, None)
    assert lead.activities.get().subject == "Contact again"

    second = opening.open_deal(lead=lead, pipeline=deal.pipeline, by=None, at=ago(20))
    assert second.is_second_try
    closing.win(second, by=None, at=ago(10))
    assert [e.to_stage for e in lead.events.all()] == ["generation", "accepted", "waiting", "nurturing", "accepted"]
    assert deal.stage.kind == "lost"


def test_only_lost_deals_are_recycled_and_only_when_no_other_is_open():
    deal = make_deal()
    with pytest.raises(ReasonNeeded):
        recycling.recycle(deal, by=None, at=ago(1))
    other = opening.open_deal(lead=deal.lead, pipeline=deal.pipeline, by=None, at=ago(2))
    with pytest.raises(recycling.AnotherDealOpen):
        recycling.recycle(deal, reason=make_reason(), by=None, at=ago(1))
    deal.refresh_from_db()
    assert deal.stage.is_open, "the refused verb left nothing half-done"
    closing.win(other, by=None, at=ago(1))
    with pytest.raises(ReasonNeeded, match="won"):
        recycling.recycle(other, by=None, at=ago(0))


def test_a_day_in_the_past_is_refused():
    deal = make_deal()
    yesterday = lead_recycling.local_date(timezone.now()) - timedelta(days=1)
    with pytest.raises(lead_recycling.ContactAgainInPast):
        recycling.recycle(deal, reason=make_reason(), contact_again_on=yesterday, by=None, at=ago(0))


def test_a_lead_with_marketing_cannot_be_put_back_again():
    deal = make_deal()
    recycling.recycle(deal, reason=make_reason(), by=None, at=ago(1))
    with pytest.raises(LeadCannotGoThere):
        recycling.recycle(deal, by=None, at=ago(0))
