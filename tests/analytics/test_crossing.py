"""Managers are told once when the chance of a target crosses a line, and not each time it sways around it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics import crossing
from analytics.models import ForecastSnapshot
from analytics.selection import Selection
from pipeline_crm.accounts.models import Notification, Role
from tests.factories import make_pipeline, make_team, make_user

DAY = date(2026, 5, 1)
AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chances", "line"),
    [
        ([], None),
        ([0.9], None),  # a first chance is no news
        ([0.6, 0.55, 0.48], None),  # not far enough beyond
        ([0.6, 0.48, 0.46], 0.5),
        ([0.6, 0.46, 0.46], None),  # told the evening before
        ([0.6, 0.46, 0.52], None),
        ([0.6, 0.46, 0.52, 0.54], 0.5),
        ([0.46, 0.52, 0.51, 0.525], None),
        ([0.6, 0.84], 0.8),
        ([0.84, 0.1], 0.2),  # of several the last
        ([0.1, 0.9], 0.8),
        ([0.81, 0.79, 0.81, 0.78, 0.82, 0.771], None),
        ([0.81, 0.79, 0.81, 0.78, 0.82, 0.76], 0.8),
    ],
)
def test_a_line_is_crossed_when_the_chance_is_well_beyond_it(chances, line):
    assert crossing.crossed(chances) == line


@pytest.fixture
def scene():
    north, south = make_team("North"), make_team("South")
    return {
        "pipeline": make_pipeline("Sales"),
        "north": north,
        "ben": make_user(name="Ben", team=north, role=Role.MANAGER),
        "cleo": make_user(name="Cleo", team=south, role=Role.MANAGER),
        "ana": make_user(name="Ana", team=north),
        "ada": make_user(name="Ada", is_superuser=True),
    }


def evenings(scene, *chances, first=DAY, target=500_000, **whose):
    """The chance of one evening after the other, looked at twice each."""
    told = 0
    for number, chance in enumerate(chances):
        evening = first + timedelta(days=number)
        ForecastSnapshot.objects.create(
            pipeline=scene["pipeline"],
            starts_on=date(2026, 4, 1),
            ends_on=date(2026, 6, 30),
            currency="EUR",
            recorded_at=AT,
            as_of=evening,
            method="blend",
            won=1.0,
            point=1.0,
            quantiles=[1.0],
            target=target,
            chance=chance,
            **whose,
        )
        cut = {name: person.pk for name, person in whose.items()}
        for _ in range(2):
            told += crossing.tell(Selection(scene["pipeline"].pk, evening, **cut), at=AT)
    return told


def told(person):
    return list(Notification.objects.filter(user=person).order_by("pk").values_list("words", flat=True))


@pytest.mark.django_db
def test_who_leads_is_told_once_with_chance_target_and_day(scene):
    assert evenings(scene, 0.62, 0.55, 0.44, 0.45, 0.43) == 3
    sentence = "Sales: 44 % chance to win €500k until 30 June 2026; it has fallen below 50 %."
    assert told(scene["ben"]) == told(scene["cleo"]) == told(scene["ada"]) == [sentence]
    assert told(scene["ana"]) == []
    one = Notification.objects.filter(user=scene["ben"]).get()
    assert one.url == f"/insight/forecast/?pipeline={scene['pipeline'].pk}"


@pytest.mark.django_db
def test_way_down_and_way_up_are_told(scene):
    evenings(scene, 0.62, 0.44, 0.15, 0.24, 0.9, 1.0)
    said = [words.split("; ")[1] for words in told(scene["ben"])]
    assert said == [
        "it has fallen below 50 %.",
        "it has fallen below 20 %.",
        "it has risen above 20 %.",
        "it has risen above 80 %.",
    ]


@pytest.mark.django_db
def test_a_target_of_a_team_or_person_is_told_to_who_leads_them(scene):
    evenings(scene, 0.62, 0.3, team=scene["north"])
    evenings(scene, 0.62, 0.3, owner=scene["ana"])
    assert len(told(scene["ben"])) == len(told(scene["ada"])) == 2 and told(scene["cleo"]) == []
    assert [words.split(":")[0] for words in told(scene["ben"])] == ["Sales, North", "Sales, Ana"]
    urls = set(Notification.objects.filter(user=scene["ben"]).values_list("url", flat=True))
    path = f"/insight/forecast/?pipeline={scene['pipeline'].pk}"
    assert urls == {f"{path}&team={scene['north'].pk}", f"{path}&owner={scene['ana'].pk}"}


@pytest.mark.django_db
def test_a_target_that_is_set_anew_crosses_nothing_by_that(scene):
    evenings(scene, 0.9)
    evenings(scene, 0.3, 0.31, first=DAY + timedelta(days=1), target=900_000)
    assert told(scene["ben"]) == []
