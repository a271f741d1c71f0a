"""Judgements: said until a week freezes, overridden by who leads, seen by rules, graded by what came."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics import fiscal, grading, judging, sources
from analytics.estimators.history import LEVELS
from analytics.fiscal import Period
from analytics.models import ForecastOutcome, ForecastSnapshot, Judgement
from analytics.rolling_up import PERSON, TEAM, WHOLE
from analytics.rules import may_override
from analytics.tasks import grade_judgements
from deals.domain import closing
from leads.domain import erasing
from leads.models import Person
from pipeline_crm.accounts.domain import company, membership
from pipeline_crm.accounts.models import Company, Role
from pipeline_crm.foundation.append_only import Origin
from tests.factories import make_deal, make_pipeline, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
HERE = "/insight/judgement/"


@pytest.fixture
def pipeline():
    return make_pipeline("New business", is_default=True)


@pytest.fixture
def people():
    north, south = make_team("North"), make_team("South")
    return {
        "ana": make_user(name="Ana", team=north),
        "ben": make_user(name="Ben", team=north, role=Role.MANAGER),
        "cleo": make_user(name="Cleo", team=south),
        "mina": make_user(name="Mina", team=north, role=Role.MARKETER),
        "dora": make_user(name="Dora", team=south, role=Role.ADMIN),
        "north": north,
        "south": south,
    }


def now_period(pipeline, at=None):
    return judging.periods(sources.today(pipeline, at or timezone.now()))[0]


def say(pipeline, who, commit, best=None, *, at=None, period=None, **more):
    at = at or timezone.now()
    amounts = {"commit": Decimal(commit), "best_case": Decimal(best or commit)}
    return judging.submit(pipeline, period or now_period(pipeline, at), **amounts, by=who, at=at, **more)


def instead(pipeline, by, commit, *, at=None, period=None, reason="I know better", **of):
    at = at or timezone.now()
    amount = None if commit is None else Decimal(commit)
    period = period or now_period(pipeline, at)
    return judging.override(pipeline, period, commit=amount, best_case=amount, reason=reason, by=by, at=at, **of)


def weeks_of(pipeline, period, said, *, at):
    machines = grading.Machines(pipeline, [period])
    return grading.weeks(pipeline, period, said, judging.roster(pipeline), machines, at=at)


@pytest.mark.parametrize(
    ("said", "freezes"),
    [
        ("2026-11-23 08:59", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-30 09:00"),
        ("2026-11-29 23:59", "2026-11-30 09:00"),
        ("2026-10-24 12:00", "2026-10-26 09:00"),  # the clocks go back in between
        ("2026-03-28 12:00", "2026-03-30 09:00"),  # and forth
    ],
)
def test_a_week_freezes_on_monday_at_nine_of_the_company(said, freezes):
    at = datetime.fromisoformat(said).replace(tzinfo=BERLIN)
    assert judging.freezes_at(at.astimezone(UTC)) == datetime.fromisoformat(freezes).replace(tzinfo=BERLIN)
    Company.objects.update(time_zone="Asia/Tokyo")
    tokyo = judging.freezes_at(at.astimezone(UTC)).astimezone(ZoneInfo("Asia/Tokyo"))
    assert (tokyo.weekday(), tokyo.hour) == (0, 9) and timedelta(0) < tokyo - at <= timedelta(7)


def test_the_company_says_when_a_week_freezes_and_weeks_before_stay_as_they_froze(pipeline, people):
    november = Period(date(2026, 11, 1), date(2026, 11, 30))
    say(pipeline, people["ana"], 100, at=datetime(2026, 11, 1, 10, tzinfo=BERLIN), period=november)
    at = datetime(2026, 11, 18, 12, tzinfo=BERLIN)
    company.revise(by=people["dora"], at=at, freeze_weekday=4, freeze_hour=17)
    assert judging.freezes_at(at) == datetime(2026, 11, 20, 17, tzinfo=BERLIN)
    said = list(judging.words(pipeline, november))
    weeks = weeks_of(pipeline, november, said, at=datetime(2026, 12, 1, tzinfo=UTC))
    assert [f"{week.freezes_at:%a %d %H}" for week in weeks] == [
        "Fri 27 17", "Fri 20 17", "Mon 16 09", "Mon 09 09", "Mon 02 09",
    ]  # fmt: skip


def test_a_word_counts_until_another_and_the_same_again_is_none(pipeline, people):
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    first = say(pipeline, people["ana"], 100, 150, at=at)
    assert say(pipeline, people["ana"], 100, 150, at=at + timedelta(hours=1)) == first
    second = say(pipeline, people["ana"], 120, 150, at=at + timedelta(hours=2))
    assert (second.freezes_at, Judgement.objects.count()) == (first.freezes_at, 2)
    next_week = say(pipeline, people["ana"], 120, 150, at=first.freezes_at, period=now_period(pipeline, at))
    assert next_week.freezes_at == first.freezes_at + timedelta(7), (
        "said again after the freeze, it is of the next week"
    )


def test_what_is_said_after_the_freeze_changes_nothing_of_the_week(pipeline, people):
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    period = now_period(pipeline, at)
    freeze = say(pipeline, people["ana"], 100, at=at).freezes_at
    say(pipeline, people["ana"], 999, at=freeze)
    said, who = list(judging.words(pipeline, period)), judging.roster(pipeline)
    (week,) = weeks_of(pipeline, period, said, at=freeze + timedelta(hours=1))
    assert (week.freezes_at, week.figure.commit) == (freeze, 100)
    assert judging.lines(said, who)[WHOLE].figure.commit == 999
    with pytest.raises(IntegrityError), transaction.atomic():
        late = {"recorded_at": freeze, "freezes_at": freeze, "commit": 1, "best_case": 1, "currency": "EUR"}
        of = {"pipeline": pipeline, "owner": people["ana"], "by": people["ana"]}
        Judgement.objects.create(starts_on=period.start, ends_on=period.end, **of, **late)


def test_what_makes_no_sense_is_refused(pipeline, people):
    today = sources.today(pipeline, timezone.now())
    over = fiscal.containing(now_period(pipeline).start - timedelta(1), 1, first_month=1)
    for error, act in (
        (judging.PeriodIsOver, lambda: say(pipeline, people["ana"], 1, period=over)),
        (judging.BestCaseBelowCommit, lambda: say(pipeline, people["ana"], 10, 9)),
        (judging.ReasonMissing, lambda: instead(pipeline, people["ben"], 5, team=people["north"], reason=" ")),
    ):
        with pytest.raises(error):
            act()
    assert over.end < today and not Judgement.objects.exists()


@pytest.mark.parametrize("change", ["UPDATE {} SET commit = 1", "UPDATE {} SET reason = 'x'", "DELETE FROM {}"])
def test_no_word_is_ever_changed(pipeline, people, change):
    say(pipeline, people["ana"], 100)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format("analytics_judgement"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"best_case": None}, {"commit": None}, {"commit": -1}, {"best_case": 1}, {"is_override": True},
        {"owner": None}, {"by": "ben"}, {"team": "north"},
    ],
)  # fmt: skip
def test_the_database_refuses_words_that_contradict_themselves(pipeline, people, wrong):
    at = timezone.now()
    period = now_period(pipeline)
    facts = {"owner": people["ana"], "by": people["ana"], "commit": 5, "best_case": 8, "currency": "EUR"}
    facts |= {"recorded_at": at, "freezes_at": judging.freezes_at(at), "pipeline": pipeline}
    facts |= {name: people.get(value, value) for name, value in wrong.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Judgement.objects.create(starts_on=period.start, ends_on=period.end, **facts)


def test_everybody_sees_their_own_and_who_leads_those_they_lead(pipeline, people):
    ana, cleo = say(pipeline, people["ana"], 100), say(pipeline, people["cleo"], 50)
    north = instead(pipeline, people["ben"], 90, team=people["north"])
    whole = instead(pipeline, people["dora"], 120)

    def seen(name):
        return set(Judgement.objects.visible_to(people[name]))

    assert seen("ana") == {ana} and seen("cleo") == {cleo} and seen("mina") == set()
    assert seen("ben") == {ana, north, whole} and seen("dora") == {ana, cleo, north, whole}


def test_the_page_shows_each_person_what_they_may_see(client, pipeline, people):
    say(pipeline, people["ana"], 111_000, reason="Anas reason"), say(pipeline, people["cleo"], 222_000)
    instead(pipeline, people["ben"], 99_000, team=people["north"], reason="Bens reason")
    shown = {}
    for name in ("ana", "ben", "cleo", "mina", "dora"):
        client.force_login(people[name])
        page = client.get(HERE).content.decode()
        assert "style=" not in page
        shown[name] = tuple(word in page for word in ("Anas reason", "Bens reason", "€222k", "€321k"))
    assert shown == {
        "ana": (True, False, False, False),
        "ben": (True, True, False, True),
        "cleo": (False, False, True, False),
        "mina": (False, False, False, False),
        "dora": (True, True, True, True),
    }


def typed(pipeline, **facts):
    return {
        "pipeline": pipeline.pk,
        "period": now_period(pipeline).key,
        "commit": "1 200",
        "reason": "So it is",
    } | facts


def test_a_figure_is_said_and_overridden_on_the_page(client, pipeline, people):
    client.force_login(people["ana"])
    assert client.post(f"{HERE}submissions/", typed(pipeline, best_case="1500")).status_code == 302
    client.force_login(people["ben"])
    facts = typed(pipeline, whose=f"owner-{people['ana'].pk}", commit="900")
    assert client.post(f"{HERE}overrides/", facts).status_code == 302
    own, other = Judgement.objects.order_by("id")
    assert (own.commit, own.best_case, own.owner, own.by, own.is_override) == (
        1200, 1500, people["ana"], people["ana"], False,
    )  # fmt: skip
    assert (other.commit, other.owner, other.by, other.is_override) == (900, people["ana"], people["ben"], True)
    page = " ".join(client.get(HERE).content.decode().split())
    assert "Ben: So it is" in page and "<b>€900</b>" in page
    assert client.post(f"{HERE}overrides/", facts | {"commit": ""}).status_code == 302
    line = judging.lines(judging.words(pipeline, now_period(pipeline)), judging.roster(pipeline))[
        PERSON, people["ana"].pk
    ]
    assert (line.override, line.figure.commit) == (None, 1200)


@pytest.mark.parametrize(
    ("name", "to", "facts", "status"),
    [
        ("ana", "submissions", {"commit": ""}, 422),
        ("ana", "submissions", {"commit": "NaN"}, 422),
        ("ana", "submissions", {"best_case": "5"}, 422),
        ("mina", "submissions", {}, 403),
        ("ana", "overrides", {"whose": "pipeline-0"}, 403),
        ("ben", "overrides", {"whose": "pipeline-0", "reason": ""}, 422),
        ("ben", "overrides", {"whose": "pipeline-0", "commit": "", "best_case": "500"}, 422),
        ("ana", "submissions", {"period": "2020-01-01_2020-01-31"}, 422),
        ("ana", "submissions", {"pipeline": "999999"}, 422),
        ("ben", "overrides", {"whose": "team-south"}, 422),
        ("ben", "overrides", {"whose": "owner-cleo"}, 422),
        ("ben", "overrides", {"whose": "owner-ben"}, 422),
        ("ben", "overrides", {"whose": "team-"}, 422),
    ],
)
def test_what_nobody_may_say_changes_nothing(client, pipeline, people, name, to, facts, status):
    say(pipeline, people["cleo"], 5), say(pipeline, people["ben"], 5)
    client.force_login(people[name])
    kind, _dash, whose = facts.get("whose", "").partition("-")
    if whose in people:
        facts = facts | {"whose": f"{kind}-{people[whose].pk}"}
    assert client.post(f"{HERE}{to}/", typed(pipeline) | facts).status_code == status
    assert Judgement.objects.count() == 2


def test_who_leaves_stays_covered_by_what_the_leader_said(pipeline, people):
    say(pipeline, people["ana"], 100), instead(pipeline, people["ben"], 90, team=people["north"])
    people["ana"].is_active = False
    people["ana"].save()
    said = judging.words(pipeline, now_period(pipeline))
    assert judging.lines(said, judging.roster(pipeline))[WHOLE].figure.commit == 90


def test_a_sum_that_lacks_somebody_is_compared_with_nothing(client, pipeline, people):
    make_deal(pipeline=pipeline, owner=people["cleo"])
    say(pipeline, people["ana"], 100)
    client.force_login(people["dora"])
    assert "1 of 2 have said what they expect" in client.get(HERE).content.decode()
    instead(pipeline, people["dora"], 150)
    assert "have said what they expect" not in client.get(HERE).content.decode()


def test_who_leads_nobody_overrides_nobody(people):
    ana, ben, cleo, dora, north, south = (people[name] for name in ("ana", "ben", "cleo", "dora", "north", "south"))
    assert may_override(ben, None, ana) and may_override(ben, north, None) and may_override(ben, None, None)
    assert not any(may_override(ben, *of) for of in ((south, None), (None, cleo), (None, ben)))
    assert not any(may_override(ana, *of) for of in ((north, None), (None, cleo), (None, ana), (None, None)))
    assert all(may_override(dora, *of) for of in ((north, None), (None, cleo), (None, None)))


OVER = Period(date(2026, 9, 1), date(2026, 9, 30))
AFTER = datetime(2026, 10, 5, 12, tzinfo=UTC)


def won(pipeline, owner, amount, on):
    """As an import tells it: known on the day on which it happened."""
    at = datetime(2026, 9, on, 10, tzinfo=UTC)
    deal = make_deal(pipeline=pipeline, owner=owner, amount=amount, at=at - timedelta(5), via=Origin.IMPORT)
    closing.win(deal, by=None, at=at, via=Origin.IMPORT)


@pytest.fixture
def september(pipeline, people):
    """Ana said 100, then 60, and 80 came; Cleo said 40, and 40 came."""
    say(pipeline, people["ana"], 100, period=OVER, at=datetime(2026, 9, 3, 10, tzinfo=UTC))
    say(pipeline, people["ana"], 60, period=OVER, at=datetime(2026, 9, 22, 10, tzinfo=UTC))
    say(pipeline, people["cleo"], 40, period=OVER, at=datetime(2026, 9, 22, 10, tzinfo=UTC))
    won(pipeline, people["ana"], 80, 12), won(pipeline, people["cleo"], 40, 28)


@pytest.mark.usefixtures("september")
def test_what_came_is_written_down_once_for_everybody_who_was_judged(pipeline, people):
    assert grading.write_outcomes(at=datetime(2026, 9, 30, 12, tzinfo=UTC)) == 0, "it is not over"
    assert grading.write_outcomes(at=AFTER) == 5
    came = {judging.whose(one): one.won for one in ForecastOutcome.objects.filter(pipeline=pipeline)}
    ana, cleo, north, south = (people[name].pk for name in ("ana", "cleo", "north", "south"))
    assert came == {WHOLE: 120, (PERSON, ana): 80, (PERSON, cleo): 40, (TEAM, north): 80, (TEAM, south): 40}
    assert grading.write_outcomes(at=AFTER) == 0


@pytest.mark.usefixtures("september")
def test_grades_say_how_far_what_froze_was_from_what_came_and_on_which_side(pipeline, people, monkeypatch):
    monkeypatch.setattr(grading, "ENOUGH_CLOSED", 1)
    for evening, median in ((6, 90.0), (13, 90.0), (20, 100.0), (27, 130.0)):
        ForecastSnapshot.objects.create(
            pipeline=pipeline, starts_on=OVER.start, ends_on=OVER.end, currency="EUR", recorded_at=AFTER,
            method="blend", as_of=date(2026, 9, evening), won=0, point=median, quantiles=[median],
        )  # fmt: skip
    grading.write_outcomes(at=AFTER)
    grades = {grade.whose: grade for grade in grading.grades(pipeline, judging.roster(pipeline), on=date(2026, 10, 5))}
    ana = grades[PERSON, people["ana"].pk]
    assert (ana.periods, ana.weeks) == (1, 4), "the freezes of 7, 14, 21 and 28 September"
    assert (ana.error, ana.bias) == (pytest.approx((20 * 3 + 20) / 320), pytest.approx((20 * 3 - 20) / 320))
    assert grades[PERSON, people["cleo"].pk].error == 0
    assert grades[WHOLE].error == pytest.approx((20 * 3 + 20) / 480)
    assert grades[WHOLE].machine == pytest.approx((30 + 30 + 20 + 10) / 480) and ana.machine is None
    assert next(iter(grades)) == WHOLE and grades[TEAM, people["north"].pk].error == ana.error


MONTH_LATER = datetime(2026, 10, 20, 12, tzinfo=UTC)


def graded(pipeline):
    return {
        of.whose: (of.weeks, of.error)
        for of in grading.grades(pipeline, judging.roster(pipeline), on=date(2026, 10, 20))
    }


@pytest.mark.usefixtures("september")
def test_who_moves_comes_or_goes_later_changes_nothing_of_weeks_that_froze(pipeline, people):
    north, south = (TEAM, people["north"].pk), (TEAM, people["south"].pk)
    instead(pipeline, people["ben"], 70, team=people["north"], period=OVER, at=datetime(2026, 9, 23, 10, tzinfo=UTC))
    said, at = list(judging.words(pipeline, OVER)), MONTH_LATER
    grading.write_outcomes(at=AFTER)
    before, froze = graded(pipeline), weeks_of(pipeline, OVER, said, at=at)
    assert before.keys() == {WHOLE, north, south} and [week.figure.commit for week in froze] == [110, 100, 100, 100]
    ana = people["ana"]
    membership.join(ana, team=people["south"], role=Role.REP, by=people["dora"], at=at)
    membership.leave(ana.memberships.get(team=people["north"]), by=people["dora"], at=at)
    assert (graded(pipeline), weeks_of(pipeline, OVER, said, at=at)) == (before, froze)
    present = judging.lines(said, judging.roster(pipeline))
    assert present[WHOLE].figure.commit == 170, "today Ana counts beside what is said of the north"
    make_deal(pipeline=pipeline, owner=make_user(name="Fay", team=people["north"]), at=at)
    assert graded(pipeline) == before


@pytest.mark.usefixtures("september")
def test_a_sum_lacks_who_sold_then_though_not_any_more(pipeline, people):
    gil = make_user(name="Gil", team=people["south"])
    deal = make_deal(pipeline=pipeline, owner=gil, at=datetime(2026, 9, 10, 10, tzinfo=UTC), via=Origin.IMPORT)
    closing.win(deal, by=None, at=datetime(2026, 9, 16, 10, tzinfo=UTC), via=Origin.IMPORT)
    grading.write_outcomes(at=AFTER)
    assert graded(pipeline)[WHOLE][0] == 3, "not that of 14 September"


@pytest.mark.usefixtures("september")
def test_more_periods_are_graded_with_as_many_queries(pipeline, people):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            grading.grades(pipeline, who, on=date(2026, 10, 20))
        return len(queries)

    grading.write_outcomes(at=AFTER)
    who = judging.roster(pipeline)
    once = asked()
    for period in (Period(date(2026, 8, 1), date(2026, 8, 31)), Period(date(2026, 7, 1), date(2026, 9, 30))):
        say(pipeline, people["ana"], 60, period=period, at=datetime(2026, 8, 4, 10, tzinfo=UTC))
    grading.write_outcomes(at=AFTER)
    assert (once, asked()) == (13, 13)


@pytest.mark.usefixtures("september")
def test_of_people_with_few_closed_deals_no_record_is_told(client, pipeline, people):
    assert grade_judgements(None) == {"written": 5}
    who = judging.roster(pipeline)
    told = {grade.whose for grade in grading.grades(pipeline, who, on=timezone.now().date())}
    assert told == {WHOLE, (TEAM, people["north"].pk), (TEAM, people["south"].pk)}
    client.force_login(people["ana"])
    page = client.get(HERE).content.decode()
    assert "from 30 closed deals on; you have 1" in page and "20 % too much" not in page


def test_what_is_voided_later_changes_no_grade(pipeline, people, september):
    grading.write_outcomes(at=AFTER)
    closing.reopen(pipeline.deals.won().first(), by=None, at=timezone.now())
    before = list(ForecastOutcome.objects.values_list("won", flat=True))
    grading.write_outcomes(at=timezone.now())
    assert list(ForecastOutcome.objects.values_list("won", flat=True)) == before


def test_a_reason_that_names_an_erased_person_is_erased_and_amounts_stay(pipeline, people):
    kim = Person.objects.create(name="Kimberly Nowak", email="kim@example.com")
    say(pipeline, people["ana"], 100, reason="Kimberly signs on Friday")
    say(pipeline, people["cleo"], 50, reason="Nothing new")
    erasing.erase(kim, by=None, at=timezone.now())
    assert sorted(Judgement.objects.values_list("commit", "reason")) == [(50, "Nothing new"), (100, "erased")]


def test_amounts_of_another_base_currency_are_not_mixed_in(pipeline, people):
    say(pipeline, people["ana"], 100)
    Company.objects.update(base_currency="USD")
    assert list(judging.words(pipeline, now_period(pipeline))) == []


def test_the_gap_to_the_forecast_is_said_in_words(client, pipeline, people):
    client.force_login(people["dora"])
    period, yesterday = now_period(pipeline), sources.today(pipeline, timezone.now()) - timedelta(1)
    levels = [float(value) for value in range(100, 100 + len(LEVELS))]
    ForecastSnapshot.objects.create(
        pipeline=pipeline, starts_on=period.start, ends_on=max(period.end, yesterday + timedelta(1)), currency="EUR",
        recorded_at=timezone.now(), method="blend", as_of=yesterday, won=0, point=110, quantiles=levels,
    )  # fmt: skip
    for commit, words in (("100000", "above its range: bold"), ("1", "below its range: cautious")):
        say(pipeline, people["dora"], commit)
        assert words in client.get(HERE).content.decode()


def test_a_manager_without_anything_said_is_told_so(client, pipeline, people):
    make_deal(pipeline=pipeline, owner=people["ana"]), make_reason()
    client.force_login(people["ben"])
    page = client.get(HERE).content.decode()
    assert "Nobody has said anything yet" in page and "0 of 1" in page


def rows_of(client, table, form="json"):
    answer = client.get(f"{HERE}{table}.{form}")
    if form == "json":
        return answer.json()
    assert answer["Content-Disposition"].startswith(f'attachment; filename="judgement-{table}-')
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.mark.usefixtures("september")
def test_every_table_is_a_file_with_the_same_rows_in_both_forms(client, pipeline, people):
    at = timezone.now() - timedelta(days=20)
    say(pipeline, people["ana"], 100, 150, at=at, period=now_period(pipeline), reason="=1+1")
    instead(pipeline, people["ben"], 90, team=people["north"])
    grading.write_outcomes(at=AFTER)
    client.force_login(people["dora"])
    page = client.get(HERE).content.decode()
    links = [unescape(link) for link in re.findall(r'<a href="([^"]+\.(?:csv|json)\b[^"]*)"', page)]
    assert len(links) == 2 * page.count('<table class="tbl"') and f"period={now_period(pipeline).key}" in links[0]
    for as_csv, as_json in zip(links[::2], links[1::2], strict=True):
        told, lines = client.get(as_json).json(), client.get(as_csv).content.decode()
        read = list(csv.DictReader(io.StringIO(lines)))
        assert [list(row) for row in read] == [list(row) for row in told] and told
        assert not any(isinstance(value, list | dict) for row in told for value in row.values())
    whole, north, ana = rows_of(client, "lines")
    assert [row["kind"] for row in (whole, north, ana)] == ["whole", "team", "person"]
    assert (north["whose"], north["below_commit"], north["instead_commit"], north["commit"]) == ("North", 100, 90, 90)
    assert (north["instead_by"], north["instead_why"], ana["best_case"], whole["commit"]) == (
        "Ben",
        "I know better",
        150,
        90,
    )
    assert [row["commit"] for row in rows_of(client, "words")] == [90, 100]
    assert rows_of(client, "grades")[0]["error"] == pytest.approx((20 * 3 + 20) / 480, rel=1e-5)


def test_a_file_has_what_its_reader_may_see_alone(client, pipeline, people):
    say(pipeline, people["ana"], 111_000, at=timezone.now() - timedelta(days=8), period=now_period(pipeline))
    say(pipeline, people["cleo"], 222_000)
    client.force_login(people["ana"])
    assert [(row["whose"], row["commit"]) for row in rows_of(client, "lines")] == [("Ana", 111_000)]
    assert [row["by"] for row in rows_of(client, "words", "csv")] == ["Ana"]
    assert rows_of(client, "weeks") == rows_of(client, "grades") == []
    assert client.get(f"{HERE}weather.csv").status_code == client.get(f"{HERE}weather.json").status_code == 404
