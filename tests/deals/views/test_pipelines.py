"""The settings page of pipelines: administrators shape them, nobody else."""

import pytest

from deals.domain import shaping
from deals.models import Pipeline
from pipeline_crm.accounts.models import Role
from tests.factories import make_deal, make_pipeline, make_team, make_user, stage_of, three_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(client):
    client.force_login(make_user(team=make_team(), role=Role.ADMIN))
    return client, make_pipeline("New business", is_default=True)


def names(pipeline):
    return [stage.name for stage in pipeline.stages.open().order_by("position")]


def test_a_stage_is_added_renamed_ordered_and_limited(scene):
    client, pipeline = scene
    client.post(f"/settings/pipelines/{pipeline.pk}/stages/", {"name": "Demo"})
    demo = stage_of(pipeline, "Demo")
    client.post(f"/settings/stages/{demo.pk}/", {"name": "Trial", "limit": "5", "fixed_chance": "45"})
    client.post(f"/settings/stages/{demo.pk}/order/", {"direction": "up"})
    demo.refresh_from_db()
    assert (demo.name, demo.limit, float(demo.fixed_chance)) == ("Trial", 5, 0.45)
    assert names(pipeline)[-2:] == ["Trial", "Estimate"]
    page = client.get("/settings/pipelines/").content.decode()
    assert "Limit 5" in page


def test_a_stage_retires_and_its_deals_go_to_the_successor(scene):
    client, pipeline = scene
    deal = make_deal(pipeline=pipeline, stage="Hearing")
    hearing, proposal = stage_of(pipeline, "Hearing"), stage_of(pipeline, "Proposal")
    client.post(f"/settings/stages/{hearing.pk}/retirement/", {"successor": proposal.pk})
    deal.refresh_from_db()
    assert deal.stage == proposal
    assert "Hearing" not in names(pipeline)


def test_a_pipeline_is_added(scene):
    client, _pipeline = scene
    client.post("/settings/pipelines/new/", {"name": "Renewals"})
    assert Pipeline.objects.filter(name="Renewals").exists()


def test_only_administrators_shape_pipelines(scene):
    client, pipeline = scene
    _ana, ben, _cleo = three_people()
    client.force_login(ben)
    assert client.get("/settings/pipelines/").status_code == 403
    assert client.post(f"/settings/pipelines/{pipeline.pk}/stages/", {"name": "Demo"}).status_code == 403


def rules_of(client, stage, **sent):
    return client.post(f"/settings/stages/{stage.pk}/", {"name": stage.name, "goes_on": "anywhere"} | sent)


def test_where_deals_go_on_to_is_ticked_and_shown(scene):
    client, pipeline = scene
    inquiry, hearing = stage_of(pipeline, "Inquiry"), stage_of(pipeline, "Hearing")
    rules_of(client, inquiry, goes_on="only", next_stages=[hearing.pk, pipeline.won_stage.pk])
    assert inquiry.next_ids == [hearing.pk, pipeline.won_stage.pk]
    assert "To Hearing, Order" in client.get("/settings/pipelines/").content.decode()
    rules_of(client, inquiry, goes_on="anywhere", next_stages=[hearing.pk])
    assert list(inquiry.next_stages.all()) == []


@pytest.mark.parametrize("named", ["none", "itself", "lost", "foreign"])
def test_only_other_stages_can_be_ticked_and_only_needs_one(scene, named):
    client, pipeline = scene
    inquiry, other = stage_of(pipeline, "Inquiry"), make_pipeline()
    sent = {"none": [], "itself": [inquiry.pk], "lost": [pipeline.lost_stage.pk], "foreign": [other.first_stage.pk]}
    answer = rules_of(client, inquiry, goes_on="only", next_stages=sent[named])
    assert (answer.status_code, list(inquiry.next_stages.all())) == (422, [])
    assert answer.content.decode().count('class="errorlist"') == 1


def test_fields_can_be_asked_for_on_the_way_to_lost(scene):
    client, pipeline = scene
    rules_of(client, pipeline.lost_stage, required_fields=["competitor", "concerns"])
    assert pipeline.lost_stage.required_fields == ["competitor", "concerns"]
    assert "Needs competitor, concerns" in client.get("/settings/pipelines/").content.decode()


def test_a_name_is_not_kept_when_the_rules_beside_it_are_refused(scene, monkeypatch):
    client, pipeline = scene
    hearing = stage_of(pipeline, "Hearing")

    def refuse(*_args, **_kwargs):
        raise shaping.StageStays("No.")

    monkeypatch.setattr(shaping, "set_rules", refuse)
    rules_of(client, hearing, name="Listening")
    assert stage_of(pipeline, "Hearing") == hearing
