from datetime import UTC, datetime

import pytest

from leads.domain import checking, qualifying
from leads.models import HandOver, Lead, LeadStage
from pipeline_crm import demo

pytestmark = pytest.mark.django_db

AT = datetime(2024, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(demo, "LEADS", 700)
    monkeypatch.setattr(demo, "HOUSES", 500)
    demo.load(at=AT, password="secret")


def test_whoever_is_ready_has_an_answered_checklist_and_is_somebodys_with_a_clock():
    ready = Lead.objects.in_stage(LeadStage.READY)
    assert ready.exists()
    for lead in ready:
        checking.ask(lead)
        offer = HandOver.objects.get(lead=lead)
        assert (offer.seq, offer.to, offer.due_at) == (lead.seq, lead.owner, lead.accept_by)
        assert lead.team_id in lead.owner.team_ids and lead.accept_by > lead.stage_entered_at


def test_in_qualification_something_is_still_to_be_found_out():
    lead = Lead.objects.in_stage(LeadStage.QUALIFICATION).first()
    with pytest.raises(checking.AnswersMissing):
        qualifying.hand_over(lead, by=None, at=AT)
