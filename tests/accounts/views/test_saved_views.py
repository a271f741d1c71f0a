"""Saved views: links to a query under a name, one's own or a team's, and the one that opens first."""

import re

import pytest

from pipeline_crm.accounts.models import FirstView, Membership, SavedView
from tests.factories import make_pipeline, make_team, three_people

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    pipeline = make_pipeline("New business", is_default=True)
    client.force_login(ana)
    return client, ana, ben, cleo, f"/sales/{pipeline.pk}/"


def keep(client, page, query="mine=1", name="Mine", **fields):
    return client.post("/views/new/", {"page": page, "query": query, "name": name, **fields})


def menu(client, address):
    page = client.get(address).content.decode()
    part = re.search(r'<div id="views".*?</div>', page, re.S)[0]
    return re.findall(r'<a href="([^"]+)"[^>]*>.*?<span>(.*?)</span>', part)


def team_of(person):
    return person.memberships.get().team


def test_a_view_is_kept_and_leads_back_to_its_page(scene):
    client, ana, *_others, board = scene
    answer = keep(client, board, "?mine=1&owner=&sort=value&deal=7&after=x&page=2&all=1")
    assert answer.url == f"{board}?mine=1&sort=value"
    view = SavedView.objects.get()
    assert (view.owner, view.page, view.name, view.query) == (ana, board, "Mine", "mine=1&sort=value")
    assert menu(client, answer.url) == [(f"{board}?all=1", "Everything"), (f"{board}?mine=1&amp;sort=value", "Mine")]


def test_the_page_says_which_view_it_shows_whatever_the_order_of_the_query(scene):
    client, *_people, board = scene
    keep(client, board, "mine=1&sort=value", "My biggest")
    name = re.compile(r'<span id="viewname"[^>]*>(.*?)</span>')
    for address in (f"{board}?sort=value&mine=1", f"{board}?mine=1&sort=value&deal=3"):
        assert name.search(client.get(address).content.decode())[1] == "My biggest"
    assert name.search(client.get(f"{board}?mine=1").content.decode())[1] == "Views"
    part = client.get(f"{board}?mine=1&sort=value", headers=HTMX).content.decode()
    assert '<span id="viewname" hx-swap-oob="true">My biggest</span>' in part
    assert "query=mine%3D1%26sort%3Dvalue" in part, "what would be saved now"


def test_board_and_table_offer_each_others_views(scene):
    client, *_people, board = scene
    keep(client, board)
    keep(client, f"{board}table/", "status=won", "Won")
    assert [name for _address, name in menu(client, f"{board}table/?all=1")] == ["Everything", "Mine", "Won"]
    assert [name for _address, name in menu(client, "/marketing/")] == ["Everything"]


def test_a_view_of_everything_says_so(scene):
    client, *_people, board = scene
    assert keep(client, board, "", "All").url == f"{board}?all=1"


@pytest.mark.parametrize(
    "fields",
    [
        {"page": "//evil.example/"}, {"page": "https://evil.example/"}, {"page": "/sales/1"}, {"page": ""},
        {"page": "/\\evil/"}, {"name": ""}, {"name": "x" * 61}, {"query": "q=" + "x" * 2000}, {"team": "999999"},
    ],
)  # fmt: skip
def test_what_is_no_view_is_refused_beside_its_field(scene, fields):
    client, *_people, board = scene
    answer = client.post("/views/new/", {"page": board, "query": "mine=1", "name": "Mine"} | fields)
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_two_views_of_one_name_on_one_page_are_refused(scene):
    client, *_people, board = scene
    keep(client, board)
    answer = keep(client, board, "attention=1", "MINE")
    assert answer.status_code == 422
    assert "You already have a view called MINE here." in answer.content.decode()
    assert keep(client, "/marketing/", "mine=1", "Mine").status_code == 302


def test_the_form_works_as_a_page_of_its_own(scene):
    client, *_people, board = scene
    page = client.get("/views/new/", {"page": board, "query": "mine=1"}).content.decode()
    assert f'<input type="hidden" name="page" value="{board}"' in page
    assert '<input type="hidden" name="query" value="mine=1"' in page
    part = client.get("/views/new/", {"page": board, "query": "mine=1"}, headers=HTMX).content.decode()
    assert "<html" not in part and "data-cancels" in part


