from datetime import time, timedelta

import pytest
from django.utils import timezone

from leads.domain.contacting import consenting, ruling, wording
from leads.domain.recycling import local_date
from leads.models import Cadence, CadenceStep, Enrolment, EnrolmentState
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina(client):
    ruling.revise(by=None, at=ago(0), days=list(range(7)), opens=time(0), closes=time(23, 59, 59))
    mina = make_user(name="Mina Sol", team=make_team(), role=Role.MARKETER)
    client.force_login(mina)
    return mina


@pytest.fixture
def cadence(client, mina):
    """Made on the pages, as a marketer does."""
    template = wording.keep("Hello", subject="Hello", body="How are you?", purpose="offers", by=None, at=ago(1))
    address = client.post("/marketing/cadences/new/", {"name": "Introduction"}).url
    client.post(f"{address}steps/", {"kind": "email", "wait_days": 0, "template": template.pk})
    client.post(f"{address}steps/", {"kind": "call", "wait_days": 5, "subject": "Ring them"})
    return Cadence.objects.get()


@pytest.fixture
def lead(mina):
    lead = make_lead(name="Kim Sato", email="kim@juniper.example", by=mina, owner=mina, at=ago(9))
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=ago(2))
    return lead


def test_a_cadence_is_made_renamed_and_archived(client, cadence):
    assert [(step.kind, step.wait_days, str(step)) for step in cadence.steps.all()] == [
        ("email", 0, "Hello"),
        ("call", 5, "Ring them"),
    ]
    client.post(f"/marketing/cadences/{cadence.pk}/", {"name": "First words"})
    client.post(f"/marketing/cadences/{cadence.pk}/archiving/")
    cadence.refresh_from_db()
    assert (cadence.name, cadence.archived_at is None) == ("First words", False)
    assert b"First words" in client.get("/marketing/cadences/").content


def test_steps_are_changed_put_in_order_and_taken_out(client, cadence):
    first, second = cadence.steps.all()
    assert client.get(f"/marketing/cadences/{cadence.pk}/").content.count(b"bringing-forward/") == 1
    for _twice in range(2):
        client.post(f"/marketing/steps/{second.pk}/bringing-forward/")
        assert list(cadence.steps.all()) == [second, first]
    client.post(f"/marketing/steps/{first.pk}/bringing-forward/")
    assert list(cadence.steps.all()) == [first, second]
    client.post(f"/marketing/steps/{second.pk}/", {"wait_days": 9, "subject": "Ring and ask"})
    second.refresh_from_db()
    assert (second.wait_days, second.subject) == (9, "Ring and ask")
    client.post(f"/marketing/steps/{first.pk}/retirement/")
    assert list(CadenceStep.objects.filter(retired_at=None)) == [second]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "email", "wait_days": 1}, "Choose the template"),
        ({"kind": "task", "wait_days": 1}, "Say what is to be done"),
        ({"kind": "call", "wait_days": -1, "subject": "x"}, "greater than or equal to 0"),
        ({"kind": "dance", "wait_days": 1, "subject": "x"}, "not one of the available choices"),
    ],
)
def test_a_step_that_says_nothing_comes_back_with_the_reason(client, cadence, wrong, words):
    answer = client.post(f"/marketing/cadences/{cadence.pk}/steps/", wrong)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert cadence.steps.count() == 2


def test_a_name_is_given_once(client, cadence):
    answer = client.post("/marketing/cadences/new/", {"name": "INTRODUCTION"})
    assert (answer.status_code, Cadence.objects.count()) == (422, 1)


def test_a_lead_begins_pauses_resumes_skips_and_stops(client, cadence, lead):
    address = f"/leads/{lead.pk}/contact/cadence/"
    assert client.post(address, {"cadence": cadence.pk}).status_code == 302
    page = client.get(f"/leads/{lead.pk}/contact/").content.decode()
    assert "Cadence: Introduction" in page and "Ring them" in page
    assert b"Kim Sato" in client.get("/marketing/cadences/").content
    states = []
    for act in ("pausing", "resuming", "skipping", "stopping"):
        client.post(f"{address}{act}/")
        enrolment = Enrolment.objects.get()
        states.append((enrolment.state, str(enrolment.next_step or "")))
    assert states == [
        (EnrolmentState.PAUSED, "Hello"),
        (EnrolmentState.RUNNING, "Hello"),
        (EnrolmentState.RUNNING, "Ring them"),
        (EnrolmentState.STOPPED, ""),
    ]
    assert client.post(f"{address}pausing/").status_code == 404


def test_a_lead_that_cannot_begin_says_why(client, cadence, lead):
    client.post(f"/leads/{lead.pk}/contact/cadence/", {"cadence": cadence.pk})
    answer = client.post(f"/leads/{lead.pk}/contact/cadence/", {"cadence": cadence.pk}, headers={"HX-Request": "true"})
    assert (answer.status_code, "already" in answer.content.decode()) == (422, True)
    assert client.post(f"/leads/{lead.pk}/contact/cadence/dancing/").status_code == 404


def test_sales_people_see_cadences_and_shape_none(client, cadence):
    client.force_login(make_user(team=make_team(), role=Role.REP))
    assert client.get("/marketing/cadences/").status_code == 200
    assert client.post("/marketing/cadences/new/", {"name": "Mine"}).status_code == 403


def test_what_the_cadence_does_next_is_the_next_step_of_the_card(client, cadence, lead):
    assert "No next step" in client.get("/marketing/").content.decode()
    client.post(f"/leads/{lead.pk}/contact/cadence/", {"cadence": cadence.pk})
    board, panel = (client.get(page).content.decode() for page in ("/marketing/", f"/leads/{lead.pk}/"))
    assert "No next step" not in board and "By the cadence: Hello" in panel
    assert "Hello" in board.partition(f'id="card-{lead.pk}"')[2].partition("</li>")[0]


def test_the_calendar_opens_on_the_first_day_with_something_to_do_and_on_any_that_is_asked_for(client, cadence, lead):
    client.post(f"/leads/{lead.pk}/contact/cadence/", {"cadence": cadence.pk})
    today = client.get("/marketing/cadences/").content.decode()
    assert today.count('aria-current="date"') == 1 and "Kim Sato" in today and "Ring them" not in today
    for wrong in ("never", "2026-99-99", "1999-01-01"):
        assert client.get("/marketing/cadences/", {"day": wrong}).content.count(b'aria-current="date"') == 1
    day = local_date(timezone.now() + timedelta(days=5)).isoformat()
    assert "Ring them" in client.get("/marketing/cadences/", {"day": day}).content.decode()
