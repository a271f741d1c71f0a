"""Several leads at once over HTTP: who may follow does, the others are named with their reason; it can be undone."""

import json

import pytest

from leads.models import Batch, Lead, LeadActivity, LeadStage
from pipeline_crm.accounts.models import Role
from tests.factories import make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def scene(client):
    """Mina owns three leads; Noor's is seen but not hers; Cleo's is out of her sight."""
    north, south = make_team("North"), make_team("South")
    mina, noor, cleo = (make_user(name=name, team=north) for name in ("Mina", "Noor", "Cleo"))
    cleo.memberships.update(team=south, role=Role.MARKETER)
    own = [make_lead(owner=mina, team=north, by=mina) for _ in range(3)]
    client.force_login(mina)
    return client, own, make_lead(owner=noor, team=north, by=noor), make_lead(owner=cleo, team=south, by=cleo)


def post(client, leads, **fields):
    cards = [f"{lead.pk}:{lead.version}" for lead in leads]
    return client.post("/marketing/bulk/", {"card": cards, **fields}, headers=HTMX)


def told(answer):
    return json.loads(answer["HX-Trigger"])["bulk-done"]


def stages(*leads):
    return [Lead.objects.get(pk=lead.pk).stage for lead in leads]


def test_leads_move_in_one_batch_and_back_again(scene):
    client, own, noors, cleos = scene
    answer = post(client, [*own, noors, cleos], action="move", to="nurturing")
    happening = told(answer)
    assert 'id="board"' in answer.content.decode()
    assert happening["say"] == "3 leads moved to Nurturing. 1 was left as it was. 1 was not found."
    assert [failure["name"] for failure in happening["failed"]] == [noors.name]
    assert list(Lead.objects.in_stage("nurturing").order_by("rank")) == own
    assert {(lead.events.last().source, lead.events.last().batch) for lead in own} == {("bulk", Batch.objects.get())}
    assert told(client.post(happening["undo"], headers=HTMX))["done"] == 3
    assert stages(*own) == [LeadStage.GENERATION] * 3


def test_disqualified_together_for_a_reason(scene):
    client, own, *_others = scene
    assert post(client, own, action="disqualify").status_code == 422
    happening = told(post(client, own, action="disqualify", reason="No budget"))
    assert happening["say"] == "3 leads are disqualified."
    assert {lead.events.last().reason for lead in own} == {"No budget"}
    client.post(happening["undo"], headers=HTMX)
    assert stages(*own) == [LeadStage.GENERATION] * 3


def test_given_away_planned_for_and_taken_back(scene):
    client, own, noors, _cleos = scene
    given = told(post(client, own, action="owner", owner=noors.owner.pk))
    assert {Lead.objects.get(pk=lead.pk).owner for lead in own} == {noors.owner}
    assert told(client.post(given["undo"], headers=HTMX))["done"] == 3
    assert {Lead.objects.get(pk=lead.pk).owner for lead in own} == {own[0].owner}

    planned = told(post(client, own, action="plan", kind="email", subject="Send it", due_on="2030-01-02"))
    assert LeadActivity.objects.filter(subject="Send it").count() == 3
    client.post(planned["undo"], headers=HTMX)
    assert not LeadActivity.objects.exists()


def test_a_plain_form_goes_back_and_says_what_happened(scene):
    client, own, noors, _cleos = scene
    cards = [f"{lead.pk}:{lead.version}" for lead in (own[0], noors)]
    answer = client.post("/marketing/bulk/", {"card": cards, "action": "move", "to": "nurturing"}, follow=True)
    page = answer.content.decode()
    assert "1 lead moved to Nurturing." in page
    assert f"You can see {noors.name} but not change it." in page
