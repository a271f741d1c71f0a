"""The marketing board and a lead's page: hand-over, hand-back, acceptance, letting go, waking."""

import json

import pytest

from deals.models import Deal
from leads.domain import moving
from leads.models import Lead, LeadStage
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_lead, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def scene(client):
    team = make_team()
    mina = make_user(name="Mina", team=team, role=Role.MARKETER)
    lead = make_lead(by=mina, owner=mina, team=team, name="Tom Ruiz", at=ago(9))
    client.force_login(mina)
    return client, mina, lead


def event_of(answer, name):
    return json.loads(answer["HX-Trigger"])[name]


def step(client, lead, to, **fields):
    lead.refresh_from_db()
    return client.post(f"/leads/{lead.pk}/stage/", {"to": to, "version": lead.version, **fields}, **HTMX)


def test_without_htmx_a_whole_page_and_with_it_only_the_board(scene):
    client, _mina, lead = scene
    page = client.get("/marketing/").content.decode()
    part = client.get("/marketing/", **HTMX).content.decode()
    assert "<!doctype html>" in page
    assert "<html" not in part
    for stage in ("waiting", "generation", "nurturing", "qualification", "ready"):
        assert f'id="col-{stage}"' in page
    assert f'id="card-{lead.pk}"' in part


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_asks_as_often_for_one_card_as_for_three(scene, django_assert_num_queries, count):
    client, mina, lead = scene
    for _ in range(count - 1):
        make_lead(by=mina, owner=mina, team=lead.team, name="Another")
    with django_assert_num_queries(QUERIES_OF_THE_BOARD):
        client.get("/marketing/")


QUERIES_OF_THE_BOARD = 21


def test_into_ready_for_sales_is_the_hand_over(scene):
    client, _mina, lead = scene
    answer = step(client, lead, "ready")
    assert event_of(answer, "card-moved")["say"] == "Tom Ruiz is handed over to sales."
    assert 'id="head-ready" hx-swap-oob="true"' in answer.content.decode()


def test_handing_back_needs_a_reason(scene):
    client, _mina, lead = scene
    step(client, lead, "ready")
    assert step(client, lead, "qualification").status_code == 422
    assert step(client, lead, "qualification", reason="No budget named").status_code == 200
    assert "No budget named" in client.get(f"/leads/{lead.pk}/").content.decode()


def test_letting_go_needs_a_reason_and_leaves_the_board(scene):
    client, _mina, lead = scene
    assert step(client, lead, "disqualified").status_code == 422
    answer = step(client, lead, "disqualified", reason="No need")
    assert f'id="card-{lead.pk}"' not in answer.content.decode()


def test_sales_accepts_and_the_deal_opens(scene):
    client, mina, lead = scene
    make_pipeline("New business", is_default=True)
    step(client, lead, "ready")
    rep = make_user(team=lead.team)
    client.force_login(rep)
    answer = client.post(f"/leads/{lead.pk}/acceptance/")
    deal = Deal.objects.get(lead=lead)
    assert answer.url.endswith(f"?deal={deal.pk}")
    assert (Lead.objects.get(pk=lead.pk).stage, deal.owner) == (LeadStage.ACCEPTED, rep)


def test_a_way_that_does_not_exist_is_refused_with_the_card(scene):
    client, _mina, lead = scene
    answer = step(client, lead, "waiting")
    assert answer.status_code == 409
    assert event_of(answer, "refused")["message"] == "A lead does not go from Generation to Waiting."
    assert f'id="card-{lead.pk}"' in answer.content.decode()


def test_undo_takes_the_step_back(scene):
    client, _mina, lead = scene
    happening = event_of(step(client, lead, "nurturing"), "card-moved")
    client.post(happening["undo"], {"version": happening["version"]}, **HTMX)
    assert Lead.objects.get(pk=lead.pk).stage == "generation"


def test_a_new_lead_begins_in_generation(scene):
    client, _mina, _lead = scene
    answer = client.post("/leads/new/", {"name": "Leila Haddad", "organisation": "Kite Mobility"}, **HTMX)
    lead = Lead.objects.get(pk=event_of(answer, "card-moved")["id"])
    assert (lead.stage, str(lead.organisation)) == ("generation", "Kite Mobility")


def test_the_page_without_javascript(scene):
    client, mina, lead = scene
    moving.move(lead, to="nurturing", by=mina, at=ago(2))
    page = client.get(f"/leads/{lead.pk}/").content.decode()
    assert "moved it from Generation to Nurturing" in page
    answer = client.post(f"/leads/{lead.pk}/stage/", {"to": "qualification", "version": lead.version})
    assert (answer.status_code, answer.url) == (302, f"/leads/{lead.pk}/")


@pytest.mark.parametrize("noun", ["stage", "waking", "undoing", "corrections", "facts", "activities", "notes"])
def test_strangers_find_nothing_and_reps_of_the_team_may_not_change(scene, noun):
    client, _mina, lead = scene
    client.force_login(make_user(team=make_team()))
    assert client.post(f"/leads/{lead.pk}/{noun}/").status_code == 404
    client.force_login(make_user(team=lead.team))
    assert client.post(f"/leads/{lead.pk}/{noun}/").status_code == 403
