from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.clocking import WorkingWeek, after, between

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = WorkingWeek(frozenset(range(5)), time(9), time(17), BERLIN)


def berlin(*when) -> datetime:
    return datetime(*when, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "hours", "then"),
    [
        (berlin(2026, 5, 4, 10), 4, berlin(2026, 5, 4, 14)),
        (berlin(2026, 5, 4, 10), 7, berlin(2026, 5, 4, 17)),
        (berlin(2026, 5, 4, 10), 8, berlin(2026, 5, 5, 10)),
        (berlin(2026, 5, 4, 6), 1, berlin(2026, 5, 4, 10)),
        (berlin(2026, 5, 8, 16), 2, berlin(2026, 5, 11, 10)),
        (berlin(2026, 5, 9, 12), 8, berlin(2026, 5, 11, 17)),
        (berlin(2026, 3, 27, 16), 2, berlin(2026, 3, 30, 10)),
    ],
    ids=["same day", "to its last minute", "next morning", "before work", "a weekend", "a Saturday", "summer time"],
)
def test_working_hours_pass_only_while_people_work(at, hours, then):
    assert after(at, hours, WEEK) == then


def test_a_holiday_is_no_working_day():
    week = WorkingWeek(WEEK.days, WEEK.opens, WEEK.closes, BERLIN, {date(2026, 5, 14)})
    assert after(berlin(2026, 5, 13, 16), 2, week) == berlin(2026, 5, 15, 10)


def test_who_never_works_never_answers():
    assert after(berlin(2026, 5, 4, 10), 1, WorkingWeek(frozenset(), time(9), time(17), BERLIN)) is None


@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    hours=st.integers(1, 200),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    opens=st.integers(0, 11),
    long=st.integers(1, 12),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    off=st.frozensets(st.dates(date(2024, 1, 1), date(2030, 12, 31)), max_size=10),
)
def test_exactly_the_agreed_hours_lie_before_the_moment_and_it_is_a_working_one(
    at, hours, days, opens, long, zone, off
):
    week = WorkingWeek(days, time(opens), time(min(opens + long, 23)), ZoneInfo(zone), off)
    then = after(at, hours, week)
    assert between(at, then, week) == timedelta(hours=hours)
    begins, ends = week.hours_of(then.astimezone(week.zone).date())
    assert begins < then <= ends
