from datetime import date, timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, moving, recycling, shaping, undoing
from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
from leads.domain.recycling import local_date
from leads.models import LeadStage
from pipeline_crm.foundation.errors import Refusal
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


@pytest.fixture
def told():
    """Inquiry 20 days ago, Hearing 9, Proposal 5, Order 2 days ago."""
    deal = make_deal(at=ago(20))
    for days, name in [(9, "Hearing"), (5, "Proposal"), (2, "Order")]:
        moving.move(deal, to=stage_of(deal.pipeline, name), by=None, at=ago(days))
    return deal


@pytest.mark.parametrize(
    ("seq", "days", "refused"),
    [
        (1, 400, ""),
        (1, 9.5, ""),
        (1, 8, "This step lies between the beginning and "),
        (2, 19, ""),
        (2, 5.5, ""),
        (2, 21, "This step lies between "),
        (2, 4, "This step lies between "),
        (4, 0, ""),
        (4, 6, "This step lies between "),
        (4, -1, "has not come yet."),
        (9, 3, "This step has been taken back already."),
    ],
)
def test_a_step_is_redated_between_its_neighbours_and_the_refusal_names_them(told, seq, days, refused):
    before = told.version
    if refused:
        with pytest.raises(Refusal) as refusal:
            undoing.redate_step(told, seq=seq, occurred_at=ago(days), reason="so it was", by=None)
        assert refused in str(refusal.value)
        assert (told.amendments.count(), told.version) == (0, before)
    else:
        day = ago(days)
        undoing.redate_step(told, seq=seq, occurred_at=day, reason="so it was", by=None)
        assert history(told)[seq - 1].occurred_at == day
        assert told.created_at == history(told)[0].occurred_at
        assert told.stage_entered_at == history(told)[-1].occurred_at
    assert clean(told)


def test_the_latest_word_about_a_day_counts_and_gives_its_neighbours_room(told):
    undoing.redate_step(told, seq=2, occurred_at=ago(15), reason="first guess", by=None)
    undoing.redate_step(told, seq=2, occurred_at=ago(12), reason="better known", by=None)
    undoing.redate_step(told, seq=3, occurred_at=ago(11), reason="came sooner", by=None)
    assert [(timezone.now() - step.occurred_at).days for step in history(told)] == [20, 12, 11, 2]
    assert clean(told)


@pytest.mark.parametrize(
    ("seq", "left", "refused"),
    [
        (1, [], "It began somewhere, so its first step stays. Its day can be corrected."),
        (2, ["Inquiry", "Proposal", "Order"], ""),
        (3, ["Inquiry", "Hearing", "Order"], ""),
        (4, ["Inquiry", "Hearing", "Proposal"], ""),
        (9, [], "This step has been taken back already."),
    ],
)
def test_any_step_but_the_first_can_be_said_never_to_have_happened(told, seq, left, refused):
    if refused:
        with pytest.raises(NoSuchStep, match=refused):
            undoing.void_step(told, seq=seq, reason="a slip", by=None)
    else:
        undoing.void_step(told, seq=seq, reason="a slip", by=None)
        assert (names(told), told.stage.name) == (left, left[-1])
        with pytest.raises(NoSuchStep, match="taken back already"):
            undoing.void_step(told, seq=seq, reason="again", by=None)
        with pytest.raises(NoSuchStep, match="taken back already"):
            undoing.redate_step(told, seq=seq, occurred_at=ago(3), reason="again", by=None)
    assert clean(told)


def test_the_only_step_stays_too():
    deal = make_deal()
    with pytest.raises(NoSuchStep, match="It began somewhere"):
        undoing.void_step(deal, seq=1, reason="no", by=None)


def test_a_step_that_begins_nothing_any_more_says_so():
    deal = make_deal(at=ago(9))
    for day, stage in [(8, "Hearing"), (7, "Inquiry"), (6, "Proposal")]:
        moving.move(deal, to=stage_of(deal.pipeline, stage), by=None, at=ago(day))
    undoing.void_step(deal, seq=2, reason="slip", by=None)
    for correct in (
        lambda: undoing.void_step(deal, seq=3, reason="no", by=None),
        lambda: undoing.redate_step(deal, seq=3, occurred_at=ago(7), reason="no", by=None),
    ):
        with pytest.raises(NoSuchStep, match="it was in that stage already"):
            correct()
    assert clean(deal)


