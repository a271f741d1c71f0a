"""Appropriate distance: when somebody may next be contacted, and what keeps us from doing it sooner.

A pure rule: it knows no database and no clock. `recalling` gathers what it judges, `explaining` says it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
WEEK, MONTH, QUARTER = timedelta(days=7), timedelta(days=30), timedelta(days=91)
LOOKS_AHEAD = 800  # days within which a contact window must open


class Why(StrEnum):
    """What can keep us from contacting somebody."""

    HOURS = "hours"
    DAY = "day"
    HOLIDAY = "holiday"
    PERSON = "person"
    ORGANISATION = "organisation"
    LOSS = "loss"
    OPEN_DEAL = "open_deal"
    UNSUBSCRIBED = "unsubscribed"
    NEVER_OPEN = "never_open"


@dataclass(frozen=True)
class Limit:
    """At most `most` contacts within any stretch of time shorter than `span`. A minimum gap is a limit of one."""

    most: int
    span: timedelta


@dataclass(frozen=True)
class Window:
    """The days and hours when people are contacted, by the clock where they are. `opens` comes before `closes`."""

    days: frozenset[int] = EVERY_DAY  # 0 is Monday
    opens: time = time(0)
    closes: time = time.max
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Rules:
    window: Window = Window()
    person: tuple[Limit, ...] = ()
    organisation: tuple[Limit, ...] = ()
    quiet_after_loss: timedelta = timedelta(0)
    open_deal_pauses: bool = True


@dataclass(frozen=True, order=True)
class Contact:
    """One time somebody was contacted, or is going to be: when, in words how and by whom, and what row says so."""

    at: datetime
    how: str = field(default="", compare=False)
    key: str = field(default="", compare=False)


@dataclass(frozen=True)
class Situation:
    """What is known of the person to contact: every contact with them and with anyone in their organisation."""

    zone: ZoneInfo = ZoneInfo("UTC")
    person: Sequence[Contact] = ()
    organisation: Sequence[Contact] = ()
    lost_at: datetime | None = None
    has_open_deal: bool = False
    is_unsubscribed: bool = False


@dataclass(frozen=True)
class Wait:
    """One reason not to contact before `until` (None: not as long as it holds), with the contact or limit behind it."""

    why: Why
    until: datetime | None
    contact: Contact | None = None
    limit: Limit | None = None


@dataclass(frozen=True)
class Moment:
    """The earliest moment, None when there is none, and the reasons that moved it there, the decisive one last."""

    at: datetime | None
    waits: tuple[Wait, ...] = ()

    @property
    def why(self) -> Wait | None:
        return self.waits[-1] if self.waits else None


def earliest_moment(situation: Situation, rules: Rules, at: datetime) -> Moment:
    """The first moment from `at` on that breaks no rule, in UTC.

    Contacts that are planned for later count as well: nothing is put too close before them.
    """
    for reason, holds in (
        (Why.UNSUBSCRIBED, situation.is_unsubscribed),
        (Why.OPEN_DEAL, situation.has_open_deal and rules.open_deal_pauses),
    ):
        if holds:
            return Moment(None, (Wait(reason, None),))
    steps = [*_steps(situation, rules)]
    moment, waits = at.astimezone(UTC), []
    while wait := next((wait for step in steps if (wait := step(moment))), None):
        waits.append(wait)
        if wait.until is None:
            return Moment(None, tuple(waits))
        moment = wait.until
    return Moment(moment, tuple(waits))


def _steps(situation: Situation, rules: Rules) -> Iterator[Callable[[datetime], Wait | None]]:
    """Each rule as a function: the wait it asks for at a moment, or None when the moment suits it."""
    if situation.lost_at:
        quiet_until = situation.lost_at.astimezone(UTC) + rules.quiet_after_loss
        yield lambda moment: Wait(Why.LOSS, quiet_until) if moment < quiet_until else None
    for why, contacts, limits in (
        (Why.PERSON, situation.person, rules.person),
        (Why.ORGANISATION, situation.organisation, rules.organisation),
    ):
        yield _apart([*_blocked(contacts, limits, why)])
    yield lambda moment: _outside(rules.window, situation.zone, moment)


def _apart(blocked: Sequence[tuple[datetime, datetime, Wait]]) -> Callable[[datetime], Wait | None]:
    return lambda moment: next((wait for start, end, wait in blocked if start < moment < end), None)


def _blocked(
    contacts: Iterable[Contact], limits: Iterable[Limit], why: Why
) -> Iterator[tuple[datetime, datetime, Wait]]:
    """Stretches in which one contact more would be too many: (after when, before when, the wait it asks for)."""
    known = sorted(replace(contact, at=contact.at.astimezone(UTC)) for contact in contacts)
    for limit in limits:
        for first, last in zip(known, known[limit.most - 1 :], strict=False):
            if last.at - first.at < limit.span:
                end = first.at + limit.span
                yield last.at - limit.span, end, Wait(why, end, last, limit)


def _outside(window: Window, zone: ZoneInfo, moment: datetime) -> Wait | None:
    """None inside the window, else the wait until it next opens."""
    local = moment.astimezone(zone)
    closed = _closed(window, local)
    if closed is None:
        return None
    for ahead in range(LOOKS_AHEAD):
        day = local.date() + timedelta(days=ahead)
        for opening in _openings(window, zone, day):
            if opening > moment and _closed(window, opening.astimezone(zone)) is None:
                return Wait(closed, opening)
    return Wait(Why.NEVER_OPEN, None)


def _closed(window: Window, local: datetime) -> Why | None:
    if local.date() in window.holidays:
        return Why.HOLIDAY
    if local.weekday() not in window.days:
        return Why.DAY
    return None if window.opens <= local.time() < window.closes else Why.HOURS


def _openings(window: Window, zone: ZoneInfo, day: date) -> list[datetime]:
    """When the window may open on that day, in UTC: at its hour, and where the clock jumps, which may be into it."""
    at_its_hour = {datetime.combine(day, window.opens.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)}
    return sorted(at_its_hour | _jumps(zone, day))


def _jumps(zone: ZoneInfo, day: date) -> set[datetime]:
    """The moment at which the clock of the zone is set on that day, if it is."""
    low = datetime.combine(day, time(0), zone).astimezone(UTC)
    high = low + timedelta(hours=26)
    offset = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == offset:
        return set()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return {high.replace(microsecond=0)}
