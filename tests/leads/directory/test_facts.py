"""What is known of a person is changed by those who work with them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from leads.domain import describing, erasing
from leads.domain.contacting.zones import zone_of
from leads.models import Likeness, Person
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user(name="Ana", team=make_team("North"))


@pytest.fixture
def kim(ana):
    lead = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper", by=ana, owner=ana)
    return lead.person


def send(client, person, **facts):
    sent = {"name": "Kim Sato", "email": "Kim@Juniper.example", "phone": "030 123456", "role": "Buyer"}
    return client.post(f"/people/{person.pk}/facts/", {**sent, "time_zone": "Asia/Tokyo", **facts})


def test_who_works_with_them_changes_name_address_number_and_clock(client, ana, kim):
    client.force_login(ana)
    assert f"/people/{kim.pk}/facts/" in client.get(f"/people/{kim.pk}/").content.decode()
    assert "kim@juniper.example" in client.get(f"/people/{kim.pk}/facts/").content.decode()
    assert send(client, kim).url == f"/people/{kim.pk}/"
    kim.refresh_from_db()
    facts = (kim.name, kim.email, kim.phone, kim.phone_e164, kim.role, kim.time_zone)
    assert facts == ("Kim Sato", "kim@juniper.example", "030 123456", "+4930123456", "Buyer", "Asia/Tokyo")
    assert zone_of(kim) == ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"time_zone": "Mars/Olympus"}, "is not one of the available choices"),
        ({"email": "kim@"}, "valid email"),
        ({"name": "", "email": ""}, "Name the person"),
        ({"name": "Kim\x01"}, "letters, digits and signs"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(client, ana, kim, wrong, says):
    client.force_login(ana)
    answer = send(client, kim, **wrong)
    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert (Person.objects.get().name, Person.objects.get().phone) == ("Kim", "")


def test_strangers_do_not_change_them_and_marketing_does(client, kim):
    client.force_login(make_user(team=make_team("South")))
    assert send(client, kim).status_code == 403
    assert f"/people/{kim.pk}/facts/" not in client.get(f"/people/{kim.pk}/").content.decode()
    client.force_login(make_user(team=make_team("West"), role=Role.MARKETER))
    assert send(client, kim).status_code == 302


def test_a_number_that_somebody_else_has_is_written_down_as_perhaps_the_same(ana, kim):
    other = make_lead(name="Lee", phone="030 123456", organisation="Kite")
    describing.describe_person(kim, phone="+49 30 123456", by=ana, at=ago(0))
    assert Likeness.objects.values_list("lead", "signs").get() == (other.pk, ["phone"])


def test_who_was_merged_or_erased_is_not_described(ana, kim):
    twin = Person.objects.create(name="Twin", merged_into=kim)
    erasing.erase(kim, by=ana, at=ago(0))
    for person in (twin, kim):
        with pytest.raises(describing.NobodyToDescribe):
            describing.describe_person(person, name="Anew", by=ana, at=ago(0))


def test_a_zone_that_is_none_breaks_no_page(client, ana, kim):
    lead = kim.leads.get()
    client.force_login(ana)
    for zone in ("Mars/Olympus", "../etc/passwd", "Europe", "\u0130", "x" * 64, "/abs"):
        Person.objects.update(time_zone=zone)
        kim.refresh_from_db()
        assert zone_of(kim, lead.organisation) == ZoneInfo("Europe/Berlin")
        for page in (f"/leads/{lead.pk}/contact/", f"/people/{kim.pk}/", f"/people/{kim.pk}/facts/"):
            assert client.get(page).status_code == 200
    with pytest.raises(describing.NoTimeZone):
        describing.describe_person(kim, time_zone="Europe", by=ana, at=ago(0))
    assert datetime.now(zone_of(kim)).utcoffset() is not None
