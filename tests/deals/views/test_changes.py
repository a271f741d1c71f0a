"""What a board asks to follow its colleagues: changes since a cursor, and several cards at once."""

import re

import pytest

from deals.domain import closing, moving, revising
from leads.domain import revising as revising_leads
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, stage_of, three_people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    team = ana.memberships.get().team
    pipeline = make_pipeline(is_default=True)
    deals = [make_deal(pipeline=pipeline, owner=ana, team=team, by=ana, at=ago(9)) for _ in range(3)]
    client.force_login(ana)
    return client, ana, cleo, pipeline, deals


def htmx(page):
    return {"headers": {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}}


def cursor_of(page):
    return re.search(r'data-cursor="([\d:,]+)"', page.content.decode()).group(1)


def test_a_board_asks_what_changed_since_it_was_read(scene):
    client, ana, _cleo, pipeline, (first, second, _third) = scene
    board = f"/sales/{pipeline.pk}/"
    cursor = cursor_of(client.get(board))
    assert client.get(f"{board}changes/", {"since": cursor}).json()["cards"] == []
    moving.move(first, to=stage_of(pipeline, "Hearing"), by=ana, at=ago(0))
    foreign = make_deal(pipeline=make_pipeline(), owner=ana, by=ana)
    revising.revise(foreign, title="Elsewhere", by=ana, at=ago(0))
    answer = client.get(f"{board}changes/", {"since": cursor}).json()
    assert answer["cards"] == [{"id": first.pk, "v": 2}]
    assert client.get(f"{board}changes/", {"since": answer["cursor"]}).json()["cards"] == []
    assert client.get(f"{board}changes/").json()["cards"] == "all"


def test_a_stranger_learns_of_nothing_but_what_they_lost(scene, client):
    client, ana, cleo, pipeline, (first, second, _third) = scene
    board = f"/sales/{pipeline.pk}/"
    client.force_login(cleo)
    revising.revise(first, owner=cleo, by=ana, at=ago(0))
    cursor = cursor_of(client.get(board))
    revising.revise(first, owner=ana, by=ana, at=ago(0))
    revising.revise(second, title="New", by=ana, at=ago(0))
    answer = client.get(f"{board}changes/", {"since": cursor, "shown": str(first.pk)}).json()
    assert (answer["cards"], answer["lost"]) == ([], [first.pk])


def test_several_cards_come_in_one_answer_with_the_heads_once(scene):
    client, ana, _cleo, pipeline, (first, second, third) = scene
    closing.lose(third, reason=make_reason(), by=ana, at=ago(0))
    board = f"/sales/{pipeline.pk}/"
    ids = f"{first.pk},{second.pk},{third.pk},999"
    text = client.get(f"{board}cards/?ids={ids}", **htmx(board)).content.decode()
    came = {int(pk): int(version) for pk, version in re.findall(r'data-for="(\d+)" data-v="(\d+)"', text)}
    assert came == {first.pk: 1, second.pk: 1, third.pk: 2}
    assert f'id="card-{first.pk}"' in text
    assert f'id="card-{third.pk}"' not in text, "the lost one comes without its card"
    assert text.count('class="colhead"') == 5
    assert "<html" not in text


def test_cards_one_may_not_see_do_not_come(scene):
    client, _ana, cleo, pipeline, deals = scene
    client.force_login(cleo)
    board = f"/sales/{pipeline.pk}/"
    text = client.get(f"{board}cards/?ids={deals[0].pk}", **htmx(board)).content.decode()
    assert "arrival" not in text
    assert deals[0].name not in text


def test_twenty_cards_ask_as_often_as_one(scene, django_assert_num_queries):
    client, ana, _cleo, pipeline, deals = scene
    board = f"/sales/{pipeline.pk}/"
    more = [make_deal(pipeline=pipeline, owner=ana, by=ana).pk for _ in range(17)]
    client.get(f"{board}cards/?ids={deals[1].pk}", **htmx(board))
    with django_assert_num_queries(14):
        client.get(f"{board}cards/?ids={deals[0].pk}", **htmx(board))
    with django_assert_num_queries(14):
        client.get(f"{board}cards/?ids={','.join(map(str, more))}", **htmx(board))


def test_typed_by_hand_it_is_the_board(scene):
    client, *_people, pipeline, _deals = scene
    assert client.get(f"/sales/{pipeline.pk}/cards/?ids=1").url == f"/sales/{pipeline.pk}/"
    assert client.get("/marketing/cards/?ids=1").url == "/marketing/"


def test_the_marketing_board_follows_in_the_same_way(scene):
    client, ana, cleo, *_rest = scene
    lead, foreign = make_lead(owner=ana, by=ana), make_lead(owner=cleo, by=cleo)
    cursor = cursor_of(client.get("/marketing/"))
    for one in (lead, foreign):
        revising_leads.revise(one, title="New", by=None, at=ago(0))
    answer = client.get("/marketing/changes/", {"since": cursor, "shown": f"{foreign.pk}"}).json()
    assert (answer["cards"], answer["lost"]) == ([{"id": lead.pk, "v": 2}], [foreign.pk])
    text = client.get(f"/marketing/cards/?ids={lead.pk},{foreign.pk}", **htmx("/marketing/")).content.decode()
    assert re.findall(r'data-for="(\d+)"', text) == [str(lead.pk)]
