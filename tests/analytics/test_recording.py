"""What is said of coming periods is kept as it was said, and what came as it was known then."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from analytics import backtesting, days, grading, judging, recording, sources, targeting
from analytics.fiscal import Period
from analytics.known import history_of
from analytics.models import ForecastOutcome, ForecastSnapshot
from analytics.outlook import Outlook
from analytics.reports import forecast
from analytics.selection import Selection
from deals.domain import closing, revising, undoing
from deals.models import Deal, DealEvent, Pipeline
from pipeline_crm.accounts.models import Company, Membership, Role
from pipeline_crm.jobs.domain import accepting, running
from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in
from tests.factories import make_deal, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
EVENING = date(2023, 5, 20)
NIGHT = datetime(2023, 5, 21, 0, 30, tzinfo=UTC)
MAY = {"starts_on": date(2023, 5, 1), "ends_on": date(2023, 5, 31), "currency": "EUR"}
MAY_DAYS = (MAY["starts_on"], MAY["ends_on"])
SAID = {**MAY, "as_of": date(2023, 4, 30), "method": "blend", "won": 0.0, "point": 5.0, "quantiles": [4.0, 5.0]}


@pytest.fixture
def bare():
    return make_pipeline("Sales")


def say(bare, **facts):
    return ForecastSnapshot.objects.create(pipeline=bare, recorded_at=timezone.now(), **SAID | facts)


def come(bare, **facts):
    return ForecastOutcome.objects.create(pipeline=bare, recorded_at=timezone.now(), won=5.0, **MAY | facts)


@pytest.mark.parametrize("table", ["analytics_forecastsnapshot", "analytics_forecastoutcome"])
@pytest.mark.parametrize("change", ["UPDATE {} SET won = 1", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_said_and_what_came(bare, table, change):
    say(bare)
    come(bare)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"as_of": date(2023, 5, 31)}, "forecastsnapshot_is_said_before_the_end"),
        ({"ends_on": date(2023, 4, 1), "as_of": date(2023, 3, 1)}, "forecastsnapshot_starts_before_it_ends"),
        ({"team": True, "owner": True}, "forecastsnapshot_is_of_a_team_or_of_a_person"),
        ({"target": 10}, "forecastsnapshot_has_a_chance_if_and_only_if_a_target"),
        ({"target": 10, "chance": 1.1}, "forecastsnapshot_has_a_chance_if_and_only_if_a_target"),
        ({}, "forecastsnapshot_is_said_once_an_evening"),
    ],
)
def test_the_database_refuses_what_makes_no_snapshot(bare, wrong, name):
    say(bare)
    made = {"team": make_team, "owner": make_user}
    facts = {field: made[field]() if field in made else value for field, value in wrong.items()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        say(bare, **facts)


def test_what_came_is_known_once_and_of_a_team_or_of_a_person(bare):
    come(bare)
    come(bare, team=make_team())
    for facts, name in (
        ({}, "forecastoutcome_is_known_once"),
        ({"team": make_team(), "owner": make_user()}, "forecastoutcome_is_of_a_team_or_of_a_person"),
        ({"starts_on": date(2023, 6, 1)}, "forecastoutcome_starts_before_it_ends"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            come(bare, **facts)


def on(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def table():
    """A deal every other day since January, won after 20 to 29 days, the last of them in autumn."""
    lines = []
    for number in range(130):
        begun = date(2023, 1, 5) + timedelta(days=2 * number)
        lines.append(f"{number},Order,{1000 + 10 * number},{begun},{begun + timedelta(days=20 + number % 10)},,")
    return PLAIN_HEAD + "\n".join(lines) + "\n"


@pytest.fixture
def pipeline(table, tmp_path):
    """As its old system knew it: every step on its day."""
    assert bring_in(tmp_path / "deals.csv", table, PLAIN).counts()["created"] == 130
    return Pipeline.objects.get(name=PLAIN["pipeline"]["name"])


def everything():
    fields = (
        "team",
        "owner",
        "as_of",
        "starts_on",
        "ends_on",
        "method",
        "won",
        "point",
        "quantiles",
        "target",
        "chance",
    )
    return list(ForecastSnapshot.objects.order_by("starts_on", "ends_on", "method").values_list(*fields))


def keep(pipeline, *, at=NIGHT):
    return sum(evening.keep(one, at=at) for evening in recording.due(at=at) for one in evening.selections)


def aim(pipeline, amount, **whose):
    period = {"starts_on": date(2023, 5, 1), "ends_on": date(2023, 5, 31)}
    return targeting.set_target(pipeline, amount=Decimal(amount), by=None, at=on(EVENING), **period, **whose)


def test_every_method_is_kept_of_every_coming_period(pipeline):
    assert keep(pipeline) == ForecastSnapshot.objects.count() > 0
    periods = set(ForecastSnapshot.objects.values_list("starts_on", "ends_on"))
    months = [date(2023, month, 1) for month in range(5, 11)]
    assert {start for start, end in periods if (end - start).days < 31} == set(months)
    assert {(date(2023, 4, 1), date(2023, 6, 30)), (date(2023, 7, 1), date(2023, 9, 30))} <= periods
    methods = set(ForecastSnapshot.objects.values_list("method", flat=True))
    assert methods >= {"blend", "hazard", "history", "rhythm", "naive", "mean3", "stage_weighted"}
    assert ForecastSnapshot.objects.count() == len(periods) * len(methods)
    assert set(ForecastSnapshot.objects.values_list("as_of", flat=True)) == {EVENING}


def test_what_is_kept_is_what_the_page_of_that_evening_says(pipeline):
    keep(pipeline)
    selection = Selection(pipeline.pk, EVENING)
    page = forecast.report(sources.river(selection), selection, np.random.default_rng(1))
    for period in page.periods:
        one = ForecastSnapshot.objects.get(starts_on=period.start, ends_on=period.end, method="blend")
        assert (one.won, one.point) == (pytest.approx(period.won), pytest.approx(period.point, rel=1e-5))
        assert np.interp([0.1, 0.5, 0.9], backtesting.LEVELS, one.quantiles) == pytest.approx(
            [period.q10, period.q50, period.q90], rel=1e-5
        )


def test_what_comes_after_the_evening_changes_nothing_that_is_kept(pipeline):
    """Between the evening and the job everything is turned over: won, revalued, voided, dated otherwise, new."""
    with transaction.atomic():
        keep(pipeline)
        before = everything()
        transaction.set_rollback(True)
    assert before and everything() == []
    later = timezone.now()
    earliest, *others = Deal.objects.filter(pipeline=pipeline).order_by("pk")
    undoing.void_step(earliest, seq=earliest.seq, reason="never ordered", by=None)
    undoing.redate_step(others[0], seq=2, occurred_at=on(date(2023, 3, 3)), reason="sooner", by=None)
    for deal in others[1:]:
        revising.revise(deal, amount=Decimal(900_000), by=None, at=later)
    for _ in range(10):
        closing.win(make_deal(pipeline=pipeline, at=later, amount=777_777), by=None, at=later)
    assert keep(pipeline, at=NIGHT + timedelta(hours=12)) == len(before)
    assert everything() == before


def test_an_evening_is_kept_once(pipeline):
    keep(pipeline)
    before = everything()
    revising.revise(Deal.objects.last(), amount=Decimal(5), by=None, at=timezone.now())
    assert keep(pipeline) == 0 and everything() == before


def test_of_a_team_or_person_with_a_target_its_period_is_kept_with_the_chance(pipeline):
    ana = make_user(name="Ana", team=make_team())
    for deal in Deal.objects.filter(pipeline=pipeline):
        revising.revise(deal, owner=ana, by=None, at=timezone.now())
    selection = Selection(pipeline.pk, EVENING)
    likely = forecast.report(sources.river(selection), selection, np.random.default_rng(1)).periods[0].q50
    aim(pipeline, round(likely))
    aim(pipeline, 1, owner=ana)
    keep(pipeline)
    of_ana = ForecastSnapshot.objects.filter(owner=ana)
    assert set(of_ana.values_list("starts_on", "ends_on")) == {(date(2023, 5, 1), date(2023, 5, 31))}
    assert of_ana.get(method="blend").chance == 1.0 and of_ana.get(method="naive").chance is None
    whole = ForecastSnapshot.objects.get(team=None, owner=None, chance__isnull=False)
    page = forecast.report(sources.river(selection), selection, np.random.default_rng(1))
    assert (whole.starts_on, whole.target) == (date(2023, 5, 1), round(likely))
    assert whole.chance == pytest.approx(page.targets[0].chance, rel=1e-5) == pytest.approx(0.5, abs=0.02)


def expect(pipeline, person, *months):
    for month in months:
        period = Period.of(date(2023, month, 1), 1)
        judging.submit(pipeline, period, commit=Decimal(5), best_case=Decimal(9), by=person, at=on(EVENING))


def share_out(pipeline, people, **facts):
    for deal in Deal.objects.filter(pipeline=pipeline):
        revising.revise(deal, owner=people[deal.pk % len(people)], **facts, by=None, at=timezone.now())


def test_of_whom_something_is_expected_and_of_their_teams_the_period_is_kept_as_their_page_says(pipeline):
    north, south = make_team(), make_team()
    ana, ben = make_user(name="Ana", team=north), make_user(name="Ben", team=north)
    Membership.objects.create(user=ana, team=south, role=Role.MARKETER)
    share_out(pipeline, [ana, ana, ben], team=north)
    expect(pipeline, ana, 5, 7), expect(pipeline, ben, 6)
    keep(pipeline)
    ours = ForecastSnapshot.objects.filter(method="blend")
    months = {
        whose: {said.starts_on.month for said in ours if (said.team, said.owner) == whose}
        for whose in {(said.team, said.owner) for said in ours} - {(None, None)}
    }
    assert months == {(None, ana): {5, 7}, (None, ben): {6}, (north, None): {5, 6, 7}}
    selection = Selection(pipeline.pk, EVENING, owner=ana.pk)
    page = forecast.report(sources.river(selection), selection, np.random.default_rng(1))
    said = ours.get(owner=ana, starts_on=date(2023, 7, 1))
    assert said.point == pytest.approx(page.periods[2].point, rel=1e-5) and said.point > 0


def test_the_log_is_read_once_for_all_of_a_pipeline(pipeline, monkeypatch):
    north = make_team()
    people = [make_user(name=name, team=north) for name in ("Ana", "Ben")]
    share_out(pipeline, people, team=north)
    for person in people:
        expect(pipeline, person, 5)
    read, once = [], sources.Reading
    monkeypatch.setattr(sources, "Reading", lambda *of: read.append(of) or once(*of))
    keep(pipeline)
    assert ForecastSnapshot.objects.exclude(team=None, owner=None).exists() and read == [(pipeline.pk, EVENING)]
    keep(pipeline)
    assert len(read) == 1, "what is kept is not read again"
    grading.write_outcomes(at=datetime(2023, 6, 2, 3, tzinfo=UTC))
    assert ForecastOutcome.objects.count() == 4 and len(read) == 2


def test_years_of_the_company_are_kept_too(pipeline):
    Company.objects.update_or_create(pk=1, defaults={"fiscal_year_start_month": 4})
    keep(pipeline)
    kept = ForecastSnapshot.objects.filter(method="blend").values_list("starts_on", "ends_on")
    assert {(date(year, 4, 1), date(year + 1, 3, 31)) for year in (2023, 2024)} <= set(kept)
    selection = Selection(pipeline.pk, EVENING, unit="year")
    page = forecast.report(sources.river(selection), selection, np.random.default_rng(1))
    for year in page.periods:
        said = ForecastSnapshot.objects.get(method="blend", starts_on=year.start, ends_on=year.end)
        assert said.point == pytest.approx(year.point, rel=1e-5)


def test_with_too_few_closed_deals_nothing_is_kept(bare):
    make_deal(pipeline=bare, at=on(EVENING))
    assert keep(bare) == 0 and ForecastSnapshot.objects.count() == ForecastOutcome.objects.count() == 0


def test_a_period_is_graded_when_it_has_ended_as_it_was_known_then(pipeline):
    keep(pipeline)
    won = DealEvent.objects.filter(card__pipeline=pipeline, to_kind="won", occurred_at__date__range=MAY_DAYS)
    came, (first, second, *_others) = sum(event.amount for event in won), won
    undoing.void_step(first.card, seq=first.seq, reason="never ordered", by=None)
    keep(pipeline, at=NIGHT + timedelta(days=3))
    assert ForecastOutcome.objects.count() == 0
    late = datetime(2023, 6, 2, 3, tzinfo=UTC)  # the night of the first was missed
    keep(pipeline, at=late)
    known = ForecastOutcome.objects.get()
    assert (known.starts_on, known.ends_on) == MAY_DAYS
    assert came > 0 and known.won == pytest.approx(float(came))
    undoing.void_step(second.card, seq=second.seq, reason="never ordered", by=None)
    keep(pipeline, at=late + timedelta(days=1))
    assert ForecastOutcome.objects.get().won == known.won


def test_what_was_kept_comes_back_for_exactly_what_is_asked(pipeline):
    keep(pipeline)
    start, end, evening = (days.number(day) for day in (date(2023, 6, 1), date(2023, 6, 30), EVENING))
    asked = (evening, start, end)
    found = recording.kept(Selection(pipeline.pk, EVENING), [asked, (evening - 1, start, end)])
    assert set(found.said) == {asked} and found.came == {}
    river = sources.river(Selection(pipeline.pk, EVENING))
    outlook = Outlook(history_of(river), reach=forecast.reach(Selection(pipeline.pk, EVENING), []))
    again = backtesting.answers(outlook, evening, length=end - start + 1, skip=start - evening - 1)
    assert set(found.said[asked]) == set(again)
    assert all(found.said[asked][method] == pytest.approx(again[method], rel=1e-5, abs=1e-6) for method in again)
    assert recording.kept(Selection(pipeline.pk, EVENING, tries="first"), [asked]).said == {}
    assert recording.kept(Selection(pipeline.pk, EVENING, owner=make_user().pk), [asked]).said == {}


def test_the_job_of_the_night_keeps_all_pipelines(pipeline):
    make_pipeline("Empty")
    job = accepting.accept_period("analytics.record", start=NIGHT.replace(hour=0, minute=0), at=NIGHT)
    running.run(job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert job.state == "done" and job.result == {"kept": ForecastSnapshot.objects.count()}
    assert ForecastSnapshot.objects.exists()
