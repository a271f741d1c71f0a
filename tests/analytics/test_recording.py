"""What is said of coming periods is kept as it was said, and what came as it was known then."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from analytics.models import ForecastOutcome, ForecastSnapshot
from tests.factories import make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
MAY = {"starts_on": date(2026, 5, 1), "ends_on": date(2026, 5, 31), "currency": "EUR"}
SAID = {**MAY, "as_of": date(2026, 4, 30), "method": "blend", "won": 0.0, "point": 5.0, "quantiles": [4.0, 5.0]}


@pytest.fixture
def pipeline():
    return make_pipeline("Sales")


def say(pipeline, **facts):
    return ForecastSnapshot.objects.create(pipeline=pipeline, recorded_at=timezone.now(), **SAID | facts)


def come(pipeline, **facts):
    return ForecastOutcome.objects.create(pipeline=pipeline, recorded_at=timezone.now(), won=5.0, **MAY | facts)


@pytest.mark.parametrize("table", ["analytics_forecastsnapshot", "analytics_forecastoutcome"])
@pytest.mark.parametrize("change", ["UPDATE {} SET won = 1", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_said_and_what_came(pipeline, table, change):
    say(pipeline)
    come(pipeline)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"as_of": date(2026, 5, 31)}, "forecastsnapshot_is_said_before_the_end"),
        ({"ends_on": date(2026, 4, 1), "as_of": date(2026, 3, 1)}, "forecastsnapshot_starts_before_it_ends"),
        ({"team": True, "owner": True}, "forecastsnapshot_is_of_a_team_or_of_a_person"),
        ({"target": 10}, "forecastsnapshot_has_a_chance_if_and_only_if_a_target"),
        ({"target": 10, "chance": 1.1}, "forecastsnapshot_has_a_chance_if_and_only_if_a_target"),
        ({}, "forecastsnapshot_is_said_once_an_evening"),
    ],
)
def test_the_database_refuses_what_makes_no_snapshot(pipeline, wrong, name):
    say(pipeline)
    made = {"team": make_team, "owner": make_user}
    facts = {field: made[field]() if field in made else value for field, value in wrong.items()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        say(pipeline, **facts)


def test_what_came_is_known_once_and_of_a_team_or_of_a_person(pipeline):
    come(pipeline)
    come(pipeline, team=make_team())
    for facts, name in (
        ({}, "forecastoutcome_is_known_once"),
        ({"team": make_team(), "owner": make_user()}, "forecastoutcome_is_of_a_team_or_of_a_person"),
        ({"starts_on": date(2026, 6, 1)}, "forecastoutcome_starts_before_it_ends"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            come(pipeline, **facts)
