"""Two people change the same card: only what both changed is asked about, and nothing that was typed is lost."""

import re
from html import unescape

import pytest

from deals.domain import revising
from deals.models import Deal
from leads.domain import revising as revising_leads
from leads.models import Lead
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def scene(client):
    team = make_team()
    ana, ben = (make_user(name=name, team=team, role="manager") for name in ("Ana Marin", "Ben Kraus"))
    deal = make_deal(pipeline=make_pipeline(), by=ana, owner=ana, team=team, title="Roof", amount=1000)
    client.force_login(ana)
    return client, ana, ben, deal


def form_of(page, names):
    """What the browser would send with the form of these fields."""
    form = re.search(rf'data-name="{names}".*?<form(.*?)</form>', page, re.S).group(1)
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\S+?)="([^"]*)"', tag))
        fields[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, options in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen.group(1) if chosen else ""
    for name, text in re.findall(r'<textarea name="(\w+)".*?>(.*?)</textarea>', form, re.S):
        fields[name] = unescape(text).removeprefix("\n")
    return fields


def panel(client, deal):
    return client.get(f"/deals/{deal.pk}/", **HTMX).content.decode()


def send(client, deal, fields):
    return client.post(f"/deals/{deal.pk}/facts/", fields, **HTMX)


def fresh(deal):
    return Deal.objects.get(pk=deal.pk)


def test_changes_of_different_facts_go_together(scene):
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), "title")
    revising.revise(fresh(deal), amount=5000, by=ben, at=ago(0))
    assert send(client, deal, fields | {"title": "Roof and walls"}).status_code == 200
    assert (fresh(deal).title, fresh(deal).amount) == ("Roof and walls", 5000)


def test_what_was_only_shown_does_not_overwrite(scene):
    """Value and currency are one form; who changes the currency has not changed the value."""
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), "amount currency")
    assert fields["initial-amount"] == "1000.00"
    revising.revise(fresh(deal), amount=5000, by=ben, at=ago(0))
    assert send(client, deal, fields).status_code == 200
    assert fresh(deal).amount == 5000


def test_the_same_fact_twice_asks_and_keeps_what_was_typed(scene):
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), "amount currency")
    revising.revise(fresh(deal), amount=12000, by=ben, at=ago(0))
    answer = send(client, deal, fields | {"amount": "7000"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert fresh(deal).amount == 12000
    assert "Ben Kraus changed this to" in page
    assert "Take theirs" in page
    again = form_of(page, "amount currency")
    assert (again["amount"], again["initial-amount"]) == ("7000", "12000.00")
    assert send(client, deal, again).status_code == 200, "Keep mine"
    assert fresh(deal).amount == 7000


def test_keep_mine_is_asked_again_when_it_changed_once_more(scene):
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), "title")
    revising.revise(fresh(deal), title="Walls", by=ben, at=ago(0))
    again = form_of(send(client, deal, fields | {"title": "Cellar"}).content.decode(), "title")
    revising.revise(fresh(deal), title="Windows", by=ben, at=ago(0))
    assert send(client, deal, again).status_code == 409
    assert fresh(deal).title == "Windows"


def test_the_same_change_by_both_is_no_conflict(scene):
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), "title")
    revising.revise(fresh(deal), title="Walls", by=ben, at=ago(0))
    assert send(client, deal, fields | {"title": "Walls"}).status_code == 200


def test_there_and_back_is_no_conflict(scene):
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), "title")
    revising.revise(fresh(deal), title="Walls", by=ben, at=ago(0))
    revising.revise(fresh(deal), title="Roof", by=ben, at=ago(0))
    assert send(client, deal, fields | {"title": "Cellar"}).status_code == 200


@pytest.mark.parametrize(
    ("names", "theirs", "mine"),
    [
        ("owner", lambda ben: {"owner": ben}, {"owner": ""}),
        ("tags", lambda ben: {"tags": ["hot"]}, {"tags": "cold, new"}),
        ("expected_close", lambda ben: {"expected_close": ago(-9).date()}, {"expected_close": "2030-01-05"}),
        ("concerns", lambda ben: {"concerns": "Price\nTime"}, {"concerns": "None\r\nat all"}),
        ("deal_type", lambda ben: {"deal_type": "renewal"}, {"deal_type": "upsell"}),
    ],
)
def test_every_kind_of_fact(scene, names, theirs, mine):
    client, _ana, ben, deal = scene
    fields = form_of(panel(client, deal), names)
    assert send(client, deal, fields).status_code == 200, "sent as it was shown it changes nothing"
    assert fresh(deal).version == deal.version
    revising.revise(fresh(deal), by=ben, at=ago(0), **theirs(ben))
    answer = send(client, deal, fields | mine)
    assert answer.status_code == 409
    again = form_of(answer.content.decode(), names)
    assert send(client, deal, again).status_code == 200
    assert fresh(deal).changes.order_by("-id").first().by != ben


def test_a_form_that_does_not_say_what_it_saw_is_held_to_its_version(scene):
    client, _ana, ben, deal = scene
    revising.revise(fresh(deal), amount=5000, by=ben, at=ago(0))
    assert send(client, deal, {"title": "New", "version": "1"}).status_code == 409
    assert send(client, deal, {"title": "New", "version": "2"}).status_code == 200


def test_without_javascript_the_whole_page_asks(scene):
    client, _ana, ben, deal = scene
    fields = form_of(client.get(f"/deals/{deal.pk}/").content.decode(), "title")
    revising.revise(fresh(deal), title="Walls", by=ben, at=ago(0))
    answer = client.post(f"/deals/{deal.pk}/facts/", fields | {"title": "Cellar"})
    assert answer.status_code == 409
    assert answer.content.decode().lstrip().startswith("<!doctype html>")
    assert "Ben Kraus changed this to" in answer.content.decode()


def test_leads_ask_in_the_same_way(scene):
    client, ana, ben, _deal = scene
    lead = make_lead(owner=ana, by=ana, value=100)
    page = client.get(f"/leads/{lead.pk}/", **HTMX).content.decode()
    fields = form_of(page, "value currency")
    revising_leads.revise(Lead.objects.get(pk=lead.pk), value=300, by=ben, at=ago(0))
    answer = client.post(f"/leads/{lead.pk}/facts/", fields | {"value": "200"}, **HTMX)
    assert answer.status_code == 409
    assert "Ben Kraus changed this to" in answer.content.decode()
    again = form_of(answer.content.decode(), "value currency")
    assert client.post(f"/leads/{lead.pk}/facts/", again, **HTMX).status_code == 200
    assert Lead.objects.get(pk=lead.pk).value == 200
