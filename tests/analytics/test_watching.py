"""Managers are told of a bottleneck once when it appears, moves or ends, and not each time it is looked at."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from analytics import watching
from analytics.models import Sighting
from pipeline_crm.accounts.models import Notification, Role
from tests.factories import ago, make_deal, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@pytest.fixture
def scene():
    team = make_team()
    people = make_user(name="Ben", team=team, role=Role.MANAGER), make_user(name="Ana", team=team)
    return make_pipeline("Sales"), *people


def named(stage):
    if stage is None:
        return {"bottleneck": None}
    line = {"key": stage.lower(), "median_days": 9.0, "reference_median_days": 4.0, "advance": 0.6}
    found = {"key": stage.lower(), "stage": stage, "kind": "slower", "since": "2026-01-05", "q": 0.001}
    return {"bottleneck": found, "stages": [{**line, "reference_advance": 0.7}]}


def see(pipeline, *stages):
    """What is named on one day after the other."""
    for number, stage in enumerate(stages):
        watching.see(pipeline, named(stage), on=DAY + timedelta(days=number), at=timezone.now())


def told(person):
    return list(Notification.objects.filter(user=person).order_by("pk").values_list("words", flat=True))


def test_one_that_appears_is_told_once_to_managers_only(scene):
    pipeline, ben, ana = scene
    see(pipeline, None, "Estimate", "Estimate", "Estimate")
    assert len(told(ben)) == 1 and told(ana) == []
    assert told(ben)[0].startswith("Sales: the bottleneck is Estimate. Half of those who enter wait 9 days or longer")
    assert Notification.objects.get().url == f"/insight/bottleneck/?pipeline={pipeline.pk}"


def test_one_that_moves_is_told_when_the_former_has_been_gone_for_three_days(scene):
    pipeline, ben, _ana = scene
    see(pipeline, "Estimate", "Hearing", "Hearing")
    assert len(told(ben)) == 1
    see(pipeline, "Estimate", "Hearing", "Hearing", "Hearing", "Hearing")
    assert len(told(ben)) == 2 and "has moved from Estimate to Hearing" in told(ben)[1]
    assert Sighting.objects.filter(ended_on=None).get().stage == "hearing"


def test_two_that_take_turns_are_told_of_once(scene):
    pipeline, ben, _ana = scene
    see(pipeline, *["Estimate", "Hearing"] * 10)
    assert len(told(ben)) == 1


def test_one_that_ends_is_told_after_a_week_and_may_come_again(scene):
    pipeline, ben, _ana = scene
    see(pipeline, "Estimate", *[None] * 6)
    assert len(told(ben)) == 1
    see(pipeline, "Estimate", *[None] * 9)
    assert told(ben)[1:] == ["Sales: Estimate is a bottleneck no more."]
    see(pipeline, "Estimate")
    assert len(told(ben)) == 3 and Sighting.objects.count() == 2


def test_looking_at_all_pipelines_keeps_their_report(scene):
    pipeline, ben, _ana = scene
    make_deal(pipeline=pipeline, at=ago(3))
    for _ in range(2):
        assert watching.watch(at=timezone.now()) == 0
    assert told(ben) == [] and Sighting.objects.count() == 0
