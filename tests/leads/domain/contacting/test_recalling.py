"""What is known before somebody is contacted, from marketing and from sales."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from deals.domain import closing, noting, revising
from leads.domain import noting as lead_noting
from leads.domain import qualifying
from leads.domain.contacting import explaining, recalling, ruling
from leads.domain.contacting.distancing import Why
from leads.domain.contacting.zones import zone_of, zone_of_country
from leads.models import Person
from tests.factories import ago, make_deal, make_lead, make_reason, make_user

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 10, 13, 10, tzinfo=ZoneInfo("Europe/Berlin"))


def call(card, at, *, subject="Prices", by=None, notes=noting):
    activity = notes.plan(card, kind="call", subject=subject, due_on=at.date(), by=by, at=at)
    return notes.done(activity, by=by, at=at)


def test_a_call_of_sales_keeps_marketing_away_from_the_person_and_the_house():
    ana = make_user(name="Ana")
    lead = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper", at=TUESDAY - timedelta(days=9))
    colleague = make_lead(name="Lee", organisation="Juniper", at=TUESDAY - timedelta(days=9))
    deal = make_deal(lead=lead, by=ana, at=TUESDAY - timedelta(days=5))
    revising.revise(deal, marketing_allowed=True, by=ana, at=TUESDAY - timedelta(days=5))
    call(deal, TUESDAY - timedelta(hours=1), by=ana)
    moment = recalling.next_moment(lead, at=TUESDAY)
    assert moment.at == datetime(2026, 10, 16, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (moment.waits[0].why, moment.waits[0].contact.how) == (Why.PERSON, "Ana · Call")
    assert recalling.next_moment(colleague, at=TUESDAY).waits[0].why == Why.ORGANISATION
    words = explaining.reasons(moment, ZoneInfo("Europe/Berlin"))
    assert (
        words
        == [
            "At least 3 days between contacts with a person; the last was Ana · Call on 13 Oct 2026.",
            "At least 1 day between contacts with an organisation; the last was Ana · Call on 13 Oct 2026.",
        ][: len(words)]
    )


def test_the_longest_gap_that_can_be_set_is_kept():
    lead = make_lead(name="Kim", at=TUESDAY - timedelta(days=400))
    ruling.revise(by=None, at=TUESDAY, person_gap_days=365)
    call(lead, TUESDAY - timedelta(days=360), notes=lead_noting)
    moment = recalling.next_moment(lead, at=TUESDAY)
    after_the_weekend = datetime(2026, 10, 19, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (moment.at, moment.waits[0].why) == (after_the_weekend, Why.PERSON)


def test_what_reached_nobody_is_no_contact():
    lead = make_lead(name="Kim", at=TUESDAY - timedelta(days=9))
    lead_noting.note(lead, text="Read their report.", by=None, at=TUESDAY)
    lead_noting.plan(lead, kind="task", due_on=TUESDAY.date(), by=None, at=TUESDAY)
    assert recalling.next_moment(lead, at=TUESDAY).at == TUESDAY


def test_a_planned_call_counts_on_its_day_so_that_nothing_is_put_right_before_it():
    lead = make_lead(name="Kim", at=TUESDAY - timedelta(days=9))
    on_thursday = TUESDAY + timedelta(days=2)
    planned = lead_noting.plan(lead, kind="call", due_on=on_thursday.date(), by=None, at=TUESDAY)
    moment = recalling.next_moment(lead, at=TUESDAY)
    assert moment.at == datetime(2026, 10, 19, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert moment.waits[0].contact.how == "Call, planned"
    lead_noting.unplan(planned, by=None, at=TUESDAY)
    assert recalling.next_moment(lead, at=TUESDAY).at == TUESDAY


def test_a_person_recorded_twice_is_one_person():
    lead = make_lead(name="Kim", email="kim@juniper.example", at=TUESDAY - timedelta(days=9))
    other = make_lead(name="Sato", organisation="Elsewhere", at=TUESDAY - timedelta(days=9))
    other.person.email = "KIM@juniper.example"
    other.person.save()
    call(other, TUESDAY - timedelta(hours=1), notes=lead_noting)
    assert recalling.next_moment(lead, at=TUESDAY).waits[0].why == Why.PERSON
    qualifying.unsubscribe(other, by=None, at=TUESDAY)
    assert recalling.next_moment(lead, at=TUESDAY).why.why == Why.UNSUBSCRIBED


def test_an_open_deal_pauses_marketing_to_the_house_until_its_owner_allows_it():
    deal = make_deal(at=ago(3))
    colleague = make_lead(name="Lee", organisation=deal.organisation)
    at = ago(0)
    assert recalling.next_moment(colleague, at=at).why.why == Why.OPEN_DEAL
    revising.revise(deal, marketing_allowed=True, by=None, at=at)
    assert recalling.next_moment(colleague, at=at).at is not None


def test_a_lead_without_an_organisation_belongs_to_the_house_its_person_works_for():
    deal = make_deal(at=ago(3))
    lead = make_lead(name="Lee", email="lee@juniper.example", organisation="", at=TUESDAY - timedelta(days=9))
    lead.person.organisation = deal.organisation
    lead.person.save()
    assert recalling.next_moment(lead, at=ago(0)).why.why == Why.OPEN_DEAL
    revising.revise(deal, marketing_allowed=True, by=None, at=ago(0))
    call(lead, TUESDAY - timedelta(hours=1), notes=lead_noting)
    colleague = make_lead(name="Max", organisation=deal.organisation, at=TUESDAY - timedelta(days=9))
    assert recalling.next_moment(colleague, at=TUESDAY).waits[0].why == Why.ORGANISATION


def test_after_a_loss_the_whole_house_is_left_in_peace():
    deal = make_deal(at=ago(3))
    closing.lose(deal, reason=make_reason(), by=None, at=ago(1))
    colleague = make_lead(name="Lee", organisation=deal.organisation)
    wait = recalling.next_moment(colleague, at=ago(0)).waits[0]
    assert (wait.why, wait.until) == (Why.LOSS, deal.stage_entered_at + timedelta(days=30))


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("Germany", "Europe/Berlin"),
        ("japan", "Asia/Tokyo"),
        ("FR", "Europe/Paris"),
        ("Spain", "Europe/Madrid"),
        ("Australia", ""),
        ("Nowhere", ""),
        ("", ""),
    ],
)
def test_a_country_tells_the_time_when_most_of_it_has_one(country, zone):
    assert zone_of_country(country) == zone


def test_ones_own_zone_comes_before_the_countrys_and_the_companys():
    lead = make_lead(name="Kim", organisation="Juniper")
    assert zone_of(lead.person) == ZoneInfo("Europe/Berlin")
    lead.organisation.country = "Japan"
    assert zone_of(lead.person, lead.organisation) == ZoneInfo("Asia/Tokyo")
    assert zone_of(Person(time_zone="Asia/Kolkata"), lead.organisation) == ZoneInfo("Asia/Kolkata")
