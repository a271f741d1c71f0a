"""Leads that are perhaps one: on a tab of their own and on their panels, to be joined or told apart."""

import json

import pytest

from leads.models import Lead, Likeness
from pipeline_crm.accounts.models import Role
from tests.factories import make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def scene(client):
    team = make_team()
    mina = make_user(name="Mina", team=team, role=Role.MARKETER)
    facts = {"by": mina, "owner": mina, "phone": "030 123456"}
    kim = make_lead(name="Kim Sato", email="kim@juniper.example", organisation="Juniper", **facts)
    lee = make_lead(name="Lee <b>", email="lee@kite.example", organisation="Kite", **facts)
    client.force_login(mina)
    return client, kim, lee


def test_the_tab_is_there_as_long_as_there_are_any(scene):
    client, kim, lee = scene
    assert "/marketing/duplicates/" in client.get("/marketing/recycling/").content.decode()
    page = client.get("/marketing/duplicates/").content.decode()
    assert "1 pair" in page and "same phone number" in page and "Lee &lt;b&gt;" in page
    client.post(f"/marketing/duplicates/{Likeness.objects.get().pk}/difference/")
    assert "No duplicates" in client.get("/marketing/duplicates/").content.decode()
    assert "/marketing/duplicates/" not in client.get("/marketing/recycling/").content.decode()


def test_joining_on_the_tab_leaves_one_lead_and_comes_back(scene):
    client, kim, lee = scene
    pair = Likeness.objects.get()
    answer = client.post(f"/marketing/duplicates/{pair.pk}/joint/", {"next": "/marketing/duplicates/"})
    assert answer.url == "/marketing/duplicates/"
    assert "Joined to Kim Sato." in client.get(answer.url).content.decode()
    assert Lead.objects.get(pk=lee.pk).merged_into == kim


def test_each_panel_names_the_other_and_joins_in_place(scene):
    client, kim, lee = scene
    pair = Likeness.objects.get()
    for lead, other in ((kim, lee), (lee, kim)):
        panel = client.get(f"/leads/{lead.pk}/", **HTMX).content.decode()
        assert "Perhaps the same" in panel and f"/leads/{other.pk}/" in panel
    answer = client.post(f"/marketing/duplicates/{pair.pk}/joint/", {"shown": lee.pk, "request_id": "a"}, **HTMX)
    assert json.loads(answer["HX-Trigger"])["card-changed"]["id"] == kim.pk
    panel = answer.content.decode()
    assert "Kim Sato" in panel and "Perhaps the same" not in panel


def test_told_apart_on_a_panel_it_stays_open(scene):
    client, _kim, lee = scene
    pair = Likeness.objects.get()
    answer = client.post(f"/marketing/duplicates/{pair.pk}/difference/", {"shown": lee.pk}, **HTMX)
    assert json.loads(answer["HX-Trigger"])["card-changed"]["id"] == lee.pk
    assert "Perhaps the same" not in answer.content.decode() and Lead.objects.unmerged().count() == 2


def test_who_may_not_change_both_decides_nothing(scene):
    client, kim, _lee = scene
    pair = Likeness.objects.get()
    rep = make_user(team=kim.team)
    Lead.objects.filter(pk=kim.pk).update(owner=rep)
    client.force_login(rep)
    panel = client.get(f"/leads/{kim.pk}/", **HTMX).content.decode()
    assert "Perhaps the same" in panel and "Not the same" not in panel
    for act in ("joint", "difference"):
        assert client.post(f"/marketing/duplicates/{pair.pk}/{act}/").status_code == 403
    assert client.get("/marketing/duplicates/").status_code == 403
    client.force_login(make_user(team=make_team()))
    assert client.post(f"/marketing/duplicates/{pair.pk}/joint/").status_code == 404


def test_companies_are_joined_by_marketing_only(scene):
    client, kim, _lee = scene
    Likeness.objects.update(signs=["company"])
    pair = Likeness.objects.get()
    rep = make_user(team=kim.team)
    Lead.objects.update(owner=rep)
    client.force_login(rep)
    assert client.post(f"/marketing/duplicates/{pair.pk}/joint/").status_code == 403
    client.force_login(make_user(team=kim.team, role=Role.MANAGER))
    assert "One company" in client.get("/marketing/duplicates/").content.decode()
    assert client.post(f"/marketing/duplicates/{pair.pk}/joint/").status_code == 302
    assert Lead.objects.unmerged().count() == 2 and kim.organisation.merged.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_tab_asks_as_often_for_three_pairs_as_for_one(scene, count, django_assert_num_queries):
    client, kim, _lee = scene
    for n in range(count - 1):
        make_lead(name=f"Other {n}", by=kim.owner, owner=kim.owner, phone="030 123456")
        Likeness.objects.exclude(like=kim).delete()
    assert Likeness.objects.count() == count
    with django_assert_num_queries(QUERIES):
        client.get("/marketing/duplicates/")


QUERIES = 7
