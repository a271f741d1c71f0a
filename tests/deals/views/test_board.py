"""The sales board: whole pages and fragments, totals of the whole filter, an unchanging number of queries."""

import json

import pytest

from tests.factories import (
    make_deal,
    make_pipeline,
    three_people,
)

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    team = ana.memberships.get().team
    pipeline = make_pipeline("New business", is_default=True)
    client.force_login(ana)
    return client, ana, ben, cleo, team, pipeline


def deals_of(person, team, pipeline, count, **fields):
    return [make_deal(pipeline=pipeline, owner=person, team=team, by=person, **fields) for _ in range(count)]


def test_home_leads_to_the_board(scene):
    client, *_people, pipeline = scene
    assert client.get("/").url == f"/sales/{pipeline.pk}/"


def test_without_htmx_a_whole_page_and_with_it_only_the_board(scene):
    client, ana, _ben, _cleo, team, pipeline = scene
    deals_of(ana, team, pipeline, 1)
    page = client.get(f"/sales/{pipeline.pk}/").content.decode()
    part = client.get(f"/sales/{pipeline.pk}/", **HTMX).content.decode()
    assert page.lstrip().startswith("<!doctype html>")
    assert "<html" not in part
    assert 'id="board"' in part
    assert 'id="boardsum" hx-swap-oob="true"' in part
    assert "hx-swap-oob" not in page


def test_a_page_restored_from_history_is_whole(scene):
    client, *_people, pipeline = scene
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<!doctype html>" in client.get(f"/sales/{pipeline.pk}/", headers=headers).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_asks_as_often_for_one_card_as_for_three(scene, django_assert_num_queries, count):
    client, ana, _ben, _cleo, team, pipeline = scene
    deals_of(ana, team, pipeline, count)
    with django_assert_num_queries(QUERIES_OF_THE_BOARD):
        client.get(f"/sales/{pipeline.pk}/")


QUERIES_OF_THE_BOARD = 20


def test_totals_are_of_the_whole_filter_when_only_some_cards_are_shown(scene, monkeypatch):
    client, ana, _ben, _cleo, team, pipeline = scene
    monkeypatch.setattr("pipeline_crm.foundation.board.first_cards.__defaults__", (2,))
    deals_of(ana, team, pipeline, 3, amount=100)
    page = client.get(f"/sales/{pipeline.pk}/").content.decode()
    assert page.count('<li class="card') == 2
    assert "Show more of 1" in page
    assert '<b class="num">€300</b>' in page


def test_more_cards_follow_the_last_one(scene):
    client, ana, _ben, _cleo, team, pipeline = scene
    deals = sorted(deals_of(ana, team, pipeline, 3), key=lambda deal: deal.rank)
    address = f"/sales/{pipeline.pk}/columns/{deals[0].stage_id}/?after={deals[0].rank},{deals[0].pk}"
    part = client.get(address, **HTMX).content.decode()
    assert [f'id="card-{deal.pk}"' in part for deal in deals] == [False, True, True]
    assert "<html" not in part


@pytest.mark.parametrize(("query", "shown"), [("", 2), ("?mine=1", 1), ("?q=fleet", 1), ("?q=nothing", 0)])
def test_the_filter_is_in_the_address(scene, query, shown):
    client, ana, ben, _cleo, team, pipeline = scene
    deals_of(ana, team, pipeline, 1, title="Fleet rollout")
    deals_of(ben, team, pipeline, 1)
    assert client.get(f"/sales/{pipeline.pk}/{query}").content.decode().count('<li class="card') == shown


def test_a_filter_nobody_knows_is_refused(scene):
    client, *_people, pipeline = scene
    assert client.get(f"/sales/{pipeline.pk}/?colour=red").status_code == 422


def test_a_stranger_sees_an_empty_board(scene):
    client, ana, _ben, cleo, team, pipeline = scene
    deals_of(ana, team, pipeline, 1)
    client.force_login(cleo)
    page = client.get(f"/sales/{pipeline.pk}/").content.decode()
    assert '<li class="card' not in page
    assert '<b class="num">0</b> open' in page


def test_a_new_deal_arrives_as_a_card(scene):
    client, _ana, _ben, _cleo, _team, pipeline = scene
    fields = {"organisation": "Birch Furniture", "amount": "12 000", "pipeline": pipeline.pk}
    answer = client.post("/deals/new/", fields, **HTMX)
    happening = json.loads(answer["HX-Trigger"])["card-moved"]
    assert happening["say"] == "Birch Furniture added."
    assert f'id="card-{happening["id"]}"' in answer.content.decode()


def test_a_new_deal_needs_somebody(scene):
    client, *_people, _pipeline = scene
    answer = client.post("/deals/new/", {"amount": "5"}, **HTMX)
    assert answer.status_code == 422
    assert "Name a company or a person." in answer.content.decode()


def test_without_javascript_a_new_deal_leads_to_its_page(scene):
    client, _ana, _ben, _cleo, _team, pipeline = scene
    answer = client.post("/deals/new/", {"organisation": "Birch", "pipeline": pipeline.pk})
    assert answer.status_code == 302
    assert "Birch" in client.get(answer.url).content.decode()


def card_for(client, deal, address):
    return client.get(
        f"/deals/{deal.pk}/card/", headers=HTMX["headers"] | {"HX-Current-URL": f"http://testserver{address}"}
    )


def test_a_changed_card_comes_with_the_heads_of_its_own_board_only(scene):
    client, ana, _ben, _cleo, team, pipeline = scene
    deal = deals_of(ana, team, pipeline, 1)[0]
    other = make_pipeline("Renewals")
    assert f'id="card-{deal.pk}"' in card_for(client, deal, f"/sales/{pipeline.pk}/").content.decode()
    assert card_for(client, deal, f"/sales/{other.pk}/").status_code == 204
    assert client.get(f"/deals/{deal.pk}/card/").url == f"/deals/{deal.pk}/"


def test_a_card_outside_the_filter_says_so(scene):
    client, ana, _ben, _cleo, team, pipeline = scene
    deal = deals_of(ana, team, pipeline, 1, title="Fleet rollout")[0]
    assert "data-outside" not in card_for(client, deal, f"/sales/{pipeline.pk}/?q=fleet").content.decode()
    assert "data-outside" in card_for(client, deal, f"/sales/{pipeline.pk}/?q=other").content.decode()
