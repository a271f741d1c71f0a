from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from leads.domain.contacting import sequencing, shaping
from leads.marketing import calendar
from tests.factories import make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
THURSDAY = datetime(2026, 10, 15, 10, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def mina():
    return make_user(team=make_team("North"))


@pytest.fixture
def lead(mina):
    cadence = shaping.keep("Introduction", by=None, at=THURSDAY)
    for days in (1, 7, 60):
        shaping.add_step(cadence, kind="call", wait_days=days, subject=f"After {days}", by=None, at=THURSDAY)
    lead = make_lead(by=mina, owner=mina, team=mina.memberships.get().team, at=THURSDAY - timedelta(days=3))
    sequencing.enrol(lead, cadence, at=THURSDAY)
    return lead


def told(user, at=THURSDAY):
    days = [day for week in calendar.weeks(user, at=at) for day in week]
    return {day.date: [str(coming.step) for coming in day.steps] for day in days if day.steps}


def test_four_weeks_from_monday_on_with_each_step_on_its_earliest_day(mina, lead):
    weeks = calendar.weeks(mina, at=THURSDAY)
    assert [len(week) for week in weeks] == [7, 7, 7, 7] and weeks[0][0].date == date(2026, 10, 12)
    assert [day.is_over for day in weeks[0]] == [True] * 3 + [False] * 4
    assert told(mina) == {date(2026, 10, 16): ["After 1"], date(2026, 10, 23): ["After 7"]}
    assert next(day for day in weeks[0] if day.steps).counts == [("call", 1)]


def test_what_is_late_comes_today_and_what_is_taken_out_or_paused_does_not(mina, lead):
    late = THURSDAY + timedelta(days=4)
    assert told(mina, at=late)[date(2026, 10, 19)] == ["After 1"]
    first, second, _third = lead.enrolments.get().cadence.steps.all()
    shaping.retire_step(second, by=None, at=THURSDAY)
    assert told(mina) == {date(2026, 10, 16): ["After 1"]}
    sequencing.pause(lead.enrolments.get(), by=mina, at=THURSDAY)
    assert told(mina) == {}


def test_a_later_step_falls_on_a_day_of_contact(mina, lead):
    first, *_others = lead.enrolments.get().cadence.steps.all()
    shaping.revise_step(first.cadence.steps.all()[1], wait_days=1, subject="After 1 more", by=None, at=THURSDAY)
    assert told(mina) == {date(2026, 10, 16): ["After 1"], date(2026, 10, 19): ["After 1 more"]}


def test_nobody_sees_the_steps_of_leads_that_are_not_theirs(lead):
    assert told(make_user(team=make_team("South"))) == {}
