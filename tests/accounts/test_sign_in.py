from random import randrange
from uuid import uuid4

import pytest
from django.core import mail

from pipeline_crm.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_limit(settings):
    """The limits count in the cache, which outlives a test."""
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture(autouse=True)
def ana():
    return User.objects.create_user("ana@example.org", "a long password", name="Ana")


def test_people_sign_in_by_address_in_any_case(client):
    answer = client.post("/accounts/login/", {"login": "Ana@Example.org", "password": "a long password"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_after_signing_in_people_are_where_they_wanted_to_be(client):
    fields = {"login": "ana@example.org", "password": "a long password", "next": "/profile/"}
    assert client.post("/accounts/login/", fields)["Location"] == "/profile/"
    client.logout()
    assert client.post("/accounts/login/", fields | {"next": "https://evil.example/"})["Location"] == "/"


@pytest.mark.parametrize(
    "fields", [{"login": "ana@example.org", "password": "wrong"}, {"login": "x@y.org", "password": "w"}]
)
def test_a_wrong_password_and_an_unknown_address_hear_the_same(client, fields):
    page = client.post("/accounts/login/", fields).content.decode()
    assert "The email address and/or password you specified are not correct." in page
    assert "_auth_user_id" not in client.session


def test_who_is_deactivated_cannot_sign_in(client, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    client.post("/accounts/login/", {"login": "ana@example.org", "password": "a long password"})
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up_by_themselves(client):
    assert "By invitation" in client.get("/accounts/signup/").content.decode()
    client.post(
        "/accounts/signup/",
        {"email": "new@example.org", "password1": "a long password", "password2": "a long password"},
    )
    assert not User.objects.filter(email="new@example.org").exists()


def test_asking_for_a_new_password_does_not_tell_who_works_here(client):
    known = client.post("/accounts/password/reset/", {"email": "ana@example.org"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/inactive/"]
)
def test_entrance_pages_wear_the_products_clothes(client, path):
    page = client.get(path).content.decode()
    assert '<main id="main" class="plainbox">' in page
    assert "style=" not in page
    assert "<script" not in page


@pytest.mark.parametrize("path", ["/accounts/password/change/", "/accounts/2fa/", "/accounts/logout/"])
def test_pages_about_ones_own_access_do_too(client, ana, path):
    client.force_login(ana)
    page = client.get(path, follow=True).content.decode()
    assert 'class="subnav"' in page or 'class="plainbox"' in page
    assert "style=" not in page


def test_a_guesser_is_slowed_down_and_the_person_still_gets_in_from_elsewhere(client, settings, ana):
    del settings.ACCOUNT_RATE_LIMITS
    ana.email = f"{uuid4()}@example.org"
    ana.save()
    here, elsewhere = (f"10.{n}.{randrange(256)}.{randrange(256)}" for n in (1, 2))
    guess = {"login": ana.email, "password": "guess"}
    pages = [client.post("/accounts/login/", guess, REMOTE_ADDR=here).content.decode() for _ in range(7)]
    assert "Too many failed login attempts" not in pages[0]
    assert "Too many failed login attempts" in pages[-1]
    known = {"login": ana.email, "password": "a long password"}
    assert "Too many" in client.post("/accounts/login/", known, REMOTE_ADDR=here).content.decode()
    assert client.post("/accounts/login/", known, REMOTE_ADDR=elsewhere).status_code == 302
