"""One answer for all who ask the same at once, and never somebody else's."""

import threading
import time

import pytest
from django.http import HttpResponse

from deals.views import changes
from pipeline_crm.foundation import sharing
from pipeline_crm.foundation.sharing import shared
from tests.factories import make_deal, make_pipeline, make_team, make_user


@pytest.fixture(autouse=True)
def nothing_kept():
    sharing._answers.clear()


def test_the_first_makes_it_and_those_who_ask_meanwhile_wait_for_it():
    made, got = [], []

    def make():
        made.append(1)
        time.sleep(0.05)
        return HttpResponse("the card", headers={"Vary": "HX-Request"})

    threads = [threading.Thread(target=lambda: got.append(shared("key", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert {response.content for response in got} == {b"the card"}
    assert got[7]["Vary"] == "HX-Request"
    assert len({id(response) for response in got}) == 8, "each may be changed by its own middleware"


def test_another_key_and_a_later_hour_are_made_anew(monkeypatch):
    assert shared("one", lambda: HttpResponse("1")).content == b"1"
    assert shared("two", lambda: HttpResponse("2")).content == b"2"
    monkeypatch.setattr(sharing, "KEPT", -1)
    assert shared("one", lambda: HttpResponse("3")).content == b"3"


def test_only_success_is_kept_and_only_so_much():
    assert shared("key", lambda: HttpResponse("no", status=409)).status_code == 409
    assert shared("key", lambda: HttpResponse("yes")).content == b"yes"
    for n in range(sharing.MOST + 9):
        shared(n, lambda: HttpResponse(""))
    assert len(sharing._answers) == sharing.MOST


def cards(client, user, deal, query=""):
    client.force_login(user)
    board = f"/sales/{deal.pipeline_id}/"
    asked = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{board}{query}"}
    return client.get(f"{board}cards/?ids={deal.pk}", headers=asked).content.decode()


@pytest.mark.django_db(transaction=True)
def test_teammates_share_and_nobody_gets_what_is_anothers(client, monkeypatch):
    north, south = make_team(), make_team()
    ana, ben = make_user(name="Ana", team=north), make_user(name="Ben", team=north)
    eve, cleo = make_user(name="Eve", team=north), make_user(name="Cleo", team=south)
    dora = make_user(name="Dora", team=south, role="admin")
    pipeline = make_pipeline()
    deal = make_deal(pipeline=pipeline, owner=ana, team=north, amount=1000)
    make_deal(pipeline=pipeline, owner=eve, team=south, amount=500)  # of North only Eve sees this one
    assert f"card-{deal.pk}" not in cards(client, cleo, deal)
    sharing._answers.clear()
    # The moment is that of the whole server, whose other databases go on.
    monkeypatch.setattr(changes.catching_up, "cursor_now", lambda: "of one moment")
    theirs = {person: cards(client, person, deal) for person in (ana, ben, eve, dora)}
    assert theirs[ana] == theirs[ben]
    assert theirs[eve] == theirs[dora] != theirs[ana], "her sums count one more"
    assert len(sharing._answers) == 3
    assert "data-outside" not in cards(client, ana, deal, "?mine=on")
    assert "data-outside" in cards(client, ben, deal, "?mine=on")


@pytest.mark.django_db(transaction=True)
def test_a_change_of_anything_is_another_key(client):
    team = make_team()
    ana = make_user(name="Ana", team=team)
    deal = make_deal(pipeline=make_pipeline(), owner=ana, team=team, title="Roof")
    assert "Roof" in cards(client, ana, deal)
    type(deal).objects.filter(pk=deal.pk).update(title="Walls")
    assert "Walls" in cards(client, ana, deal)