def test_a_shared_view_is_the_teams_and_only_its_owner_changes_it(scene):
    client, ana, ben, cleo, board = scene
    keep(client, board, team=team_of(ana).pk)
    view = SavedView.objects.get()
    client.force_login(ben)
    assert (f"{board}?mine=1", "Mine") in menu(client, board)
    assert client.get(f"/views/{view.pk}/").status_code == 403
    assert client.post(f"/views/{view.pk}/", {"name": "Ours"}).status_code == 403
    assert client.post(f"/views/{view.pk}/removal/").status_code == 403
    assert client.post(f"/views/{view.pk}/first/").status_code == 302
    client.force_login(cleo)
    assert menu(client, board) == [(f"{board}?all=1", "Everything")]
    assert {client.post(f"/views/{view.pk}/{act}").status_code for act in ("", "first/", "removal/")} == {404}
    assert SavedView.objects.get().name == "Mine"


def test_one_shares_with_ones_own_teams_only(scene):
    client, *_people, cleo, board = scene
    assert keep(client, board, team=team_of(cleo).pk).status_code == 422


def test_renamed_shared_and_deleted(scene):
    client, ana, ben, *_others, board = scene
    keep(client, board)
    view = SavedView.objects.get()
    answer = client.post(f"/views/{view.pk}/", {"name": "Ours", "team": team_of(ana).pk, "opens_first": "on"})
    assert answer.url == f"{board}?mine=1"
    view.refresh_from_db()
    assert (view.name, view.shared_with_team) == ("Ours", team_of(ana))
    assert FirstView.objects.get().view == view
    client.post(f"/views/{view.pk}/", {"name": "Ours", "team": ""})
    view.refresh_from_db()
    assert (view.shared_with_team, FirstView.objects.count()) == (None, 0)
    answer = client.post(f"/views/{view.pk}/removal/", follow=True)
    assert answer.redirect_chain == [(f"{board}?all=1", 302)]
    assert "The view “Ours” is gone." in answer.content.decode()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("page", ["board", "table/", "/marketing/"])
def test_the_first_view_opens_for_who_comes_without_asking_for_anything(scene, page):
    client, _ana, ben, _cleo, board = scene
    page = {"board": board, "table/": f"{board}table/"}.get(page, page)
    keep(client, page, opens_first="on")
    assert client.get(page).url == f"{page}?mine=1"
    assert client.get(f"{page}?all=1").status_code == 200
    assert client.get(f"{page}?q=x").status_code == 200
    assert client.get(page, headers=HTMX).status_code == 200, "a cleared filter stays cleared"
    assert '<input type="hidden" name="all" value="1">' in client.get(f"{page}?all=1").content.decode()
    client.force_login(ben)
    assert client.get(page).status_code == 200


def test_another_first_view_takes_its_place_and_none_is_none(scene):
    client, *_people, board = scene
    keep(client, board, opens_first="on")
    keep(client, board, "attention=1", "Urgent", opens_first="on")
    assert client.get(board).url == f"{board}?attention=1"
    client.post(f"/views/{SavedView.objects.get(name='Urgent').pk}/first/", {"first": "no"})
    assert client.get(board).status_code == 200


def test_a_first_view_that_the_page_no_longer_understands_does_not_shut_people_out(scene):
    client, ana, ben, *_others, board = scene
    keep(client, board, f"owner={ben.pk}", opens_first="on")
    ben.is_active = False
    ben.save()
    assert client.get(board).status_code == 200
    SavedView.objects.update(query="colour=red")
    assert client.get(board).status_code == 200


def test_a_first_view_that_is_shared_no_longer_opens_no_longer(scene):
    client, ana, ben, _cleo, board = scene
    keep(client, board, team=team_of(ana).pk)
    view = SavedView.objects.get()
    client.force_login(ben)
    client.post(f"/views/{view.pk}/first/")
    assert client.get(board).url == f"{board}?mine=1"
    Membership.objects.filter(user=ben).update(team=make_team())
    assert client.get(board).status_code == 200
