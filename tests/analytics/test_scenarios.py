"""Scenarios: kept with a name, seen by their maker and by who they are shared with, taken away and brought back."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analytics import scenarios
from analytics.models import Scenario
from tests.factories import make_pipeline, make_user, three_people

pytestmark = pytest.mark.django_db
SUMMER = date(2026, 7, 1)


def supposed(pipeline, by, **facts):
    chosen = {"name": "More leads", "starts_on": SUMMER, "inflow": 20, **facts}
    return scenarios.save(pipeline, **chosen, by=by, at=timezone.now())


def test_one_sees_ones_own_and_what_is_shared():
    pipeline, (ana, ben, cleo) = make_pipeline(), three_people()
    own, shared = supposed(pipeline, ana), supposed(pipeline, ana, is_shared=True)
    assert list(Scenario.objects.visible_to(ana)) == [own, shared]
    assert list(Scenario.objects.visible_to(ben)) == list(Scenario.objects.visible_to(cleo)) == [shared]
    ana.is_active = False
    assert not Scenario.objects.visible_to(ana).exists()


def test_a_scenario_that_changes_nothing_is_not_kept():
    with pytest.raises(scenarios.NothingSupposed):
        supposed(make_pipeline(), make_user(), inflow=0, stage="estimate")
    assert not Scenario.objects.exists()


def test_a_stage_that_stays_as_it_is_is_not_kept():
    pipeline, ana = make_pipeline(), make_user()
    assert supposed(pipeline, ana, stage="estimate").stage == ""
    assert supposed(pipeline, ana, stage="estimate", stage_time=-30).stage == "estimate"


def test_what_is_said_of_no_stage_changes_nothing():
    pipeline, ana = make_pipeline(), make_user()
    with pytest.raises(scenarios.NothingSupposed):
        supposed(pipeline, ana, inflow=0, stage="", conversion=10)
    kept = supposed(pipeline, ana, inflow=10, stage="", conversion=10)
    assert (kept.inflow, kept.conversion, kept.stage) == (10, 0, "")


def test_more_than_can_be_compared_are_refused(monkeypatch):
    monkeypatch.setattr(scenarios, "MOST_KEPT", 2)
    pipeline, ana = make_pipeline(), make_user()
    first, _second = supposed(pipeline, ana), supposed(pipeline, ana)
    with pytest.raises(scenarios.TooManyScenarios):
        supposed(pipeline, ana)
    scenarios.remove(first, at=timezone.now())
    supposed(pipeline, ana)
    assert Scenario.objects.kept().count() == 2


def test_what_is_removed_can_be_brought_back():
    scenario = supposed(make_pipeline(), make_user())
    scenarios.remove(scenario, at=timezone.now())
    assert not Scenario.objects.kept().exists()
    scenarios.bring_back(scenario)
    assert Scenario.objects.kept().get() == scenario


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"inflow": 401}, "scenario_changes_within_reason"),
        ({"stage_time": 10, "stage": ""}, "scenario_names_the_stage_it_changes"),
    ],
)
def test_the_database_keeps_out_what_cannot_be(wrong, sentence):
    scenario = supposed(make_pipeline(), make_user())
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        Scenario.objects.filter(pk=scenario.pk).update(**wrong)
