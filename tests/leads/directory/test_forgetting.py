"""Being shown everything and being forgotten: for those who answer for what is kept."""

import pytest

from leads.domain import noting
from leads.domain.contacting import consenting
from leads.models import Person
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_deal, make_lead, make_mail, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user(name="Ana", team=make_team("North"))


@pytest.fixture
def kim(ana):
    lead = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper", by=ana, owner=ana)
    consenting.record(lead.person, ["offers"], words="I agree to offers", address="192.0.2.7", by=ana, at=ago(9))
    noting.note(lead, text="Prefers Thursdays", by=ana, at=ago(8))
    make_mail(lead, text="Dear Kim", state="sent", sent_at=ago(7))
    make_deal(lead=lead, pipeline=make_pipeline(), owner=ana, by=ana, concerns="The price")
    return lead.person


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_a_manager_exports_all_that_is_known_of_other_teams_cards_too(client, kim, role):
    client.force_login(make_user(team=make_team("South"), role=role))
    answer = client.get(f"/people/{kim.pk}/export/")
    assert answer["Content-Disposition"] == f'attachment; filename="person-{kim.pk}.json"'
    told = answer.json()
    assert [one["email"] for one in told["records"]] == ["kim@juniper.example"]
    assert told["consents"][0]["proof"]["words"] == "I agree to offers"
    assert [one["outcome"] for one in told["activities"]] == ["Prefers Thursdays"]
    assert [one["text"] for one in told["mails"]] == ["Dear Kim"]
    assert [step["to_stage"] for step in told["lead_steps"]] == ["generation", "accepted"]
    assert [one["concerns"] for one in told["deals"]] == ["The price"]
    assert len(told["deal_steps"]) == 1


@pytest.mark.parametrize("role", [Role.REP, Role.MARKETER])
@pytest.mark.parametrize("act", ["export", "erasure"])
def test_nobody_else_does(client, kim, ana, role, act):
    client.force_login(make_user(team=ana.memberships.get().team, role=role))
    assert client.get(f"/people/{kim.pk}/{act}/").status_code == 403
    assert client.post(f"/people/{kim.pk}/{act}/", {"sure": "on"}).status_code == 403
    assert Person.objects.get(pk=kim.pk).name == "Kim"


def test_erasing_is_asked_twice(client, kim, ana):
    client.force_login(make_user(team=ana.memberships.get().team, role=Role.MANAGER))
    address = f"/people/{kim.pk}/erasure/"
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 422
    assert Person.objects.get(pk=kim.pk).erased_at is None
    assert client.post(address, {"sure": "on"}).url == f"/people/{kim.pk}/"
    page = client.get(f"/people/{kim.pk}/").content.decode()
    assert "Erased on" in page
    assert "Kim" not in page and "Thursdays" not in page
    assert client.post(address, {"sure": "on"}).status_code == 409


def test_an_export_of_who_was_erased_holds_no_words(client, kim, ana):
    client.force_login(make_user(team=ana.memberships.get().team, role=Role.ADMIN))
    client.post(f"/people/{kim.pk}/erasure/", {"sure": "on"})
    text = client.get(f"/people/{kim.pk}/export/").content.decode()
    assert not [word for word in ("Kim", "juniper.example", "Thursdays", "agree", "The price") if word in text]
