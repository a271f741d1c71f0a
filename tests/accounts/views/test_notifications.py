from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pipeline_crm.accounts.domain import notifying
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def ana(client):
    user = make_user(name="Ana")
    client.force_login(user)
    return user


def tell(user, key="1"):
    return notifying.notify(user, kind="lead", words=f"Kim {key} is yours.", url="/profile/", key=key, at=NOW)


def test_the_bell_counts_on_every_page_what_is_unread(client, ana):
    assert "unread" not in client.get("/profile/").content.decode()
    tell(ana), tell(ana, "2")
    assert "2 unread" in client.get("/profile/").content.decode()


def test_opening_a_notification_reads_it_and_leads_where_it_points(client, ana):
    told = tell(ana)
    answer = client.post(f"/notifications/{told.pk}/reading/")
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert "unread" not in client.get("/profile/").content.decode()


def test_looking_at_the_list_reads_nothing(client, ana):
    tell(ana)
    assert "Kim 1 is yours." in client.get("/notifications/").content.decode()
    ana.refresh_from_db()
    assert ana.unread == 1


def test_all_can_be_read_at_once(client, ana):
    tell(ana), tell(ana, "2")
    client.post("/notifications/reading/")
    ana.refresh_from_db()
    assert ana.unread == 0


def test_what_a_colleague_was_told_is_nobody_elses(client, ana):
    told = tell(make_user(name="Ben"))
    assert "Kim" not in client.get("/notifications/").content.decode()
    assert client.post(f"/notifications/{told.pk}/reading/").status_code == 404


def test_the_bell_costs_no_question_to_the_database(client, ana):
    client.get("/profile/")
    with CaptureQueriesContext(connection) as silent:
        client.get("/profile/")
    tell(ana)
    with CaptureQueriesContext(connection) as ringing:
        client.get("/profile/")
    assert len(ringing) == len(silent)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_for_one_as_for_three(client, ana, count, django_assert_num_queries):
    for key in range(count):
        tell(ana, str(key))
    with django_assert_num_queries(8):
        client.get("/notifications/")
