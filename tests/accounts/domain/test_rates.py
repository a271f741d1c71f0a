from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from pipeline_crm.accounts.domain.rates import MissingRate, RateTable, to_base
from pipeline_crm.accounts.models import ExchangeRate

MARCH = date(2026, 3, 1)
APRIL = date(2026, 4, 1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def dollars():
    ExchangeRate.objects.create(currency="USD", on=MARCH, rate=Decimal("0.9"))
    ExchangeRate.objects.create(currency="USD", on=APRIL, rate=Decimal("0.8"))


@pytest.mark.parametrize(
    ("on", "worth"),
    [(MARCH, "90.00"), (APRIL - timedelta(days=1), "90.00"), (APRIL, "80.00"), (APRIL + timedelta(days=400), "80.00")],
)
def test_the_latest_rate_dated_on_or_before_the_day_counts(dollars, on, worth):
    assert to_base(Decimal("100"), "USD", on=on) == Decimal(worth)


def test_before_the_first_rate_there_is_no_guess(dollars):
    with pytest.raises(MissingRate, match="USD to EUR on or before 2026-02-28"):
        to_base(Decimal("100"), "USD", on=date(2026, 2, 28))


def test_the_base_currency_is_itself_and_nothing_stays_nothing(django_assert_num_queries):
    assert to_base(Decimal("100.005"), "EUR", on=MARCH) == Decimal("100.005")
    assert to_base(None, "USD", on=MARCH) is None


def test_many_amounts_are_converted_with_two_questions_to_the_database(dollars, django_assert_num_queries):
    to_base(Decimal(1), "EUR", on=MARCH)
    with django_assert_num_queries(2):
        table = RateTable.load()
        assert sum(table.to_base(Decimal(n), "USD", on=APRIL) for n in range(100)) == Decimal("3960")


def test_worth_is_in_whole_coins(dollars):
    assert to_base(Decimal("0.33"), "USD", on=MARCH) == Decimal("0.30")


@pytest.mark.parametrize("rate", ["0", "-1"])
def test_the_database_refuses_a_rate_that_is_not_positive(rate):
    with pytest.raises(IntegrityError, match="exchange_rate_is_positive"):
        ExchangeRate.objects.create(currency="USD", on=MARCH, rate=Decimal(rate))


def test_the_database_keeps_one_rate_a_day_and_one_company(dollars):
    with pytest.raises(IntegrityError, match="exchange_rate_is_one_per_currency_and_day"):
        ExchangeRate.objects.create(currency="USD", on=MARCH, rate=Decimal("1"))
