from datetime import timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, opening, recycling, undoing
from deals.domain.moving import ReasonNeeded
from deals.models import Deal
from leads.domain import moving, noting
from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
from leads.domain.contacting import consenting
from leads.domain.moving import LeadCannotGoThere
from leads.models import Consent, Lead, LeadStage, Person, Recycling
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_deal, make_reason, make_team, make_user

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


def tried(reason, *, most: int, attempts: int):
    """A deal that is open in this try of its lead, whose reason allows so many."""
    reason.most_tries = most
    reason.save()
    deal = make_deal(at=ago(400), amount=5000)
    for attempt in range(1, attempts):
        days = 400 - 100 * attempt
        again = (ago(days) + timedelta(days=1)).date()
        recycling.recycle(deal, reason=make_reason(), contact_again_on=again, by=None, at=ago(days))
        deal = opening.open_deal(lead=deal.lead, pipeline=deal.pipeline, by=None, at=ago(days - 30))
    return deal


def test_after_its_last_try_a_lead_is_let_go_with_a_reason_in_words():
    budget = make_reason("Budget")
    deal = tried(budget, most=2, attempts=2)
    recycling.recycle(deal, reason=budget, by=None, at=ago(1))
    lead = Lead.objects.get(pk=deal.lead_id)
    assert (lead.stage, lead.attempt, lead.contact_again_on) == (LeadStage.DISQUALIFIED, 2, None)
    assert lead.events.last().reason == "Budget, after try 2 of 2"
    assert (deal.stage.kind, Recycling.objects.count()) == ("lost", 1)
    assert list(discrepancies(Lead)) == []


def test_before_the_last_try_and_for_reasons_without_a_limit_it_waits_as_ever():
    budget = make_reason("Budget")
    deal = tried(budget, most=3, attempts=2)
    recycling.recycle(deal, reason=budget, by=None, at=ago(1))
    assert Lead.objects.get(pk=deal.lead_id).stage == LeadStage.WAITING


def test_who_leads_the_team_may_try_once_more_all_the_same():
    budget = make_reason("Budget")
    deal = tried(budget, most=1, attempts=1)
    recycling.recycle(deal, reason=budget, anyway=True, by=None, at=ago(2))
    assert Lead.objects.get(pk=deal.lead_id).stage == LeadStage.WAITING


def test_what_was_let_go_is_taken_up_again_as_if_it_had_waited():
    budget = make_reason("Budget")
    deal = tried(budget, most=1, attempts=1)
    recycling.recycle(deal, reason=budget, by=None, at=ago(2))
    with pytest.raises(LeadCannotGoThere):
        recycling.recycle(deal, by=None, at=ago(1))
    recycling.recycle(deal, anyway=True, by=None, at=ago(1))
    lead = Lead.objects.get(pk=deal.lead_id)
    assert (lead.stage, lead.attempt) == (LeadStage.WAITING, 2)
    assert list(discrepancies(Lead)) == []


def test_undoing_the_loss_brings_back_a_lead_that_was_let_go():
    budget = make_reason("Budget")
    deal = tried(budget, most=1, attempts=1)
    now = timezone.now()
    recycling.recycle(deal, reason=budget, by=None, at=now)
    undoing.undo(deal, by=None, at=now)
    lead = Lead.objects.get(pk=deal.lead_id)
    assert (lead.stage, deal.stage.is_open) == (LeadStage.ACCEPTED, True)
    assert lead.events.last().source == "undo", "voided, not accepted once more"


def test_trying_once_more_is_for_who_leads_the_team(client):
    team = make_team()
    ana, ben = make_user(team=team), make_user(team=team, role=Role.MANAGER)
    budget = make_reason("Budget")
    deal = tried(budget, most=1, attempts=1)
    Deal.objects.filter(pk=deal.pk).update(owner=ana, team=team)
    recycling.recycle(deal, reason=budget, by=None, at=ago(1))
    sent = {"contact_again_on": "2031-01-01", "anyway": "on"}
    client.force_login(ana)
    assert "Try once more" not in client.get(f"/deals/{deal.pk}/").content.decode()
    assert client.post(f"/deals/{deal.pk}/recycling/", sent).status_code == 403
    client.force_login(ben)
    assert "Try once more" in client.get(f"/deals/{deal.pk}/").content.decode()
    assert client.post(f"/deals/{deal.pk}/recycling/", sent).status_code == 302
    assert Lead.objects.get(pk=deal.lead_id).stage == LeadStage.WAITING


def test_a_wake_that_is_undone_takes_its_task_along():
    deal = make_deal(at=ago(200))
    recycling.recycle(deal, reason=make_reason(days=1), by=None, at=ago(100))
    now = timezone.now()
    lead_recycling.wake_due(at=now)
    lead = Lead.objects.get(pk=deal.lead_id)
    noting.plan(lead, kind="task", subject="Mine", due_on=now.date(), by=None, at=now - timedelta(seconds=1))
    lead_undoing.undo(lead, by=None, at=now)
    assert (lead.stage, [one.subject for one in lead.activities.all()]) == (LeadStage.WAITING, ["Mine"])


def test_who_unsubscribed_is_nurtured_by_no_way_in():
    deal = make_deal(at=ago(200))
    recycling.recycle(deal, reason=make_reason(), by=None, at=ago(100))
    lead = Lead.objects.get(pk=deal.lead_id)
    lead.person = Person.objects.create(name="Kim", email="kim@example.com")
    lead.save()
    consenting.record(lead.person, ["offers"], words="yes", by=None, at=ago(90))
    Consent.objects.create(person=lead.person, purpose="offers", basis="withdrawn", channel="hand", at=ago(80))
    for way_in in (
        lambda: lead_recycling.wake(lead, by=None, at=ago(1)),
        lambda: moving.move(lead, to=LeadStage.NURTURING, by=None, at=ago(1)),
    ):
        with pytest.raises(moving.WantsNoMore, match="Kim wants no more of us"):
            way_in()
    assert not lead.activities.exists()
    assert Lead.objects.get(pk=lead.pk).stage == LeadStage.WAITING
