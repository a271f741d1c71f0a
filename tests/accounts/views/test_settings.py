import pytest
from django.urls import reverse

from pipeline_crm.accounts.models import Company, ExchangeRate, Membership, Team, User
from tests.accounts.people import four_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return dict(zip(("ana", "ben", "cleo", "dora"), four_people(), strict=True))


@pytest.fixture
def dora(client, people):
    client.force_login(people["dora"])
    return people["dora"]


ADMIN_PAGES = [
    ("get", "company", []),
    ("post", "company", []),
    ("post", "rates", []),
    ("post", "rate_removal", [1]),
    ("get", "team", []),
    ("post", "people", []),
    ("post", "teams", []),
    ("get", "one_team", ["team"]),
    ("get", "person", ["user"]),
    ("post", "person_link", ["user"]),
    ("post", "memberships", ["user"]),
    ("post", "membership_removal", ["user", "membership"]),
    ("post", "deactivation", ["user"]),
    ("post", "reactivation", ["user"]),
]


@pytest.mark.parametrize("name", ["ana", "ben", "cleo"])
@pytest.mark.parametrize(("method", "page", "args"), ADMIN_PAGES)
def test_only_an_administrator_opens_the_companys_settings(client, people, name, method, page, args):
    keys = {"team": Team.objects.first().pk, "user": people["ana"].pk, "membership": Membership.objects.first().pk}
    client.force_login(people[name])
    assert getattr(client, method)(reverse(f"accounts:{page}", args=[keys.get(a, a) for a in args])).status_code == 403


@pytest.mark.parametrize(("method", "page", "args"), ADMIN_PAGES)
def test_who_is_not_signed_in_is_asked_to(client, people, method, page, args):
    keys = {"team": Team.objects.first().pk, "user": people["ana"].pk, "membership": Membership.objects.first().pk}
    answer = getattr(client, method)(reverse(f"accounts:{page}", args=[keys.get(a, a) for a in args]))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_the_door_leads_each_to_what_they_may_change(client, people):
    client.force_login(people["ana"])
    assert client.get("/settings/")["Location"] == "/profile/"
    client.force_login(people["dora"])
    assert client.get("/settings/")["Location"] == "/settings/company/"


def test_the_company_is_saved(client, dora):
    facts = {"name": "Harbour", "base_currency": "GBP", "time_zone": "Europe/London", "fiscal_year_start_month": "4"}
    facts |= {"freeze_weekday": "4", "freeze_hour": "17"}
    assert client.post("/settings/company/", facts).status_code == 302
    assert Company.objects.filter(**facts).exists()
    assert "Harbour" in client.get("/settings/company/").content.decode()


def test_a_wrong_currency_or_zone_is_said_beside_its_field(client, dora):
    facts = {"base_currency": "XXX", "time_zone": "Moon/Crater", "fiscal_year_start_month": "13"}
    facts |= {"freeze_weekday": "7", "freeze_hour": "24"}
    answer = client.post("/settings/company/", facts)
    assert answer.status_code == 422
    assert answer.content.decode().count("errorlist") == 5


def test_a_rate_is_added_and_removed(client, dora):
    client.post("/settings/company/rates/", {"currency": "USD", "on": "2026-03-01", "rate": "0.925"})
    rate = ExchangeRate.objects.get()
    assert "0.925" in client.get("/settings/company/").content.decode()
    client.post(f"/settings/company/rates/{rate.pk}/removal/")
    assert not ExchangeRate.objects.exists()


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1e30", ""])
def test_a_rate_that_is_none_is_refused(client, dora, rate):
    answer = client.post("/settings/company/rates/", {"currency": "USD", "on": "2026-03-01", "rate": rate})
    assert (answer.status_code, ExchangeRate.objects.exists()) == (422, False)


def test_an_invited_person_sets_a_password_by_the_link_and_signs_in(client, dora):
    north = Team.objects.get(name="North")
    fields = {"name": "Fay Oduya", "email": "fay@example.org", "team": north.pk, "role": "rep"}
    page = client.post("/settings/team/people/", fields, follow=True).content.decode()
    link = page.split('value="http://testserver')[1].split('"')[0]
    client.logout()
    form = client.get(link, follow=True)
    assert form.status_code == 200
    action = form.request["PATH_INFO"]
    client.post(action, {"password1": "correct horse battery", "password2": "correct horse battery"})
    answer = client.post("/accounts/login/", {"login": "FAY@example.org", "password": "correct horse battery"})
    assert answer.status_code == 302
    assert int(client.session["_auth_user_id"]) == User.objects.get(email="fay@example.org").pk


def test_a_second_invitation_to_the_same_address_is_said_beside_it(client, dora):
    fields = {"name": "Ana", "email": "ana@example.org", "team": Team.objects.first().pk, "role": "rep"}
    answer = client.post("/settings/team/people/", fields)
    assert answer.status_code == 422
    assert "already works here" in answer.content.decode()


def test_roles_change_and_who_is_deactivated_is_out_at_once(client, people, dora):
    ana, south = people["ana"], Team.objects.get(name="South")
    client.post(f"/settings/team/people/{ana.pk}/memberships/", {"team": south.pk, "role": "marketer"})
    assert ana.memberships.get(team=south).role == "marketer"
    client.post(f"/settings/team/people/{ana.pk}/memberships/{ana.memberships.get(team=south).pk}/removal/")
    assert not ana.memberships.filter(team=south).exists()

    other = client.__class__()
    other.force_login(ana)
    assert other.get("/profile/").status_code == 200
    client.post(f"/settings/team/people/{ana.pk}/deactivation/")
    assert other.get("/profile/").status_code == 302


def test_the_last_administrator_is_told_why_they_cannot_leave(client, dora):
    answer = client.post(f"/settings/team/people/{dora.pk}/deactivation/")
    assert answer.status_code == 409
    assert "Somebody has to be an administrator" in answer.content.decode()


def test_markup_in_a_name_is_shown_as_text(client, people, dora):
    User.objects.filter(pk=people["ana"].pk).update(name="<script>alert(1)</script>")
    page = client.get("/settings/team/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("others", [0, 2])
def test_the_list_of_people_asks_the_same_number_of_questions_for_many(client, dora, others, django_assert_num_queries):
    team = Team.objects.first()
    for n in range(others):
        Membership.objects.create(user=User.objects.create_user(f"p{n}@example.org", name=f"P {n}"), team=team)
    client.get("/settings/team/")
    with django_assert_num_queries(10):
        client.get("/settings/team/")
