"""A deal's page and panel: facts in place, next steps, notes, corrections."""

import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from deals.domain import moving, shaping
from deals.models import Deal
from leads.models import Lead, LeadStage
from tests.factories import (
    ago,
    make_deal,
    make_lead,
    make_mail,
    make_pipeline,
    make_team,
    make_user,
    stage_of,
    three_people,
)

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    deal = make_deal(pipeline=make_pipeline("New business", is_default=True), owner=ana, by=ana, at=ago(20))
    moving.move(deal, to=stage_of(deal.pipeline, "Proposal"), by=ana, at=ago(5))
    client.force_login(ana)
    return client, ana, deal


def test_the_page_is_whole_and_the_panel_is_a_part_of_it(scene):
    client, _ana, deal = scene
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    panel = client.get(f"/deals/{deal.pk}/", **HTMX).content.decode()
    assert "<!doctype html>" in page
    assert "<html" not in panel
    for words in ("moved it from Inquiry to Proposal", "Chance to win", "No next step"):
        assert words in page
        assert words in panel


def test_the_stepper_tells_the_days_of_each_stage(scene):
    client, _ana, deal = scene
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert '<span>Inquiry</span><small class="num">15 d</small>' in page
    assert '<span>Proposal</span><small class="num">5 d</small>' in page


def test_a_fact_is_changed_in_place(scene):
    client, _ana, deal = scene
    fields = {"amount": "12 500", "currency": "EUR", "version": deal.version}
    answer = client.post(f"/deals/{deal.pk}/facts/", fields, **HTMX)
    assert answer.status_code == 200
    assert json.loads(answer["HX-Trigger"])["card-changed"]["id"] == deal.pk
    assert Deal.objects.get(pk=deal.pk).amount == 12500


def test_changes_are_told_in_words(scene):
    client, ana, deal = scene
    mate = make_user(name="Jonas Okter", team=make_team())
    for fields in ({"amount": "12500.5", "currency": "EUR"}, {"expected_close": "2031-03-02"}, {"owner": mate.pk}):
        deal.refresh_from_db()
        client.post(f"/deals/{deal.pk}/facts/", fields | {"version": deal.version})
    client.force_login(mate)
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    for words in ("€12\u2009500.50", "2 Mar 2031", "Jonas Okter"):
        assert f"to <b>{words}</b>" in page


def test_a_fact_that_does_not_fit_is_said_beside_it(scene):
    client, _ana, deal = scene
    answer = client.post(f"/deals/{deal.pk}/facts/", {"amount": "-5", "version": deal.version}, **HTMX)
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()


def test_a_fact_changed_meanwhile_is_refused(scene):
    client, ana, deal = scene
    client.post(f"/deals/{deal.pk}/facts/", {"title": "Mine", "version": deal.version})
    answer = client.post(f"/deals/{deal.pk}/facts/", {"title": "Theirs", "version": deal.version}, **HTMX)
    assert answer.status_code == 409
    assert Deal.objects.get(pk=deal.pk).title == "Mine"


def test_a_next_step_is_planned_moved_and_done(scene):
    client, _ana, deal = scene
    day = date.today() + timedelta(days=3)
    client.post(f"/deals/{deal.pk}/activities/", {"kind": "call", "subject": "Ask about the offer", "due_on": day})
    step = deal.activities.get()
    client.post(f"/deals/{deal.pk}/activities/{step.pk}/date/", {"due_on": day + timedelta(days=1)})
    step.refresh_from_db()
    assert step.due_on == day + timedelta(days=1)
    answer = client.post(f"/deals/{deal.pk}/activities/{step.pk}/outcome/", {"outcome": "They like it"}, **HTMX)
    assert "They like it" in answer.content.decode()
    step.refresh_from_db()
    assert step.done_at


def test_a_note_stands_in_the_history(scene):
    client, _ana, deal = scene
    answer = client.post(f"/deals/{deal.pk}/notes/", {"text": "Wants two invoices <b>"}, **HTMX)
    assert "Wants two invoices &lt;b&gt;" in answer.content.decode()


def test_a_step_is_redated_with_a_reason(scene):
    client, _ana, deal = scene
    fields = {"kind": "redate", "seq": 2, "occurred_at": ago(8).date(), "reason": "Signed on Friday"}
    assert client.post(f"/deals/{deal.pk}/corrections/", fields).status_code == 302
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "Signed on Friday" in page
    assert '<span>Proposal</span><small class="num">8 d</small>' in page or "7 d" in page


