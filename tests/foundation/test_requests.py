import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client

from deals.models import Deal
from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.models import Request
from pipeline_crm.foundation.requests import forget
from tests.factories import make_deal, make_pipeline, make_team, make_user

pytestmark = pytest.mark.urls("tests.foundation.pages")


@pytest.fixture
def ana():
    return User.objects.create_user("ana@example.org", name="Ana Reyes")


def post(user, key="k1", **fields):
    client = Client()
    client.force_login(user)
    return client.post("/new-team/", fields, headers={"Idempotency-Key": key} if key else {})


@pytest.mark.django_db
def test_the_same_key_gets_the_same_answer_and_acts_once(ana):
    first, second = post(ana, name="North"), post(ana, name="North")
    assert (first.content, first["HX-Trigger"]) == (second.content, second["HX-Trigger"])
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused(ana):
    post(ana, name="North")
    assert post(ana, name="South").status_code == 422
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_a_key_belongs_to_one_person(ana):
    ben = User.objects.create_user("ben@example.org", name="Ben Okafor")
    assert post(ana, name="North").status_code == post(ben, name="South").status_code == 200


@pytest.mark.django_db
def test_a_refused_form_may_be_sent_again_with_the_same_key(ana):
    assert post(ana, name="").status_code == 422
    assert not Request.objects.exists()
    assert post(ana, name="North").status_code == 200


@pytest.mark.django_db
def test_answers_are_forgotten_after_a_day(ana):
    post(ana, name="North")
    kept = Request.objects.get().at
    assert forget(at=kept + timedelta(hours=24)) == 0
    assert forget(at=kept + timedelta(hours=24, seconds=1)) == 1


@pytest.mark.django_db
def test_without_a_key_nothing_is_remembered(ana):
    post(ana, key="", name="North")
    assert not Request.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_act_once_and_hear_the_same(ana):
    answers = []

    def send():
        try:
            answers.append(post(ana, name="North").content)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_every_form_is_given_a_key_of_its_own():
    keys = {Template("{% load ui %}{% request_id %}").render(Context()) for _ in range(3)}
    assert len(keys) == 3
    assert all(key.startswith('<input type="hidden" name="request_id" value="') for key in keys)


@pytest.mark.urls("pipeline_crm.urls")
@pytest.mark.django_db
def test_a_form_sent_twice_adds_one_deal_and_one_note():
    deal = make_deal(
        pipeline=make_pipeline(is_default=True), owner=(ana := make_user(name="Ana", team=make_team())), by=ana
    )
    client = Client()
    client.force_login(ana)
    fields = {"organisation": "Harbour Works", "request_id": "a"}
    answers = [client.post("/deals/new/", fields) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Deal.objects.filter(organisation__name="Harbour Works").count() == 1
    for _ in range(2):
        client.post(f"/deals/{deal.pk}/notes/", {"text": "Rang twice.", "request_id": "b"})
    assert deal.activities.filter(kind="note").count() == 1
