import pytest

from pipeline_crm.accounts.models import Membership, Team, User

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.foundation.pages")]


@pytest.fixture
def ana(client):
    user = User.objects.create_user("ana@example.org", name="Ana Reyes")
    client.force_login(user)
    return user


def test_who_is_not_signed_in_is_sent_to_sign_in(client):
    answer = client.get("/admins/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/admins/")


def test_public_means_without_signing_in(client):
    assert client.get("/open/").content == b"come in"


def test_a_named_permission_is_asked(client, ana):
    assert client.get("/admins/").status_code == 403
    Membership.objects.create(user=ana, team=Team.objects.create(name="Heads"), role="admin")
    assert client.get("/admins/").status_code == 200


def test_a_predicate_is_asked_about_the_object_of_the_address(client, ana):
    north, south = (Team.objects.create(name=name) for name in ("North", "South"))
    assert client.get(f"/teams/{north.pk}/").content == b"North"
    assert client.get(f"/teams/{south.pk}/").status_code == 403
    assert client.get("/teams/999/").status_code == 404


def test_somebody_deactivated_is_out_at_the_next_request(client, ana):
    north = Team.objects.create(name="North")
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert client.get(f"/teams/{north.pk}/").status_code == 302
