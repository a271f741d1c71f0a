from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from leads.domain.contacting import ruling
from leads.domain.contacting.distancing import Limit
from leads.models import DistanceRules
from pipeline_crm.accounts.domain import holidays
from pipeline_crm.accounts.models import Change
from tests.factories import ago, make_user

pytestmark = pytest.mark.django_db


def test_without_settings_there_is_a_considerate_default():
    rules = ruling.current()
    assert (rules.window.opens, rules.window.closes, rules.window.days) == (time(9), time(17), frozenset(range(5)))
    assert rules.person == tuple(Limit(n, timedelta(days=d)) for n, d in ((1, 3), (2, 7), (4, 30), (9, 91)))
    assert not DistanceRules.objects.exists()


def test_rules_are_changed_and_the_change_is_written_down():
    ada = make_user(name="Ada")
    ruling.revise(by=ada, at=ago(0), person_gap_days=0, person_per_week=None, quiet_after_loss_days=60)
    rules = ruling.current()
    assert rules.person == (Limit(4, timedelta(days=30)), Limit(9, timedelta(days=91)))
    assert rules.quiet_after_loss == timedelta(days=60)
    assert list(Change.objects.values_list("field", "before", "after", "by")) == [
        ("person_gap_days", 3, 0, ada.pk),
        ("person_per_week", 2, None, ada.pk),
        ("quiet_after_loss_days", 30, 60, ada.pk),
    ]
    assert ruling.revise(by=ada, at=ago(0), quiet_after_loss_days=60) == []


@pytest.mark.parametrize("facts", [{"days": []}, {"opens": time(18)}, {"closes": time(9)}])
def test_a_window_that_never_opens_is_refused(facts):
    with pytest.raises(ruling.WindowNeverOpens):
        ruling.revise(by=None, at=ago(0), **facts)


@pytest.mark.parametrize("change", ["days = '{}'", "days = '{7}'", "closes = opens", "id = 2"])
def test_the_database_refuses_such_rules_as_well(change):
    ruling.revise(by=None, at=ago(0), person_gap_days=4)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE leads_distancerules SET {change}")


def test_holidays_are_a_countrys_own_or_everywhere():
    holidays.keep(date(2026, 12, 25), name="Christmas", by=None, at=ago(0))
    unity = holidays.keep(date(2026, 10, 3), name="Unity", country="Germany", by=None, at=ago(0))
    holidays.keep(date(2026, 10, 3), name="German Unity Day", country="germany", by=None, at=ago(0))
    assert ruling.current("GERMANY").window.holidays == {date(2026, 12, 25), date(2026, 10, 3)}
    assert ruling.current("France").window.holidays == {date(2026, 12, 25)}
    unity.refresh_from_db()
    assert unity.name == "German Unity Day"
    holidays.forget(unity, by=None, at=ago(0))
    assert ruling.current("Germany").window.holidays == {date(2026, 12, 25)}
    assert list(Change.objects.values_list("after", flat=True)) == ["Christmas", "Unity", "German Unity Day", None]
