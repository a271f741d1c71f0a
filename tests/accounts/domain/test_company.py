from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from pipeline_crm.accounts.domain import company, profile
from pipeline_crm.accounts.models import Change, Company, ExchangeRate, User

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = date(2026, 3, 1)
pytestmark = pytest.mark.django_db


def test_only_what_differs_is_changed_and_kept_in_the_log():
    assert company.revise(by=None, at=AT, name="Harbour", base_currency="EUR") == ["name"]
    assert Company.get().name == "Harbour"
    assert list(Change.objects.values_list("subject", "field", "before", "after")) == [
        ("company 1", "name", "", "Harbour")
    ]


def test_the_base_currency_stays_once_a_rate_rests_on_it():
    company.revise(by=None, at=AT, base_currency="USD")
    company.set_rate("EUR", on=DAY, rate=Decimal("1.08"), by=None, at=AT)
    with pytest.raises(company.AmountsRestOnIt, match="USD"):
        company.revise(by=None, at=AT, base_currency="EUR")


def test_the_base_currency_stays_once_a_deal_has_an_amount_in_it():
    from tests.factories import make_deal

    make_deal(amount=Decimal("100"))
    with pytest.raises(company.AmountsRestOnIt):
        company.revise(by=None, at=AT, base_currency="USD")


def test_what_was_said_over_time_is_told_the_present_first():
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (2, 9)]
    company.revise(by=None, at=days[0], freeze_weekday=4, name="Harbour")
    company.revise(by=None, at=days[1], freeze_hour=17)
    told = company.over_time("freeze_weekday", "freeze_hour")
    assert [(spell.since, tuple(spell.facts.values())) for spell in told[:2]] == [(days[1], (4, 17)), (days[0], (4, 9))]
    assert tuple(told[2].facts.values()) == (0, 9) and told[2].since < told[2].until == days[0] < told[0].until


def test_a_rate_of_the_same_day_is_replaced_and_both_are_in_the_log():
    company.set_rate("USD", on=DAY, rate=Decimal("0.92"), by=None, at=AT)
    rate = company.set_rate("USD", on=DAY, rate=Decimal("0.93"), by=None, at=AT)
    assert ExchangeRate.objects.get().rate == Decimal("0.93")
    company.forget_rate(rate, by=None, at=AT)
    assert list(Change.objects.values_list("before", "after")) == [
        (None, "0.92"),
        ("0.92000000", "0.93"),
        ("0.93", None),
    ]


def test_the_base_currency_needs_no_rate():
    with pytest.raises(company.BaseHasNoRate):
        company.set_rate("EUR", on=DAY, rate=Decimal("1"), by=None, at=AT)


def test_a_profile_keeps_what_changed_but_not_what_a_name_was():
    ana = User.objects.create_user("ana@example.org", name="Ana Reyes")
    assert profile.revise(ana, by=ana, at=AT, name="Ana R. Reyes", theme="dark") == ["name", "theme"]
    assert list(Change.objects.values_list("field", "before", "after")) == [
        ("name", None, None),
        ("theme", "auto", "dark"),
    ]


def test_nobody_makes_themselves_a_superuser_through_the_profile():
    ana = User.objects.create_user("ana@example.org")
    with pytest.raises(TypeError, match="is_superuser"):
        profile.revise(ana, by=ana, at=AT, is_superuser=True)


@pytest.mark.parametrize("wrong", [{"freeze_weekday": 7}, {"freeze_hour": 24}])
def test_the_database_refuses_an_hour_that_no_week_has(wrong):
    Company.get()
    with pytest.raises(IntegrityError, match="company_judgements_freeze_in_an_hour_of_the_week"), transaction.atomic():
        Company.objects.update(**wrong)
