"""Working hours: when sales is there to answer. Pure: moments and rules in, a moment out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST_SEARCH = 3660  # days: four hundred hours in a week of one short day


@dataclass(frozen=True)
class WorkingWeek:
    """On which days (0 is Monday) from when to when people work, by the clock of their zone, and when they are off."""

    days: frozenset[int]
    opens: time
    closes: time
    zone: ZoneInfo
    off: Collection[date] = frozenset()

    def hours_of(self, day: date) -> tuple[datetime, datetime] | None:
        """When the day's work begins and ends; None where there is none."""
        if day.weekday() not in self.days or day in self.off:
            return None
        opens, closes = (datetime.combine(day, clock, self.zone).astimezone(UTC) for clock in (self.opens, self.closes))
        return (opens, closes) if opens < closes else None


def after(at: datetime, hours: float, week: WorkingWeek) -> datetime | None:
    """The moment by which so many working hours have passed; None when the week never has that many."""
    left = timedelta(hours=hours)
    day = at.astimezone(week.zone).date()
    for _day in range(LONGEST_SEARCH):
        if work := week.hours_of(day):
            begins = max(work[0], at)
            if begins < work[1]:
                if left <= work[1] - begins:
                    return begins + left
                left -= work[1] - begins
        day += timedelta(days=1)
    return None


def between(start: datetime, end: datetime, week: WorkingWeek) -> timedelta:
    """How much working time lies between two moments; none when the second comes first."""
    passed, day = timedelta(0), start.astimezone(week.zone).date()
    while day <= end.astimezone(week.zone).date():
        if work := week.hours_of(day):
            passed += max(timedelta(0), min(end, work[1]) - max(start, work[0]))
        day += timedelta(days=1)
    return passed
