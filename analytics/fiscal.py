"""Weeks, months, quarters and years as the company counts them: what a target can be set for, and what is forecast."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

MONTH, QUARTER, YEAR = 1, 3, 12
AHEAD = {MONTH: 6, QUARTER: 4, YEAR: 2}
WEEK = timedelta(days=7)
UNITS = {"week": 0, "month": MONTH, "quarter": QUARTER, "year": YEAR}  # by how many months they have


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Whole months, or a week from its Monday on; both days included."""

    start: date
    end: date

    @property
    def key(self) -> str:
        return f"{self.start.isoformat()}_{self.end.isoformat()}"

    @property
    def months(self) -> int:
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1

    @classmethod
    def of(cls, start: date, months: int) -> Period:
        """So many months from the first day of a month."""
        last = start.month - 1 + months - 1
        year, month = start.year + last // 12, last % 12 + 1
        return cls(start, date(year, month, monthrange(year, month)[1]))


def containing(day: date, months: int, *, first_month: int) -> Period:
    """The month, quarter or year in which the day lies; `first_month` is that with which years begin."""
    into = (day.month - first_month) % 12 % months
    month = day.month - into
    return Period.of(date(day.year - (month < 1), (month - 1) % 12 + 1, 1), months)


def of_unit(day: date, unit: str, *, first_month: int) -> Period:
    """The week, month, quarter or year in which the day lies."""
    if unit == "week":
        start = day - timedelta(days=day.weekday())
        return Period(start, start + WEEK - timedelta(days=1))
    return containing(day, UNITS[unit], first_month=first_month)


def upcoming(as_of: date, unit: str, number: int, *, first_month: int) -> list[Period]:
    """The period of the day after `as_of`, and those after it; so many."""
    periods = [of_unit(as_of + timedelta(days=1), unit, first_month=first_month)]
    while len(periods) < number:
        periods.append(of_unit(periods[-1].end + timedelta(days=1), unit, first_month=first_month))
    return periods


def before(period: Period, unit: str, *, first_month: int) -> Period:
    return of_unit(period.start - timedelta(days=1), unit, first_month=first_month)


def coming(today: date, *, first_month: int) -> Iterator[Period]:
    """The present months, quarters and years, and those after them."""
    for months, number in AHEAD.items():
        period = containing(today, months, first_month=first_month)
        for _number in range(number):
            yield period
            period = Period.of(period.end + timedelta(days=1), months)


def name(period: Period, *, first_month: int) -> str:
    """“November 2026”, “quarter 4 of 2026”, “2026”, “23–29 Nov 2026”; a fiscal year is named by the year in which it
    ends."""
    if period.end - period.start < WEEK:
        return in_days(period.start, period.end)
    if period.months == MONTH:
        return date_format(period.start, "F Y")
    year = containing(period.start, YEAR, first_month=first_month).end.year
    if period == containing(period.start, QUARTER, first_month=first_month):
        number = (period.start.month - first_month) % 12 // QUARTER + 1
        return _("quarter %(number)s of %(year)s") % {"number": number, "year": year}
    if period == containing(period.start, YEAR, first_month=first_month):
        return str(year) if first_month == 1 else _("fiscal year %(year)s") % {"year": year}
    return in_days(period.start, period.end)


def in_days(start: date, end: date) -> str:
    """“23–29 Nov 2026”, “30 Nov–6 Dec 2026”, “6 Dec 2026”: of the first day only what is not the same."""
    if start == end:
        return date_format(end, "j M Y")
    shape = "j" if (start.year, start.month) == (end.year, end.month) else "j M" if start.year == end.year else "j M Y"
    return f"{date_format(start, shape)}–{date_format(end, 'j M Y')}"
