"""Several deals at once over HTTP: who may follow does, the others are named with their reason; it can be undone."""

import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from deals.domain import moving
from deals.models import Deal, DealActivity, DealChange
from leads.models import Batch, Lead, LeadStage
from tests.factories import make_deal, make_pipeline, make_reason, stage_of, three_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(client):
    """Ana owns three deals; Ben's one is seen but not hers; Cleo's is out of her sight."""
    ana, ben, cleo = three_people()
    north, south = ana.memberships.get().team, cleo.memberships.get().team
    pipeline = make_pipeline("New business", is_default=True)
    own = [make_deal(pipeline=pipeline, owner=ana, team=north, by=ana) for _ in range(3)]
    bens = make_deal(pipeline=pipeline, owner=ben, team=north, by=ben)
    cleos = make_deal(pipeline=pipeline, owner=cleo, team=south, by=cleo)
    client.force_login(ana)
    return client, pipeline, own, bens, cleos


def post(client, pipeline, deals, *, page=None, **fields):
    cards = [f"{deal.pk}:{deal.version}" for deal in deals]
    page = f"http://testserver{page or f'/sales/{pipeline.pk}/'}"
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    return client.post(f"/sales/{pipeline.pk}/bulk/", {"card": cards, **fields}, headers=headers)


def told(answer):
    return json.loads(answer["HX-Trigger"])["bulk-done"]


def now(*deals):
    return [Deal.objects.select_related("stage", "owner").get(pk=deal.pk) for deal in deals]


def test_all_move_in_one_batch_and_keep_their_order(scene):
    client, pipeline, own, *_others = scene
    to = stage_of(pipeline, "Proposal")
    answer = post(client, pipeline, own, action="move", to=to.pk)
    assert answer.status_code == 200
    assert 'id="board"' in answer.content.decode()
    happening = told(answer)
    assert (happening["say"], happening["done"], happening["failed"]) == ("3 deals moved to Proposal.", 3, [])
    batch = Batch.objects.get()
    assert happening["undo"] == f"/sales/{pipeline.pk}/bulk/{batch.pk}/undoing/"
    assert list(Deal.objects.in_stage(to).order_by("rank")) == own
    assert {(deal.events.last().source, deal.events.last().batch) for deal in own} == {("bulk", batch)}


def test_who_may_not_follow_is_named_and_who_is_not_seen_is_not(scene):
    client, pipeline, own, bens, cleos = scene
    moving.move(own[0], to=stage_of(pipeline, "Estimate"), by=bens.owner, at=timezone.now())
    stale = Deal.objects.get(pk=own[0].pk)
    stale.version -= 1
    answer = post(client, pipeline, [stale, own[1], bens, cleos], action="move", to=stage_of(pipeline, "Hearing").pk)
    happening = told(answer)
    assert happening["done"] == 1
    assert [failure["id"] for failure in happening["failed"]] == happening["left"] == [own[0].pk, bens.pk]
    assert "Ben changed" in happening["failed"][0]["message"]
    assert happening["failed"][1]["message"] == f"You can see {bens.name} but not change it."
    assert happening["missing"] == 1
    assert cleos.name not in answer["HX-Trigger"]
    assert [deal.stage.name for deal in now(*own, bens, cleos)] == [
        "Estimate", "Hearing", "Inquiry", "Inquiry", "Inquiry",
    ]  # fmt: skip


def test_what_a_stage_asks_for_is_asked_of_each(scene):
    client, pipeline, own, *_others = scene
    to = stage_of(pipeline, "Estimate")
    to.required_fields = ["expected_close"]
    to.save()
    Deal.objects.filter(pk=own[1].pk).update(expected_close=date(2030, 1, 1))
    happening = told(post(client, pipeline, own, action="move", to=to.pk))
    assert happening["done"] == 1
    assert [failure["name"] for failure in happening["failed"]] == [own[0].name, own[2].name]
    assert "expected close" in happening["failed"][0]["message"]


def test_where_none_follows_no_batch_remains(scene):
    client, pipeline, _own, bens, _cleos = scene
    happening = told(post(client, pipeline, [bens], action="move", to=stage_of(pipeline, "Hearing").pk))
    assert (happening["done"], happening["undo"]) == (0, "")
    assert not Batch.objects.exists()