def test_a_named_day_fits_in_on_the_day_of_either_neighbour(told):
    for seq, day in [(3, history(told)[1].occurred_at), (3, history(told)[3].occurred_at), (4, timezone.now())]:
        noon = timezone.localtime(day).replace(hour=12, minute=0, second=0, microsecond=0)
        undoing.redate_step(told, seq=seq, occurred_at=noon, reason="that day", by=None)
        assert timezone.localdate(history(told)[seq - 1].occurred_at) == noon.date()
    assert clean(told)


def test_undoing_a_reopening_leaves_the_lead_with_sales_while_another_deal_is_open():
    deal = make_deal(at=ago(9))
    lost_and_recycled(deal)
    closing.reopen(deal, by=None, at=timezone.now())
    other = make_deal(lead=deal.lead, pipeline=deal.pipeline, at=timezone.now())
    undoing.undo(deal, by=None, at=timezone.now())
    other.lead.refresh_from_db()
    assert (deal.stage.kind, other.stage.is_open, other.lead.stage) == ("lost", True, LeadStage.ACCEPTED)
    assert clean(deal)


def test_a_return_that_was_taken_back_is_no_earlier_try():
    deal = make_deal(at=ago(9))
    lost_and_recycled(deal)
    assert [row.attempt for row in deal.lead.recyclings.standing()] == [1]
    undoing.undo(deal, by=None, at=timezone.now())
    assert list(deal.lead.recyclings.standing()) == []
    lost_and_recycled(deal)
    assert [(row.attempt, row.seq) for row in deal.lead.recyclings.standing()] == [(1, deal.lead.seq)]


def test_reopening_goes_to_where_the_deal_was_as_its_history_counts():
    deal = make_deal(at=ago(9))
    for day, stage in [(8, "Hearing"), (7, "Proposal")]:
        moving.move(deal, to=stage_of(deal.pipeline, stage), by=None, at=ago(day))
    closing.lose(deal, reason=make_reason(), by=None, at=ago(6))
    undoing.void_step(deal, seq=3, reason="the other Juniper", by=None)
    closing.reopen(deal, by=None, at=ago(5))
    assert names(deal) == ["Inquiry", "Hearing", "Lost", "Hearing"]


def test_reopening_goes_to_what_took_the_place_of_a_retired_stage():
    deal = make_deal(at=ago(9), stage="Hearing")
    closing.lose(deal, reason=make_reason(), by=None, at=ago(6))
    for name, successor in [("Hearing", "Proposal"), ("Proposal", "Estimate")]:
        shaping.retire_stage(
            stage_of(deal.pipeline, name), successor=stage_of(deal.pipeline, successor), by=None, at=ago(5)
        )
    closing.reopen(deal, by=None, at=ago(4))
    assert deal.stage.name == "Estimate"


def test_undoing_a_loss_does_not_take_back_the_return_of_another_deal():
    deal = make_deal(at=ago(9))
    other = make_deal(lead=deal.lead, pipeline=deal.pipeline, at=ago(8))
    closing.lose(deal, reason=make_reason(), by=None, at=ago(0))
    lost_and_recycled(other)
    undoing.undo(deal, by=None, at=timezone.now())
    deal.lead.refresh_from_db()
    assert (deal.stage.is_open, deal.lead.stage, deal.lead.attempt) == (True, LeadStage.ACCEPTED, 2)
    assert [row.attempt for row in deal.lead.recyclings.standing()] == [1]
    assert clean(deal)


def test_undo_puts_the_deal_between_the_neighbours_it_had():
    below = make_deal(at=ago(9))
    deal, above = (make_deal(pipeline=below.pipeline, at=ago(9)) for _ in range(2))
    column = type(deal).objects.in_stage(below.stage).order_by("rank").values_list("pk", flat=True)
    order = [above.pk, deal.pk, below.pk]
    assert list(column) == order
    moving.move(deal, to=stage_of(below.pipeline, "Hearing"), by=None, at=timezone.now())
    undoing.undo(deal, by=None, at=timezone.now(), after=above.pk, before=below.pk)
    assert list(column) == order
    assert clean(deal)
