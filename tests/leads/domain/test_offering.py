"""Who is offered a lead that marketing hands over, by when they answer, and what happens when they do not."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from deals.domain import opening
from leads.domain import moving, offering, qualifying, revising, undoing
from leads.models import HandOverRules, Lead, LeadStage, Share, Territory
from leads.tasks import escalate_offers
from pipeline_crm.accounts.domain import holidays
from pipeline_crm.accounts.models import Company, Role
from pipeline_crm.foundation.stage_log import discrepancies
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 5, 4, 8, tzinfo=UTC)  # 10:00 in Berlin


@pytest.fixture
def north():
    """Ana and Ben sell in North, Mina feeds it, Hugo leads it; everything goes there, by turns."""
    team = make_team("North")
    people = {
        "ana": make_user(name="Ana", team=team),
        "ben": make_user(name="Ben", team=team),
        "mina": make_user(name="Mina", team=team, role=Role.MARKETER),
        "hugo": make_user(name="Hugo", team=team, role=Role.MANAGER),
    }
    people["rest"] = Territory.objects.create(team=team)
    people["team"] = team
    return people


def handed_over(people, *, at=MONDAY, **facts) -> Lead:
    lead = make_lead(owner=people["mina"], team=people["team"], at=at - timedelta(days=9), **facts)
    qualifying.hand_over(lead, by=people["mina"], at=at)
    lead.refresh_from_db()
    return lead


def told(user) -> list[str]:
    return list(user.notifications.order_by("id").values_list("words", flat=True))


def test_those_who_sell_in_the_team_take_turns(north):
    owners = [handed_over(north, at=MONDAY + timedelta(minutes=n)).owner.name for n in range(5)]
    assert owners == ["Ana", "Ben", "Ana", "Ben", "Ana"]


def test_by_load_it_goes_to_whoever_has_least_open_deals_counted(north):
    Territory.objects.update(share=Share.LOAD)
    pipeline = make_pipeline()
    for _n in range(2):
        make_deal(pipeline=pipeline, owner=north["ana"])
    owners = [handed_over(north, at=MONDAY + timedelta(minutes=n)).owner.name for n in range(4)]
    assert owners == ["Ben", "Ben", "Ana", "Ben"]


def test_who_has_as_much_open_as_agreed_is_passed_over_and_when_all_have_the_team_is_told(north):
    Territory.objects.update(most_open=1)
    owners = [handed_over(north, name=f"Kim {n}", at=MONDAY + timedelta(minutes=n)).owner for n in range(3)]
    assert owners == [north["ana"], north["ben"], None]
    assert "Nobody in North has room for Kim 2." in told(north["hugo"])[0]


def test_the_first_territory_that_fits_decides(north):
    south, schools = make_team("South"), make_team("Schools")
    lea, jo = make_user(name="Lea", team=south), make_user(name="Jo", team=schools)
    Territory.objects.create(position=1, sector="Education", team=schools)
    Territory.objects.create(position=2, country="Italy", team=south)
    for facts, owner in (
        ({"sector": "education ", "country": "IT"}, jo),
        ({"sector": "Trade", "country": "it"}, lea),
        ({"sector": "", "country": "Germany"}, north["ana"]),
    ):
        lead = make_lead(team=north["team"], at=MONDAY - timedelta(days=9))
        for name, value in facts.items():
            setattr(lead.organisation, name, value)
        lead.organisation.save()
        qualifying.hand_over(lead, by=north["mina"], at=MONDAY)
        lead.refresh_from_db()
        assert (lead.owner, lead.team) == (owner, owner.memberships.get().team)


def test_without_a_territory_it_stays_whose_it_was_and_sellers_of_its_team_are_told(north):
    north["rest"].delete()
    lead = handed_over(north, name="Kim")
    assert (lead.owner, lead.handovers.get().to) == (north["mina"], north["mina"])
    assert told(north["ana"]) == ["Kim is ready for sales. Accept it or hand it back by Tue, 5 May, 10:00."]
    assert told(north["mina"]) == []


def test_who_takes_it_is_told_in_the_bell_and_by_mail_with_the_moment_to_answer_by(north):
    lead = handed_over(north, name="Kim")
    assert told(north["ana"]) == ["Kim is handed over to you. Accept it or hand it back by Tue, 5 May, 10:00."]
    assert told(north["ben"]) == []
    assert Job.objects.filter(kind="accounts.mail_notification").count() == 1
    assert lead.accept_by == MONDAY + timedelta(days=1)


def test_holidays_and_the_hours_agreed_move_the_moment(north):
    HandOverRules.objects.create(agreed_hours=2, opens=time(8), closes=time(11), days=[0, 2])
    company = Company.get()
    company.time_zone = "Europe/Berlin"
    company.save()
    holidays.keep(date(2026, 5, 6), name="Day off", country="Germany", by=None, at=MONDAY)
    holidays.keep(date(2026, 5, 11), name="Elsewhere", country="France", by=None, at=MONDAY)
    assert handed_over(north).accept_by == datetime(2026, 5, 11, 7, tzinfo=UTC)


def test_no_hours_agreed_no_clock(north):
    HandOverRules.objects.create(agreed_hours=None)
    lead = handed_over(north, name="Kim")
    assert lead.accept_by is None
    assert told(north["ana"]) == ["Kim is handed over to you."]


def test_handed_back_it_is_whose_it_was_and_they_are_told_why(north):
    lead = handed_over(north, name="Kim")
    qualifying.hand_back(lead, reason="No budget", by=north["ana"], at=MONDAY + timedelta(hours=1))
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.accept_by) == (LeadStage.QUALIFICATION, north["mina"], None)
    assert told(north["mina"]) == ["Kim is handed back: No budget"]


def test_what_was_given_to_somebody_else_meanwhile_stays_theirs(north):
    lead = handed_over(north)
    revising.revise(lead, owner=north["ben"], by=north["hugo"], at=MONDAY)
    qualifying.hand_back(lead, reason="No budget", by=north["ben"], at=MONDAY + timedelta(hours=1))
    assert lead.owner == north["ben"]


def test_a_hand_over_that_is_undone_is_as_if_it_had_not_been(north):
    lead = handed_over(north, at=ago(0))
    undoing.undo(lead, by=north["mina"], at=ago(0))
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.accept_by) == (LeadStage.GENERATION, north["mina"], None)
    assert told(north["ana"]) == []
    north["ana"].refresh_from_db()
    assert north["ana"].unread == 0
    assert handed_over(north).owner == north["ana"], "the turn is hers still"
    assert list(discrepancies(Lead)) == []


def test_undoing_a_hand_back_or_an_acceptance_renews_the_offer_and_its_clock(north):
    lead = handed_over(north, at=ago(0))
    clock = lead.accept_by
    qualifying.hand_back(lead, reason="No budget", by=north["ana"], at=ago(0))
    undoing.undo(lead, by=north["ana"], at=ago(0))
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.accept_by) == (LeadStage.READY, north["ana"], clock)
    opening.open_deal(lead=lead, pipeline=make_pipeline(), by=north["ana"], at=ago(0))
    lead.refresh_from_db()
    assert (lead.stage, lead.accept_by) == (LeadStage.ACCEPTED, None)
    undoing.take_back(lead, by=north["ana"], reason="undone")
    lead.refresh_from_db()
    assert (lead.stage, lead.accept_by) == (LeadStage.READY, clock)


def test_what_is_taken_back_is_told_nobody_who_has_not_read_it(north):
    lead = handed_over(north, at=ago(0))
    qualifying.hand_back(lead, reason="No budget", by=north["ana"], at=ago(0))
    undoing.undo(lead, by=north["ana"], at=ago(0))
    assert told(north["mina"]) == []
    lead.refresh_from_db()
    assert list(offering.escalate(at=ago(-9))) == [1]
    undoing.take_back(lead, by=north["ana"], reason="undone")
    assert told(north["hugo"]) == []


def test_undoing_a_hand_back_takes_it_from_nobody_who_was_given_it(north):
    lead = handed_over(north, at=ago(0))
    revising.revise(lead, owner=north["ben"], by=north["hugo"], at=ago(0))
    qualifying.hand_back(lead, reason="No budget", by=north["ben"], at=ago(0))
    undoing.undo(lead, by=north["ben"], at=ago(0))
    lead.refresh_from_db()
    assert (lead.stage, lead.owner) == (LeadStage.READY, north["ben"])


def test_a_slip_of_the_hand_offers_it_to_nobody(north):
    lead = make_lead(owner=north["mina"], team=north["team"])
    now = ago(0)
    moving.move(lead, to=LeadStage.READY, by=north["mina"], at=now)
    moving.move(lead, to=LeadStage.GENERATION, by=north["mina"], at=now + timedelta(seconds=5))
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.accept_by, told(north["ana"])) == ("generation", north["mina"], None, [])


def test_managers_are_told_once_of_what_waits_too_long(north):
    lead = handed_over(north, name="Kim")
    assert list(offering.escalate(at=MONDAY + timedelta(days=1))) == []
    late = MONDAY + timedelta(days=1, minutes=1)
    assert list(offering.escalate(at=late)) == [1]
    assert told(north["hugo"]) == ["Kim has waited for an answer of sales since Mon, 4 May, 10:00: Ana."]
    assert sum(offering.escalate(at=late + timedelta(days=3))) == 0
    assert len(told(north["hugo"])) == 1
    qualifying.hand_back(lead, reason="No", by=None, at=late)
    qualifying.hand_over(lead, by=None, at=late)
    assert list(offering.escalate(at=late + timedelta(days=9))) == [1]


def test_where_nobody_leads_the_team_administrators_are_told(north):
    north["hugo"].memberships.all().delete()
    ada = make_user(name="Ada", team=make_team(), role=Role.ADMIN)
    handed_over(north)
    list(offering.escalate(at=MONDAY + timedelta(days=9)))
    assert len(told(ada)) == 1


def test_the_hourly_job_escalates(north):
    handed_over(north, at=ago(30))
    job = Job.objects.create(kind="leads.escalate_offers", idem_key="1", accepted_at=MONDAY, due_at=MONDAY)
    assert list(escalate_offers(job)) == [None]
    assert len(told(north["hugo"])) == 1


def test_who_left_the_company_takes_no_turn(north):
    north["ana"].is_active = False
    north["ana"].save()
    assert handed_over(north).owner == north["ben"]