def test_a_correction_names_its_day_and_the_first_step_has_one_too(scene):
    client, _ana, deal = scene
    address, sent = f"/deals/{deal.pk}/corrections/", {"kind": "redate", "reason": "Heard later"}
    answer = client.post(address, sent | {"seq": 2}, **HTMX)
    assert answer.status_code == 422
    assert json.loads(answer["HX-Trigger"])["refused"]["message"] == "On: Name the day on which it happened."
    assert client.post(address, sent | {"seq": 2, "occurred_at": timezone.localdate()}).status_code == 302
    assert client.post(address, sent | {"seq": 1, "occurred_at": "2020-01-02"}).status_code == 302
    deal.refresh_from_db()
    assert timezone.localdate(deal.created_at) == date(2020, 1, 2)
    assert timezone.localdate(deal.stage_entered_at) == timezone.localdate()
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert page.count("Correct this step") == 2
    assert page.count("It never happened") == 1


@pytest.fixture
def asking(scene):
    """The first stage asks for a competitor and a value."""
    client, ana, deal = scene
    shaping.set_rules(deal.pipeline.first_stage, by=None, required_fields=["competitor", "amount"])
    return client, ana, deal.pipeline


def test_a_new_deal_is_asked_for_what_its_stage_needs(asking):
    client, _ana, pipeline = asking
    sent = {"organisation": "Juniper Foods", "pipeline": pipeline.pk}
    answer = client.post("/deals/new/", sent, **HTMX)
    assert (answer.status_code, Deal.objects.filter(organisation__name="Juniper Foods").count()) == (422, 0)
    assert answer.content.decode().count("The stage asks for this.") == 2
    assert 'name="competitor"' in answer.content.decode()
    client.post("/deals/new/", sent | {"competitor": "Halden", "amount": "900"}, **HTMX)
    assert Deal.objects.get(organisation__name="Juniper Foods").competitor == "Halden"


def test_an_accepted_lead_is_asked_for_what_the_first_stage_needs(asking):
    client, ana, pipeline = asking
    lead = make_lead(organisation="Birchwood", stage=LeadStage.READY, value=700, by=ana, owner=ana)
    answer = client.post(f"/leads/{lead.pk}/acceptance/", follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/deals/new/?lead={lead.pk}&pipeline={pipeline.pk}", 302)]
    assert "Inquiry needs: competitor." in page and 'value="Birchwood"' in page
    sent = {"lead": lead.pk, "pipeline": pipeline.pk, "organisation": "Birchwood", "competitor": "Halden"}
    client.post("/deals/new/", sent | {"amount": "800"})
    deal = lead.deals.get()
    assert (deal.competitor, deal.amount, deal.organisation) == ("Halden", 800, lead.organisation)


def test_a_stranger_opens_no_deal_of_a_lead_by_naming_it(asking):
    client, _ana, pipeline = asking
    lead = make_lead(stage=LeadStage.READY, by=None)
    lead.team = make_team()
    lead.save()
    sent = {"lead": lead.pk, "pipeline": pipeline.pk, "organisation": "X", "competitor": "Y", "amount": "1"}
    assert client.post("/deals/new/", sent, **HTMX).status_code == 422
    assert client.get(f"/deals/new/?lead={lead.pk}").content.decode().count(str(lead.organisation)) == 0


def test_the_person_of_a_deal_is_named_in_its_panel(scene):
    client, _ana, deal = scene
    address = f"/deals/{deal.pk}/facts/"
    client.post(address, {"person": "Mina Baum"}, **HTMX)
    deal.refresh_from_db()
    assert (deal.person.name, deal.person.organisation) == ("Mina Baum", deal.organisation)
    panel = client.get(f"/deals/{deal.pk}/", **HTMX).content.decode()
    assert 'name="person" value="Mina Baum"' in panel
    assert "changed person" in panel and "<b>Mina Baum</b>" in panel
    assert client.post(address, {"person": "mina@"}, **HTMX).status_code == 422


def test_the_history_of_a_deal_has_the_letters_since_it_was_opened_for_whom_sees_its_lead(client):
    ana = make_user(team=(team := make_team()))
    deal = make_deal(owner=ana, by=ana, team=team, lead=make_lead(by=ana, owner=ana, team=team, at=ago(30)), at=ago(20))
    make_mail(deal.lead, state="sent", sent_at=ago(10), subject="Our price list")
    make_mail(deal.lead, state="sent", sent_at=ago(25), subject="Long before")
    client.force_login(ana)
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "Our price list" in page and "Long before" not in page
    Lead.objects.filter(pk=deal.lead_id).update(team=make_team(), owner=None)
    assert "Our price list" not in client.get(f"/deals/{deal.pk}/").content.decode()
