"""Signs of interest are written down once, wherever they come from."""

import pytest
from django.db import IntegrityError, transaction

from deals.domain import noting as noting_on_deals
from leads.domain import collecting, noting, touching
from leads.models import LeadForm, Organisation, Touch, TouchKind
from tests.factories import ago, make_deal, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


def told(**of) -> list[tuple]:
    return list(Touch.objects.filter(**of).values_list("kind", "what"))


def test_a_touch_belongs_to_the_lead_its_person_and_its_organisation():
    lead = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper")
    touch = touching.touch(lead, kind=TouchKind.CLICK, at=ago(1), what="price\nlist", page="https://us.example/prices")
    assert (touch.person, touch.organisation, touch.what) == (lead.person, lead.organisation, "price list")
    alone = touching.touch(None, person=lead.person, kind=TouchKind.REPLY, at=ago(0))
    assert (alone.lead, alone.organisation) == (None, lead.person.organisation)
    assert list(Touch.objects.of(lead)) == [touch, alone]
    assert touching.touch(None, kind=TouchKind.CLICK, at=ago(0)) is None


def test_what_is_told_twice_happened_once():
    lead = make_lead()
    first = touching.touch(lead, kind=TouchKind.REPLY, at=ago(1), key="message 7")
    assert touching.touch(lead, kind=TouchKind.REPLY, at=ago(0), key="message 7") is None
    assert list(Touch.objects.all()) == [first]
    for _both in range(2):
        touching.touch(lead, kind=TouchKind.REPLY, at=ago(0))
    assert Touch.objects.count() == 3


def test_calls_and_meetings_that_were_done_are_touches_and_nothing_else_is():
    lead = make_lead(name="Kim", email="kim@juniper.example")
    call = noting.plan(lead, kind="call", subject="Ask about the hall", due_on=ago(0).date(), by=None, at=ago(3))
    task = noting.plan(lead, kind="task", subject="Print", due_on=ago(0).date(), by=None, at=ago(3))
    assert told() == []
    noting.done(call, by=None, at=ago(2))
    noting.done(task, by=None, at=ago(2))
    noting.note(lead, text="Sounds good", by=None, at=ago(1))
    noting.note(lead, text="Met at the fair", kind="meeting", by=None, at=ago(1))
    assert told(lead=lead, person=lead.person) == [("call", "Ask about the hall"), ("meeting", "")]


def test_a_call_of_sales_touches_the_lead_that_the_deal_grew_from():
    deal = make_deal()
    noting_on_deals.note(deal, text="They will sign", kind="call", by=None, at=ago(1))
    assert told(lead=deal.lead, organisation=deal.organisation) == [("call", "")]


def test_a_form_that_was_sent_is_a_touch_at_the_moment_it_was_sent():
    form = LeadForm.objects.create(
        name="Prices", heading="Price list", thanks="Thanks", consent_words="Yes", created_at=ago(9)
    )
    said = {"name": "Kim", "email": "kim@juniper.example", "agreed": False}
    capture = collecting.receive(
        form, said, campaign={"utm_campaign": "spring"}, page="https://us.example/", address="10.0.0.1", at=ago(3)
    )
    assert told() == []
    for _twice in range(2):
        collecting.confirm(capture, at=ago(1))
    touch = Touch.objects.get()
    assert (touch.lead, touch.kind, touch.at, touch.what) == (capture.lead, "form", capture.received_at, "Price list")
    assert (touch.campaign, touch.page) == ({"utm_campaign": "spring"}, "https://us.example/")


def test_touches_of_leads_are_seen_by_those_who_see_the_lead():
    team = make_team()
    mine, theirs = make_lead(team=team), make_lead(team=make_team())
    touch = touching.touch(mine, kind=TouchKind.CALL, at=ago(1))
    touching.touch(theirs, kind=TouchKind.CALL, at=ago(1))
    assert list(Touch.objects.visible_to(make_user(team=team))) == [touch]


def test_the_database_refuses_a_touch_of_nobody_and_a_key_used_twice():
    organisation = Organisation.objects.create(name="Juniper")
    with pytest.raises(IntegrityError, match="touch_is_somebodys"), transaction.atomic():
        Touch.objects.create(kind="call", at=ago(0))
    Touch.objects.create(kind="call", at=ago(0), key="call 1", organisation=organisation)
    with pytest.raises(IntegrityError), transaction.atomic():
        Touch.objects.create(kind="call", at=ago(0), key="call 1", organisation=organisation)
