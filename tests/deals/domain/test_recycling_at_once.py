"""A lead goes back to marketing while sales opens or takes up another deal of it: it ends where its open deal is."""

import pytest
from django.utils import timezone

from deals.domain import closing, opening, recycling, undoing
from deals.models import Deal
from leads.models import Lead, LeadStage
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_deal, make_reason

from .test_shaping_at_once import Elsewhere, somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    """An open deal, and a lost one of the same lead."""
    deal = make_deal(at=ago(9))
    lost = make_deal(lead=deal.lead, pipeline=deal.pipeline, at=ago(8))
    closing.lose(lost, reason=make_reason(), by=None, at=ago(0))
    closing.lose(deal, reason=make_reason(), by=None, at=ago(0))
    return deal, lost


def fresh(deal):
    return Deal.objects.get(pk=deal.pk)


WAYS = {
    "another deal": lambda lost: opening.open_deal(
        lead=Lead.objects.get(pk=lost.lead_id), pipeline=lost.pipeline, by=None, at=timezone.now()
    ),
    "a reopening": lambda lost: closing.reopen(fresh(lost), by=None, at=timezone.now()),
    "an undo": lambda lost: undoing.undo(fresh(lost), by=None, at=timezone.now()),
}


@pytest.mark.parametrize("way", WAYS)
def test_who_comes_first_is_seen_by_the_other(scene, way):
    deal, lost = scene
    opener = Elsewhere(lambda: WAYS[way](lost), holds=True)
    assert opener.acted.wait(10), opener.answer
    recycler = Elsewhere(lambda: recycling.recycle(fresh(deal), by=None, at=timezone.now()))
    assert somebody_waits()
    opener.ended()
    assert isinstance(recycler.ended(), recycling.AnotherDealOpen)
    assert Lead.objects.get(pk=deal.lead_id).stage == LeadStage.ACCEPTED
    assert [*discrepancies(Deal), *discrepancies(Lead)] == []


@pytest.mark.parametrize("way", WAYS)
def test_who_comes_after_takes_the_lead_back(scene, way):
    deal, lost = scene
    recycler = Elsewhere(lambda: recycling.recycle(fresh(deal), by=None, at=timezone.now()), holds=True)
    assert recycler.acted.wait(10), recycler.answer
    opener = Elsewhere(lambda: WAYS[way](lost))
    assert somebody_waits()
    recycler.ended()
    assert isinstance(opener.ended(), Deal), opener.answer
    assert Lead.objects.get(pk=deal.lead_id).stage == LeadStage.ACCEPTED
    assert [*discrepancies(Deal), *discrepancies(Lead)] == []
