from datetime import date, timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, moving, recycling, undoing
from leads.domain.recycling import local_date
from leads.models import LeadStage
from pipeline_crm.foundation.stage_log import NoSuchStep, StepBeforePrevious, discrepancies, history
from tests.factories import ago, make_deal, make_reason, stage_of

pytestmark = pytest.mark.django_db


def names(deal):
    return [step.event.to_stage.name for step in history(deal)]


def clean(deal) -> bool:
    return not list(discrepancies(type(deal))) and not list(discrepancies(type(deal.lead)))


def test_undo_voids_the_step_so_that_no_report_sees_it():
    deal = make_deal(at=ago(9))
    entered = deal.stage_entered_at
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(1))
    undoing.undo(deal, by=None, at=timezone.now())
    assert (deal.stage.name, deal.stage_entered_at) == ("Inquiry", entered)
    assert names(deal) == ["Inquiry"]
    assert deal.events.count() == 3
    assert clean(deal)


def test_undo_is_for_ten_minutes_and_voiding_for_ever():
    deal = make_deal(at=ago(9))
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(1))
    with pytest.raises(undoing.TooLateToUndo):
        undoing.undo(deal, by=None, at=timezone.now() + timedelta(minutes=11))
    undoing.void_step(deal, seq=2, reason="It was the other Juniper", by=None)
    assert names(deal) == ["Inquiry"]
    assert clean(deal)


def test_the_first_step_stays():
    deal = make_deal()
    with pytest.raises(NoSuchStep):
        undoing.undo(deal, by=None, at=timezone.now())
    with pytest.raises(NoSuchStep):
        undoing.void_step(deal, seq=1, reason="no", by=None)


def test_a_step_in_the_middle_can_be_voided_and_two_equal_stays_become_one():
    deal = make_deal(at=ago(9))
    for day, stage in [(8, "Proposal"), (7, "Inquiry"), (6, "Hearing")]:
        moving.move(deal, to=stage_of(deal.pipeline, stage), by=None, at=ago(day))
    undoing.void_step(deal, seq=2, reason="slip", by=None)
    assert names(deal) == ["Inquiry", "Hearing"]
    undoing.undo(deal, by=None, at=timezone.now())
    assert names(deal) == ["Inquiry"]
    assert deal.stage.name == "Inquiry"
    assert clean(deal)


def test_a_step_can_be_redated_between_its_neighbours():
    deal = make_deal(at=ago(9))
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(5))
    closing.win(deal, by=None, at=ago(1))
    friday = ago(3)
    undoing.redate_step(deal, seq=3, occurred_at=friday, reason="signed on Friday", by=None)
    assert deal.stage_entered_at == friday
    with pytest.raises(StepBeforePrevious):
        undoing.redate_step(deal, seq=2, occurred_at=ago(2), reason="no", by=None)
    undoing.redate_step(deal, seq=1, occurred_at=ago(12), reason="they wrote earlier", by=None)
    assert clean(deal)


def test_undoing_a_loss_brings_the_lead_back_from_marketing():
    deal = make_deal(at=ago(9))
    on = local_date(timezone.now()) + timedelta(days=30)
    recycling.recycle(deal, reason=make_reason(), contact_again_on=on, by=None, at=ago(0))
    deal.lead.refresh_from_db()
    assert (deal.lead.stage, deal.lead.attempt, deal.lead.contact_again_on) == (LeadStage.WAITING, 2, on)
    undoing.undo(deal, by=None, at=timezone.now())
    deal.lead.refresh_from_db()
    assert (deal.lead.stage, deal.lead.attempt, deal.lead.contact_again_on) == (LeadStage.ACCEPTED, 1, None)
    assert deal.stage.name == "Inquiry"
    assert clean(deal)


def test_undoing_a_reopening_returns_to_lost_with_its_reason():
    deal = make_deal()
    reason = make_reason()
    closing.lose(deal, reason=reason, by=None, at=ago(2))
    closing.reopen(deal, by=None, at=ago(1))
    undoing.undo(deal, by=None, at=timezone.now())
    assert deal.stage.kind == "lost"
    assert deal.events.last().lost_reason == reason
    assert clean(deal)


def test_the_proposed_day_follows_the_reason():
    at = ago(0)
    assert recycling.proposed_day(make_reason(days=180), at) == local_date(at) + timedelta(days=180)
    assert isinstance(recycling.proposed_day(make_reason(days=None), at), date)
