from datetime import date

import pytest

from leads.models import DistanceRules
from pipeline_crm.accounts.models import Holiday, Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
RULES = {
    "days": ["0", "1"], "opens": "10:00", "closes": "16:00", "person_gap_days": "5", "person_per_week": "",
    "person_per_month": "3", "person_per_quarter": "6", "organisation_gap_days": "2", "organisation_per_week": "3",
    "organisation_per_month": "6", "organisation_per_quarter": "9", "quiet_after_loss_days": "45",
}  # fmt: skip


@pytest.fixture
def ada(client):
    ada = make_user(name="Ada", team=make_team(), role=Role.ADMIN)
    client.force_login(ada)
    return ada


def test_an_administrator_sets_the_rules(client, ada):
    assert client.post("/marketing/distance/rules/", RULES).status_code == 302
    rules = DistanceRules.get()
    assert (rules.days, rules.person_gap_days, rules.person_per_week, rules.open_deal_pauses) == (
        [0, 1],
        5,
        None,
        False,
    )
    assert b'value="10:00"' in client.get("/marketing/distance/").content


@pytest.mark.parametrize("wrong", [{"days": []}, {"closes": "09:00"}, {"person_per_month": "0"}, {"opens": "soon"}])
def test_rules_that_make_no_sense_come_back_with_the_reason(client, ada, wrong):
    answer = client.post("/marketing/distance/rules/", RULES | wrong)
    assert (answer.status_code, answer.content.count(b'class="errorlist"')) == (422, 1)
    assert not DistanceRules.objects.exists()


def test_holidays_come_and_go(client, ada):
    sent = {"on": "2030-12-25", "name": "Christmas", "country": ""}
    assert client.post("/marketing/distance/holidays/", sent).status_code == 302
    holiday = Holiday.objects.get(on=date(2030, 12, 25))
    assert b"Christmas" in client.get("/marketing/distance/").content
    client.post(f"/marketing/distance/holidays/{holiday.pk}/removal/")
    assert not Holiday.objects.exists()


def test_everyone_reads_the_rules_and_only_administrators_change_them(client):
    client.force_login(make_user(team=make_team(), role=Role.MARKETER))
    page = client.get("/marketing/distance/")
    below_tabs = page.content.split(b"<main")[1].split(b"</main>")[0].rpartition(b"</nav>")[2]
    assert b"<h1>Appropriate distance</h1>" in below_tabs and b"<button" not in below_tabs
    assert client.post("/marketing/distance/rules/", RULES).status_code == 403


def test_a_lead_says_when_it_may_be_contacted(client, ada):
    lead = make_lead(name="Kim", by=ada, owner=ada, at=ago(1))
    page = client.get(f"/leads/{lead.pk}/contact/")
    assert page.status_code == 200
    fragment = client.get(f"/leads/{lead.pk}/contact/", headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith("<section") and ("May be contacted now" in fragment) != (
        "Not before" in fragment
    )
