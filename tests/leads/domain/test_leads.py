"""The way of a lead through marketing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.domain import capturing, moving, noting, nurturing, qualifying, recycling, revising, undoing
from leads.domain.contacting import consenting
from leads.models import Lead, LeadStage
from pipeline_crm.foundation.stage_log import discrepancies, history
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


def test_a_captured_lead_begins_in_generation_with_its_person_and_organisation():
    lead = capturing.capture(
        name="Maya Lind",
        email="Maya@Evergreen.example",
        organisation="Evergreen Schools",
        source="Fair",
        by=None,
        at=ago(3),
    )
    assert (lead.name, lead.person.email, lead.organisation.name) == (
        "Maya Lind",
        "maya@evergreen.example",
        "Evergreen Schools",
    )
    assert [e.to_stage for e in lead.events.all()] == [LeadStage.GENERATION]
    with pytest.raises(capturing.NobodyNamed):
        capturing.capture(by=None, at=ago(0))


def test_hand_over_and_hand_back_are_steps_of_the_lead():
    lead = make_lead()
    nurturing.nurture(lead, by=None, at=ago(9))
    qualifying.qualify(lead, by=None, at=ago(8))
    qualifying.hand_over(lead, by=None, at=ago(7))
    with pytest.raises(moving.ReasonNeeded):
        qualifying.hand_back(lead, reason=" ", by=None, at=ago(6))
    qualifying.hand_back(lead, reason="No budget", by=None, at=ago(6))
    assert (lead.stage, lead.events.last().reason) == (LeadStage.QUALIFICATION, "No budget")
    with pytest.raises(moving.LeadCannotGoThere):
        qualifying.hand_back(lead, reason="again", by=None, at=ago(5))


def test_the_board_finds_the_verb_of_each_target():
    lead = make_lead()
    moving.move(lead, to=LeadStage.READY, by=None, at=ago(5))
    with pytest.raises(moving.ReasonNeeded):
        moving.move(lead, to=LeadStage.NURTURING, by=None, at=ago(4))
    moving.move(lead, to=LeadStage.NURTURING, reason="too early", by=None, at=ago(4))
    with pytest.raises(moving.ReasonNeeded):
        moving.move(lead, to=LeadStage.DISQUALIFIED, by=None, at=ago(3))
    moving.move(lead, to=LeadStage.DISQUALIFIED, reason="a student", by=None, at=ago(3))
    moving.move(lead, to=LeadStage.NURTURING, by=None, at=ago(2))
    qualifying.unsubscribe(lead, by=None, at=ago(1))
    with pytest.raises(moving.LeadCannotGoThere):
        qualifying.accept(lead, by=None, at=ago(0))


@pytest.mark.parametrize("target", [LeadStage.WAITING, LeadStage.ACCEPTED])
def test_nobody_drags_a_lead_into_waiting_or_accepted(target):
    lead = make_lead()
    with pytest.raises(moving.LeadCannotGoThere):
        moving.move(lead, to=target, by=None, at=ago(1))
    assert Lead.objects.get(pk=lead.pk).stage == LeadStage.GENERATION


def test_a_waiting_lead_keeps_its_day_through_an_undone_waking():
    lead = make_lead(at=ago(9))
    qualifying.accept(lead, by=None, at=ago(8))
    day = recycling.local_date(timezone.now()) + timedelta(days=5)
    recycling.put_back(lead, contact_again_on=day, by=None, at=ago(0))
    moving.move(lead, to=LeadStage.NURTURING, by=None, at=timezone.now())
    assert lead.contact_again_on is None
    undoing.undo(lead, by=None, at=timezone.now())
    assert (lead.stage, lead.contact_again_on, lead.attempt) == (LeadStage.WAITING, day, 2)
    assert [step.to_key for step in history(lead)] == ["generation", "accepted", "waiting"]
    assert not list(discrepancies(Lead))


def test_undoing_a_hand_back_needs_no_reason():
    lead = make_lead(at=ago(9))
    qualifying.hand_over(lead, by=None, at=ago(1))
    undoing.undo(lead, by=None, at=timezone.now())
    assert lead.stage == LeadStage.GENERATION
    assert not list(discrepancies(Lead))


def test_planned_steps_are_done_once():
    lead = make_lead()
    today = recycling.local_date(timezone.now())
    call = noting.plan(lead, kind="call", subject="Ask about the fleet", due_on=today, by=None, at=ago(0))
    noting.reschedule(call, due_on=today + timedelta(days=1), by=None, at=ago(0))
    noting.done(call, outcome="Call in May", by=None, at=ago(0))
    with pytest.raises(noting.AlreadyDone):
        noting.done(call, by=None, at=ago(0))
    with pytest.raises(noting.EmptyNote):
        noting.note(lead, text="  ", by=None, at=ago(0))
    noting.note(lead, text="Prefers mail", by=None, at=ago(0))
    lead.refresh_from_db()
    assert (lead.activities.count(), lead.version) == (2, 5)


def test_revisions_are_written_down():
    lead = make_lead()
    ana = make_user(name="Ana", team=make_team())
    revising.revise(lead, owner=ana, value=100, by=ana, at=ago(0))
    assert [(c.field, c.after) for c in lead.changes.all()] == [("owner", ana.pk), ("value", 100)]


def test_a_return_from_sales_is_taken_back_only_while_nothing_follows_it():
    lead = make_lead(at=ago(9), stage=LeadStage.ACCEPTED)
    day = recycling.local_date(timezone.now())
    recycling.put_back(lead, contact_again_on=day, by=None, at=ago(3))
    recycling.wake(lead, by=None, at=ago(2))
    with pytest.raises(undoing.WithSales, match="What followed rests on that"):
        undoing.void_step(lead, seq=2, reason="no", by=None)
    undoing.void_step(lead, seq=3, reason="woken too early", by=None)
    undoing.void_step(lead, seq=2, reason="the wrong deal", by=None)
    assert (lead.stage, lead.attempt, lead.contact_again_on) == (LeadStage.ACCEPTED, 1, None)
    assert not list(discrepancies(Lead))


def test_who_unsubscribed_while_sales_had_them_does_not_wake():
    leads = [make_lead(name=name, at=ago(9), stage=LeadStage.ACCEPTED) for name in ("Kim", "Lee")]
    consenting.withdraw(leads[0].person, at=ago(5))
    for lead in leads:
        recycling.put_back(lead, contact_again_on=recycling.local_date(ago(2)), by=None, at=ago(4))
    assert recycling.wake_due(at=ago(1)) == 2
    assert list(Lead.objects.order_by("pk").values_list("stage", flat=True)) == ["unsubscribed", "nurturing"]
    assert [lead.activities.count() for lead in leads] == [0, 1]
    assert not list(discrepancies(Lead))
