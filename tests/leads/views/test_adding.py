"""Adding a lead by hand: whoever is perhaps known already is shown first, to be joined or told apart."""

import json

import pytest

from leads.models import Lead, Likeness, Organisation, Person
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}
SENT = {"name": "Kim S.", "email": "ks@mail.example", "phone": "+49 30 123456", "title": "Wants prices"}


@pytest.fixture
def scene(client):
    team = make_team()
    mina = make_user(name="Mina", team=team, role=Role.MARKETER)
    known = make_lead(
        by=mina, owner=mina, name="Kim Sato", email="kim@juniper.example", phone="030 123456", organisation="Juniper",
        at=ago(9),
    )  # fmt: skip
    client.force_login(mina)
    return client, mina, known


def add(client, **sent):
    return client.post("/leads/new/", SENT | sent, **HTMX)


def test_somebody_new_is_added_at_once(scene):
    client, mina, _known = scene
    answer = add(client, phone="")
    assert (answer.status_code, json.loads(answer["HX-Trigger"])["card-moved"]["say"]) == (200, "Kim S. added.")
    assert Lead.objects.get(person__name="Kim S.").owner == mina and not Likeness.objects.exists()


def test_whoever_is_perhaps_the_same_is_shown_before_anything_is_written(scene):
    client, _mina, known = scene
    for answer in (add(client), client.post("/leads/new/", SENT)):
        page = answer.content.decode()
        assert (answer.status_code, Lead.objects.count(), Person.objects.count()) == (422, 1, 1)
        assert "Perhaps the same" in page and "same phone number · Generation · Mina" in page
        assert f'name="join" value="{known.pk}"' in page and f'name="seen" value="{known.pk}"' in page
        assert 'value="Kim S."' in page  # what was typed is still there


def test_joining_adds_to_the_lead_we_have_and_shows_its_card(scene):
    client, mina, known = scene
    answer = add(client, join=known.pk)
    happening = json.loads(answer["HX-Trigger"])["card-moved"]
    assert (happening["id"], happening["say"], happening["undo"]) == (known.pk, "Added to Kim Sato, as a note.", "")
    assert (Lead.objects.count(), Person.objects.count(), Likeness.objects.count()) == (1, 1, 0)
    note = known.activities.get()
    assert (note.outcome, note.by) == ("Came in again.\nKim S.\nks@mail.example\nWants prices", mina)
    assert known.touches.get().kind == "joined"


def test_adding_all_the_same_is_remembered(scene):
    client, mina, known = scene
    assert add(client, seen=str(known.pk)).status_code == 200
    pair = Likeness.objects.get()
    assert (pair.lead.person.name, pair.like, pair.told_apart_by) == ("Kim S.", known, mina)
    assert not Likeness.objects.open().exists()


def test_who_was_not_shown_yet_is_shown_first(scene):
    client, _mina, known = scene
    assert add(client, seen="x,,999999").status_code == 422
    other = make_lead(by=known.owner, name="Lee", email="ks@mail.example", organisation="Kite")
    answer = add(client, seen=str(known.pk))
    assert answer.status_code == 422 and f'name="seen" value="{other.pk},{known.pk}"' in answer.content.decode()


def test_the_same_request_twice_joins_once(scene):
    client, _mina, known = scene
    for _twice in range(2):
        assert add(client, join=known.pk, request_id="abc").status_code == 200
    assert known.activities.count() == 1


def test_leads_of_other_teams_are_neither_shown_nor_joined_but_written_down(scene):
    client, _mina, known = scene
    stranger = make_user(team=make_team())
    Lead.objects.update(owner=stranger, team=stranger.memberships.get().team)
    assert not Lead.objects.visible_to(client_user(client)).filter(pk=known.pk).exists()
    assert add(client, join=known.pk).status_code == 404
    assert add(client).status_code == 200
    assert Likeness.objects.open().get().like == known


def client_user(client):
    from pipeline_crm.accounts.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def test_who_may_not_change_a_lead_may_not_join_it(scene):
    client, _mina, known = scene
    rep = make_user(team=known.team)
    client.force_login(rep)
    assert not rep.has_perm("leads.change_lead", known)
    page = add(client).content.decode()
    assert "Perhaps the same" in page and 'name="join"' not in page
    assert add(client, join=known.pk).status_code == 403 and not known.activities.exists()


def test_a_company_written_otherwise_is_shown_instead_of_a_second_one(scene):
    client, _mina, _known = scene
    Organisation.objects.update(name="Juniper Foods")
    answer = client.post("/leads/new/", {"organisation": "Juniper Food GmbH", "name": "Ana Berg"}, **HTMX)
    assert (answer.status_code, "similar company" in answer.content.decode()) == (422, True)
    assert Organisation.objects.count() == 1
