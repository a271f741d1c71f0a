"""The pages on which a company sets its checklist and what marketing and sales agreed on."""

from datetime import time

import pytest

from leads.domain import qualifying, undoing
from leads.models import Criterion, HandBackReason, HandOverRules, LeadStage, Territory
from pipeline_crm.accounts.models import Change, Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
WORK = {"days": ["0", "1"], "opens": "08:00", "closes": "16:00"}


@pytest.fixture
def ada(client):
    user = make_user(name="Ada", team=make_team("North"), role=Role.ADMIN)
    client.force_login(user)
    return user


def page(client, address="/marketing/handover/") -> str:
    return client.get(address).content.decode()


def test_the_usual_four_are_one_click(client, ada):
    assert "Ask the usual four" in page(client, "/marketing/criteria/")
    client.post("/marketing/criteria/usual/")
    assert list(Criterion.objects.values_list("name", flat=True)) == ["Need", "Budget", "Authority", "Timing"]
    assert "Ask the usual four" not in page(client, "/marketing/criteria/")


def test_a_criterion_is_added_changed_and_archived(client, ada):
    client.post("/marketing/criteria/new/", {"name": "Fit", "question": "Do we fit?", "asks": "met"})
    fit = Criterion.objects.get()
    client.post(f"/marketing/criteria/{fit.pk}/", {"name": "Our fit", "question": "", "asks": "optional"})
    fit.refresh_from_db()
    assert (fit.name, fit.question, fit.asks) == ("Our fit", "", "optional")
    client.post(f"/marketing/criteria/{fit.pk}/archiving/")
    assert not Criterion.objects.in_use().exists()
    assert Change.objects.filter(subject=f"criterion {fit.pk}", field="asks", after="optional", by=ada).exists()


def test_a_second_criterion_of_that_name_is_refused_beside_its_field(client, ada):
    Criterion.objects.create(name="Need")
    answer = client.post("/marketing/criteria/new/", {"name": "need", "asks": "met"})
    assert answer.status_code == 422
    assert "is on the checklist already" in answer.content.decode()


def test_the_clock_is_set_and_kept_in_the_log(client, ada):
    assert client.post("/marketing/handover/clock/", {"agreed_hours": "4", **WORK}).status_code == 302
    rules = HandOverRules.get()
    assert (rules.agreed_hours, rules.days, rules.opens, rules.closes) == (4, [0, 1], time(8), time(16))
    client.post("/marketing/handover/clock/", {"agreed_hours": "", **WORK})
    assert HandOverRules.get().agreed_hours is None
    assert Change.objects.filter(subject="handoverrules 1", field="agreed_hours").count() == 2


@pytest.mark.parametrize("wrong", [{"opens": "17:00"}, {"days": []}, {"agreed_hours": "0"}, {"agreed_hours": "4000"}])
def test_a_clock_that_never_runs_is_refused(client, ada, wrong):
    assert client.post("/marketing/handover/clock/", {"agreed_hours": "4", **WORK, **wrong}).status_code == 422
    assert not HandOverRules.objects.exists()


def test_territories_are_kept_in_order_and_once_each(client, ada):
    team = make_team("South")
    sent = {"country": "Italy", "sector": "", "team": team.pk, "share": "load", "most_open": "20"}
    client.post("/marketing/handover/territories/", sent)
    client.post("/marketing/handover/territories/", sent | {"country": ""})
    assert client.post("/marketing/handover/territories/", sent | {"country": "italy"}).status_code == 422
    italy, rest = Territory.objects.all()
    assert (str(italy), str(rest), italy.position, rest.position) == ("Italy", "Everything else", 0, 1)
    client.post(f"/marketing/handover/territories/{italy.pk}/", sent | {"most_open": "", "position": "5"})
    assert [str(one) for one in Territory.objects.all()] == ["Everything else", "Italy"]
    client.post(f"/marketing/handover/territories/{rest.pk}/removal/")
    assert Territory.objects.get().most_open is None


def test_reasons_to_hand_back_are_chosen_from_where_there_are_any(client, ada):
    lead = make_lead(owner=ada)
    qualifying.hand_over(lead, by=None, at=ago(1))
    assert 'type="radio" name="reason"' not in page(client, f"/leads/{lead.pk}/").split('id="handingback"')[1]
    client.post("/marketing/handover/reasons/", {"name": "No budget"})
    assert 'value="No budget"' in page(client, f"/leads/{lead.pk}/").split('id="handingback"')[1]
    assert client.post("/marketing/handover/reasons/", {"name": "no BUDGET"}).status_code == 422
    client.post(f"/marketing/handover/reasons/{HandBackReason.objects.get().pk}/archiving/")
    client.post("/marketing/handover/reasons/", {"name": "No budget"})
    assert HandBackReason.objects.get().archived_at is None


def test_who_waits_and_what_was_answered_is_shown_without_what_was_taken_back(client, ada):
    leads = [make_lead(owner=ada, name=f"Kim {n}") for n in range(4)]
    for lead in leads:
        qualifying.hand_over(lead, by=None, at=ago(20))
    for lead in leads[1:3]:
        qualifying.hand_back(lead, reason="No budget", by=None, at=ago(18))
    qualifying.accept(leads[3], by=ada, at=ago(17))
    undoing.take_back(leads[2], by=ada, reason="undone")
    shown = page(client)
    assert "2 wait for an answer" in shown
    assert shown.count("Answer overdue") == 2
    assert "1 · 50" in shown
    assert leads[2].stage == LeadStage.READY


def test_others_read_what_is_agreed_and_change_nothing(client):
    client.force_login(make_user(team=make_team(), role=Role.MARKETER))
    assert "<form" not in page(client).split("<main")[1].split("</main>")[0]
    assert client.post("/marketing/handover/clock/", WORK).status_code == 403


def test_leads_that_one_may_not_see_are_not_counted(client):
    qualifying.hand_over(make_lead(team=make_team()), by=None, at=ago(1))
    client.force_login(make_user(team=make_team(), role=Role.MARKETER))
    assert "0 wait" in page(client)
