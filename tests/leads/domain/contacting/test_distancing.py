"""Appropriate distance, against a slow and obvious judge, over random rules, zones, holidays and contacts."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leads.domain.contacting.distancing import (
    WEEK,
    Contact,
    Limit,
    Rules,
    Situation,
    Wait,
    Why,
    Window,
    earliest_moment,
)

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Window(frozenset(range(5)), time(9), time(17), frozenset({date(2026, 12, 25)}))
RULES = Rules(OFFICE, person=(Limit(1, timedelta(days=3)), Limit(2, WEEK)), quiet_after_loss=timedelta(days=30))


def berlin(day: int, hour: int, *, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "expected", "why"),
    [
        (berlin(1, 10), berlin(1, 10), None),
        (berlin(1, 8), berlin(1, 9), Why.HOURS),
        (berlin(1, 17), berlin(2, 9), Why.HOURS),
        (berlin(5, 10), berlin(7, 9), Why.DAY),
        (berlin(25, 10), berlin(28, 9), Why.HOLIDAY),  # a Friday, and the weekend after it
    ],
)
def test_people_are_contacted_in_their_office_hours(at, expected, why):
    moment = earliest_moment(Situation(BERLIN), RULES, at)
    assert (moment.at, moment.why and moment.why.why) == (expected, why)


def test_a_call_of_yesterday_keeps_a_mail_three_days_away():
    call = Contact(berlin(1, 15), "Ana called")
    moment = earliest_moment(Situation(BERLIN, person=[call]), RULES, berlin(2, 15))
    assert moment.at == berlin(4, 15)
    assert moment.waits == (Wait(Why.PERSON, berlin(4, 15), call, Limit(1, timedelta(days=3))),)


def test_a_meeting_planned_for_tomorrow_keeps_a_mail_away_today():
    meeting = Contact(berlin(3, 10))
    assert earliest_moment(Situation(BERLIN, person=[meeting]), RULES, berlin(2, 10)).at == berlin(7, 9)


def test_a_week_holds_two():
    contacts = [Contact(berlin(1, 10)), Contact(berlin(4, 12))]
    assert earliest_moment(Situation(BERLIN, person=contacts), RULES, berlin(7, 13)).at == berlin(8, 10)


def test_a_colleague_who_was_contacted_counts_for_the_organisation_only():
    rules = Rules(OFFICE, organisation=(Limit(1, timedelta(days=1)),))
    contacts = [Contact(berlin(1, 10))]
    assert earliest_moment(Situation(BERLIN, organisation=contacts), rules, berlin(1, 11)).at == berlin(2, 10)
    assert earliest_moment(Situation(BERLIN, organisation=contacts), RULES, berlin(1, 11)).at == berlin(1, 11)


def test_after_a_loss_it_is_quiet():
    moment = earliest_moment(Situation(BERLIN, lost_at=berlin(1, 10, month=10)), RULES, berlin(20, 10, month=10))
    assert moment.at == datetime(2026, 11, 2, 9, tzinfo=BERLIN)
    assert [wait.why for wait in moment.waits] == [Why.LOSS, Why.DAY]


@pytest.mark.parametrize(
    ("situation", "why"),
    [
        (Situation(is_unsubscribed=True), Why.UNSUBSCRIBED),
        (Situation(has_open_deal=True), Why.OPEN_DEAL),
    ],
)
def test_some_are_not_contacted_at_all(situation, why):
    moment = earliest_moment(situation, RULES, berlin(1, 10))
    assert (moment.at, moment.why) == (None, Wait(why, None))


def test_an_open_deal_pauses_nothing_where_the_rules_say_so():
    situation = Situation(BERLIN, has_open_deal=True)
    assert earliest_moment(situation, Rules(open_deal_pauses=False), berlin(1, 10)).at == berlin(1, 10)


def test_a_window_that_never_opens_is_said_and_not_searched_for_ever():
    assert earliest_moment(Situation(), Rules(Window(days=frozenset())), berlin(1, 10)).why == Wait(
        Why.NEVER_OPEN, None
    )


ZONES = st.sampled_from(
    [
        *("Europe/Berlin", "Asia/Tokyo", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe"),
        *("Asia/Kathmandu", "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "UTC"),
    ]
).map(ZoneInfo)
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = st.integers(0, 60 * 24 * 400)
moments = MINUTES.map(lambda minute: START + timedelta(minutes=minute))
limits = st.lists(
    st.builds(Limit, st.integers(1, 3), st.integers(1, 60 * 24 * 40).map(lambda n: timedelta(minutes=n))), max_size=3
).map(tuple)


@st.composite
def windows(draw):
    opens, closes = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True)))
    return Window(
        days=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        opens=time(opens // 60, opens % 60),
        closes=time(closes // 60, closes % 60),
        holidays=frozenset(draw(st.lists(moments.map(datetime.date), max_size=20))),
    )


rules = st.builds(
    Rules,
    window=windows(),
    person=limits,
    organisation=limits,
    quiet_after_loss=st.integers(0, 200).map(lambda days: timedelta(days=days)),
)
contacts = st.lists(moments.map(Contact), max_size=12)


def breaks(moment: datetime, situation: Situation, rules: Rules) -> str:
    """The slow and obvious judge: which rule the moment breaks, if any."""
    local = moment.astimezone(situation.zone)
    window = rules.window
    if local.weekday() not in window.days or local.date() in window.holidays:
        return "day"
    if not window.opens <= local.time() < window.closes:
        return "hours"
    if situation.lost_at and moment < situation.lost_at + rules.quiet_after_loss:
        return "quiet"
    for who, limits in ((situation.person, rules.person), (situation.organisation, rules.organisation)):
        for limit in limits:
            everything = [contact.at for contact in who]
            for start in [moment, *everything]:
                within = [at for at in everything if start <= at < start + limit.span]
                if start <= moment < start + limit.span and len(within) + 1 > limit.most:
                    return "limit"
    return ""


@settings(max_examples=400, deadline=None)
@given(zone=ZONES, rules=rules, person=contacts, others=contacts, lost=st.none() | moments, at=moments)
def test_the_moment_breaks_no_rule_and_no_earlier_one_would_do(zone, rules, person, others, lost, at):
    situation = Situation(zone, person, [*person, *others], lost)
    moment = earliest_moment(situation, rules, at)
    if moment.at is None:
        assert moment.why.why == Why.NEVER_OPEN
        return
    assert moment.at >= at
    assert breaks(moment.at, situation, rules) == ""
    assert all(wait.until <= moment.at for wait in moment.waits)
    earlier = moment.at - timedelta(minutes=1)
    step = max(timedelta(minutes=1), (earlier - at) / 500)
    while earlier >= at:
        assert breaks(earlier, situation, rules), f"{earlier} would have done"
        earlier -= step


@settings(max_examples=150, deadline=None)
@given(
    zone=ZONES,
    rules=rules,
    calls=st.lists(moments, max_size=10),
    quits=st.dictionaries(st.integers(0, 3), moments, max_size=2),
    wishes=st.lists(st.tuples(st.integers(0, 3), moments), min_size=1, max_size=8),
)
@example(zone=BERLIN, rules=RULES, calls=[], quits={}, wishes=[(0, START), (0, START), (1, START)])
def test_whoever_asks_each_time_keeps_all_rules_and_forgets_nobody(zone, rules, calls, quits, wishes):
    """Four people of one organisation, mails wished for at any time, sales calling the first of them whenever it likes.

    Each wish is asked for again until its moment has come, as the job does. At the end everything has been sent, unless
    the person unsubscribed, and no mail came too near to anything that was known when it was sent.
    """
    sent: list[tuple[int, datetime]] = []
    clock = START
    waiting = sorted(wishes, key=lambda wish: wish[1])
    while waiting:
        who, wish = waiting[0]
        clock = max(clock, wish)
        known_calls = [call for call in calls if call <= clock]
        situation = Situation(
            zone,
            person=[Contact(at) for person, at in sent if person == who]
            + [Contact(call) for call in known_calls if who == 0],
            organisation=[Contact(at) for _person, at in sent] + [Contact(call) for call in known_calls],
            is_unsubscribed=who in quits and quits[who] <= clock,
        )
        moment = earliest_moment(situation, rules, clock)
        if moment.at is None:
            assert situation.is_unsubscribed or moment.why.why == Why.NEVER_OPEN
            waiting.pop(0)
        elif moment.at <= clock:
            assert breaks(clock, situation, rules) == ""
            assert not (who in quits and quits[who] <= clock)
            sent.append((who, clock))
            waiting.pop(0)
        else:
            waiting[0] = (who, moment.at)
            waiting.sort(key=lambda wish: wish[1])
    quitted = sum(1 for who, _wish in wishes if who in quits)
    assert len(sent) >= len(wishes) - quitted or not _opens(rules.window)


def _opens(window: Window) -> bool:
    return any(
        (START.date() + timedelta(days=n)).weekday() in window.days
        and START.date() + timedelta(days=n) not in window.holidays
        for n in range(400, 500)
    )