def test_moving_is_undone_but_not_for_what_went_on_since(scene):
    client, pipeline, own, *_others = scene
    undo = told(post(client, pipeline, own, action="move", to=stage_of(pipeline, "Proposal").pk))["undo"]
    gone_on = Deal.objects.get(pk=own[1].pk)
    moving.move(gone_on, to=stage_of(pipeline, "Estimate"), by=gone_on.owner, at=timezone.now())
    happening = told(client.post(undo, headers={"HX-Request": "true"}))
    assert (happening["done"], happening["undo"]) == (2, "")
    assert [failure["id"] for failure in happening["failed"]] == [own[1].pk]
    assert [deal.stage.name for deal in now(*own)] == ["Inquiry", "Estimate", "Inquiry"]
    assert own[0].amendments.filter(kind="void").count() == 2, "the step and the way back do not count"

    again = client.post(undo, headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert json.loads(again["HX-Trigger"])["refused"]["message"] == "That has been undone already."


def test_undoing_has_its_time_and_its_person(scene):
    client, pipeline, own, bens, _cleos = scene
    undo = told(post(client, pipeline, own, action="move", to=stage_of(pipeline, "Proposal").pk))["undo"]
    client.force_login(bens.owner)
    assert client.post(undo).status_code == 404
    client.force_login(own[0].owner)
    Batch.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert client.post(undo).status_code == 409
    assert {deal.stage.name for deal in now(*own)} == {"Proposal"}


def test_given_away_and_taken_back(scene):
    client, pipeline, own, bens, cleos = scene
    happening = told(post(client, pipeline, own[:2], action="owner", owner=cleos.owner.pk))
    assert happening["say"] == "2 deals are now Cleo's."
    assert [deal.owner for deal in now(*own)] == [cleos.owner, cleos.owner, own[0].owner]
    assert set(DealChange.objects.filter(field="owner").values_list("source", flat=True)) == {"bulk"}
    told(client.post(happening["undo"], headers={"HX-Request": "true"}))
    assert {deal.owner for deal in now(*own)} == {own[0].owner}, "though they were not hers to change any more"


def test_planned_for_all_and_taken_away_unless_done(scene):
    client, pipeline, own, *_others = scene
    answer = post(client, pipeline, own, action="plan", kind="call", subject="Ring", due_on="2030-01-02")
    assert told(answer)["say"] == "Next step planned for 3 deals."
    planned = DealActivity.objects.filter(subject="Ring", due_on=date(2030, 1, 2))
    assert {activity.deal for activity in planned} == set(own)
    planned.filter(deal=own[0]).update(done_at=timezone.now())
    undone = told(client.post(told(answer)["undo"], headers={"HX-Request": "true"}))
    assert [failure["id"] for failure in undone["failed"]] == [own[0].pk]
    assert [activity.deal for activity in DealActivity.objects.all()] == [own[0]]


def test_lost_and_back_to_nurturing_and_undone(scene):
    client, pipeline, own, *_others = scene
    reason = make_reason("Budget")
    day = (timezone.now() + timedelta(days=40)).date()
    happening = told(post(client, pipeline, own, action="nurture", reason=reason.pk, contact_again_on=day.isoformat()))
    assert happening["say"] == "3 deals go back to nurturing."
    assert {deal.stage.kind for deal in now(*own)} == {"lost"}
    leads = Lead.objects.filter(deals__in=own)
    assert {(lead.stage, lead.contact_again_on) for lead in leads} == {(LeadStage.WAITING, day)}
    batch = Batch.objects.get()
    assert {lead.events.last().batch for lead in leads} == {batch}
    assert told(client.post(happening["undo"], headers={"HX-Request": "true"}))["done"] == 3
    assert {deal.stage.name for deal in now(*own)} == {"Inquiry"}
    assert {lead.stage for lead in leads.all()} == {LeadStage.ACCEPTED}


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "move"},
        {"action": "lose"},
        {"action": "plan", "kind": "call"},
        {"action": "owner"},
        {"action": "burn"},
        {},
    ],
)
def test_an_act_without_what_it_needs_changes_nothing(scene, fields):
    client, pipeline, own, *_others = scene
    answer = post(client, pipeline, own, **fields)
    assert answer.status_code == 422
    assert "refused" in json.loads(answer["HX-Trigger"])
    assert [deal.version for deal in now(*own)] == [1, 1, 1]


@pytest.mark.parametrize("cards", [[], ["x:1"], ["1:²"], ["9" * 40], [f"{n}:1" for n in range(1, 202)]])
def test_cards_are_named_by_numbers_and_not_too_many(scene, cards):
    client, pipeline, *_others = scene
    to = stage_of(pipeline, "Hearing").pk
    answer = client.post(f"/sales/{pipeline.pk}/bulk/", {"card": cards, "action": "move", "to": to})
    assert answer.status_code == 422


def test_a_plain_form_goes_back_and_says_what_happened(scene):
    client, pipeline, own, bens, _cleos = scene
    cards = [f"{deal.pk}:{deal.version}" for deal in [own[0], bens]]
    fields = {"card": cards, "action": "move", "to": stage_of(pipeline, "Hearing").pk}
    answer = client.post(f"/sales/{pipeline.pk}/bulk/", {**fields, "next": f"/deals/{own[0].pk}/"})
    assert answer.url == f"/deals/{own[0].pk}/"
    answer = client.post(f"/sales/{pipeline.pk}/bulk/", fields, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/sales/{pipeline.pk}/", 302)]
    assert f"You can see {bens.name} but not change it." in page


def test_the_same_request_sent_twice_acts_once(scene):
    client, pipeline, own, *_others = scene
    fields = {"action": "plan", "kind": "call", "due_on": "2030-01-02", "request_id": "one"}
    answers = [post(client, pipeline, own, **fields) for _ in range(2)]
    assert answers[0]["HX-Trigger"] == answers[1]["HX-Trigger"]
    assert DealActivity.objects.count() == 3


@pytest.mark.parametrize("count", [1, 3])
def test_a_card_of_another_pipeline_is_not_found(scene, count):
    client, pipeline, own, *_others = scene
    elsewhere = make_deal(owner=own[0].owner, team=own[0].team)
    happening = told(
        post(client, pipeline, [elsewhere, *own[:count]], action="move", to=stage_of(pipeline, "Hearing").pk)
    )
    assert (happening["done"], happening["missing"]) == (count, 1)
