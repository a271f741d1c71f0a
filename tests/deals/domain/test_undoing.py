from datetime import date, timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, moving, recycling, shaping, undoing
from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
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


def test_a_stay_that_was_merged_is_voided_whole():
    deal = make_deal(at=ago(9))
    for day, stage in [(8, "Hearing"), (7, "Proposal"), (6, "Hearing")]:
        moving.move(deal, to=stage_of(deal.pipeline, stage), by=None, at=ago(day))
    undoing.void_step(deal, seq=3, reason="slip", by=None)
    assert names(deal) == ["Inquiry", "Hearing"]
    undoing.void_step(deal, seq=2, reason="slip", by=None)
    assert (names(deal), deal.stage.name) == (["Inquiry"], "Inquiry")
    assert clean(deal)


def test_nothing_goes_back_to_a_retired_stage():
    deal = make_deal(at=ago(9))
    inquiry, hearing = stage_of(deal.pipeline, "Inquiry"), stage_of(deal.pipeline, "Hearing")
    shaping.retire_stage(inquiry, successor=hearing, by=None, at=ago(1))
    deal.refresh_from_db()
    with pytest.raises(undoing.StageRetired):
        undoing.undo(deal, by=None, at=timezone.now())


def lost_and_recycled(deal):
    on = local_date(timezone.now()) + timedelta(days=30)
    recycling.recycle(deal, reason=make_reason(), contact_again_on=on, by=None, at=timezone.now())
    deal.lead.refresh_from_db()


def test_undoing_a_reopening_sends_the_lead_back_to_its_wait():
    deal = make_deal(at=ago(9))
    lost_and_recycled(deal)
    day = deal.lead.contact_again_on
    closing.reopen(deal, by=None, at=timezone.now())
    undoing.undo(deal, by=None, at=timezone.now())
    deal.lead.refresh_from_db()
    assert (deal.stage.kind, deal.lead.stage, deal.lead.contact_again_on) == ("lost", LeadStage.WAITING, day)
    assert clean(deal)


def test_undoing_a_second_loss_brings_the_lead_back_too():
    deal = make_deal(at=ago(9))
    lost_and_recycled(deal)
    closing.reopen(deal, by=None, at=timezone.now())
    lost_and_recycled(deal)
    undoing.undo(deal, by=None, at=timezone.now())
    deal.lead.refresh_from_db()
    assert (deal.stage.is_open, deal.lead.stage) == (True, LeadStage.ACCEPTED)
    assert clean(deal)


def test_undoing_a_loss_whose_lead_was_woken_accepts_it_again():
    deal = make_deal(at=ago(9))
    lost_and_recycled(deal)
    lead_recycling.wake(deal.lead, by=None, at=timezone.now())
    undoing.undo(deal, by=None, at=timezone.now())
    deal.lead.refresh_from_db()
    assert (deal.stage.is_open, deal.lead.stage) == (True, LeadStage.ACCEPTED)
    assert clean(deal)


def test_marketing_does_not_take_back_what_sales_accepted():
    deal = make_deal(at=ago(9))
    with pytest.raises(lead_undoing.WithSales):
        lead_undoing.undo(deal.lead, by=None, at=timezone.now())
    with pytest.raises(lead_undoing.WithSales):
        lead_undoing.void_step(deal.lead, seq=2, reason="no", by=None)


def test_a_named_day_may_be_the_day_of_the_step_before():
    yesterday = timezone.localtime(ago(1))
    deal = make_deal(at=yesterday.replace(hour=16))
    noon = yesterday.replace(hour=12, minute=0, second=0, microsecond=0)
    closing.win(deal, by=None, at=noon)
    assert deal.stage_entered_at == deal.created_at
    undoing.redate_step(deal, seq=2, occurred_at=noon, reason="signed that day", by=None)
    assert clean(deal)
