import json

import pytest
from django.test import Client

from pipeline_crm.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.foundation.pages")]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(client):
    user = User.objects.create_user("ana@example.org", name="Ana Reyes")
    client.force_login(user)
    return user


def test_a_refusal_answers_409_with_its_sentence_for_htmx(client, ana):
    answer = client.get("/refusing/", headers=HTMX)
    assert answer.status_code == 409
    assert json.loads(answer["HX-Trigger"]) == {"refused": {"message": "The deal has gone home."}}
    assert answer.content.decode().strip() == '<p role="alert">The deal has gone home.</p>'


@pytest.mark.django_db(transaction=True)
def test_who_adds_what_somebody_added_a_moment_earlier_is_told_so(client, ana):
    answer = client.get("/same-twice/", headers=HTMX)
    assert answer.status_code == 409
    assert "Somebody else has added the same meanwhile." in answer.content.decode()


def test_an_ended_session_is_told_to_htmx_with_the_way_to_sign_in(client):
    answer = client.get("/refusing/", headers=HTMX | {"HX-Current-URL": "http://testserver/sales/1/"})
    assert (answer.status_code, answer.content) == (401, b"")
    assert json.loads(answer["HX-Trigger"]) == {"signed-out": {"url": "/accounts/login/?next=%2Fsales%2F1%2F"}}


def test_a_token_from_before_signing_in_anew_is_told_to_htmx(ana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    answer = client.post("/new-team/", {"name": "North"}, headers=HTMX)
    assert (answer.status_code, json.loads(answer["HX-Trigger"])) == (403, {"stale-page": {}})
    token = client.get("/session/").json()
    assert token["user"] == ana.pk
    again = client.post("/new-team/", {"name": "North"}, headers=HTMX | {"X-CSRFToken": token["csrf"]})
    assert again.content.decode().startswith("team ")


def test_a_fragment_is_a_part_of_the_page(client, ana):
    answer = client.get("/sentence/", headers=HTMX)
    assert answer.content.decode().strip() == '<p role="alert">Only this.</p>'
    assert json.loads(answer["HX-Trigger"]) == {"told": {"n": 1}}
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize("headers", [{}, HTMX | {"HX-History-Restore-Request": "true"}, HTMX | {"HX-Boosted": "true"}])
def test_typed_restored_and_boosted_pages_are_whole(client, ana, headers):
    page = client.get("/sentence/", headers=headers).content.decode()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "Only this." in page


@pytest.mark.parametrize(
    ("referer", "back"), [("http://testserver/sales/1/", "http://testserver/sales/1/"), ("https://evil.example/", "/")]
)
def test_the_way_back_leads_to_a_page_of_ours(client, ana, referer, back):
    page = client.get("/refusing/", headers={"Referer": referer}).content.decode()
    assert f'<a class="btn" href="{back}">' in page
