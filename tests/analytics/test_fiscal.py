from datetime import date, timedelta

import pytest

from analytics import fiscal
from analytics.fiscal import Period


@pytest.mark.parametrize(
    ("day", "months", "first_month", "start", "end"),
    [
        (date(2026, 11, 23), 1, 1, date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 11, 23), 3, 1, date(2026, 10, 1), date(2026, 12, 31)),
        (date(2026, 11, 23), 12, 1, date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 2, 28), 12, 4, date(2025, 4, 1), date(2026, 3, 31)),
        (date(2026, 1, 15), 3, 12, date(2025, 12, 1), date(2026, 2, 28)),
        (date(2027, 12, 31), 3, 12, date(2027, 12, 1), date(2028, 2, 29)),
        (date(2026, 4, 1), 12, 4, date(2026, 4, 1), date(2027, 3, 31)),
    ],
)
def test_a_day_lies_in_its_month_quarter_and_year(day, months, first_month, start, end):
    assert fiscal.containing(day, months, first_month=first_month) == Period(start, end)


@pytest.mark.parametrize("first_month", range(1, 13))
def test_quarters_follow_each_other_and_four_make_a_year(first_month):
    year = fiscal.containing(date(2026, 6, 15), 12, first_month=first_month)
    quarters = [period for period in fiscal.coming(year.start, first_month=first_month) if period.months == 3]
    assert (quarters[0].start, quarters[3].end) == (year.start, year.end)
    assert all((later.start - earlier.end).days == 1 for earlier, later in zip(quarters, quarters[1:], strict=False))


def test_periods_have_names():
    names = [fiscal.name(Period.of(date(2026, 4, 1), months), first_month=4) for months in (1, 3, 12)]
    assert names == ["April 2026", "quarter 1 of 2027", "fiscal year 2027"]
    assert fiscal.name(Period.of(date(2026, 1, 1), 12), first_month=1) == "2026"
    assert fiscal.name(Period(date(2026, 1, 5), date(2026, 2, 9)), first_month=1) == "5 Jan–9 Feb 2026"


@pytest.mark.parametrize(
    ("unit", "first", "last"),
    [
        ("week", (date(2026, 11, 23), date(2026, 11, 29)), (date(2026, 12, 7), date(2026, 12, 13))),
        ("month", (date(2026, 11, 1), date(2026, 11, 30)), (date(2027, 1, 1), date(2027, 1, 31))),
        ("quarter", (date(2026, 10, 1), date(2026, 12, 31)), (date(2027, 4, 1), date(2027, 6, 30))),
        ("year", (date(2026, 4, 1), date(2027, 3, 31)), (date(2028, 4, 1), date(2029, 3, 31))),
    ],
)
def test_what_comes_begins_with_the_period_of_the_next_day(unit, first, last):
    found = fiscal.upcoming(date(2026, 11, 22), unit, 3, first_month=4)
    assert (found[0], found[2], len(found)) == (Period(*first), Period(*last), 3)
    assert fiscal.before(found[1], unit, first_month=4) == found[0]


def test_a_week_is_named_by_its_days():
    names = [fiscal.name(Period(day, day + timedelta(days=6)), first_month=1) for day in (
        date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 28)
    )]  # fmt: skip
    assert names == ["23–29 Nov 2026", "30 Nov–6 Dec 2026", "28 Dec 2026–3 Jan 2027"]
