from decimal import Decimal

import pytest

from pipeline_crm.foundation import money

THIN = "\u2009"


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (Decimal("10700"), "EUR", f"€10{THIN}700"),
        (Decimal("10700.50"), "EUR", f"€10{THIN}700.50"),
        (Decimal("1234567"), "CHF", f"CHF{THIN}1{THIN}234{THIN}567"),
        (Decimal("99.5"), "JPY", "¥100"),
        (Decimal("-3"), "USD", "−$3"),
        (Decimal("3"), "XTS", f"XTS{THIN}3"),
        (None, "EUR", "–"),
    ],
)
def test_in_full(amount, currency, words):
    assert money.in_full(amount, currency) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("950", "€950"),
        ("1200", "€1.2k"),
        ("148000", "€148k"),
        ("999499", "€999k"),
        ("999500", "€1M"),
        ("1234567", "€1.2M"),
        ("2500000000", "€2.5B"),
        ("0", "€0"),
    ],
)
def test_in_short(amount, words):
    assert money.in_short(Decimal(amount), "EUR") == words


def test_halves_go_to_the_even_coin():
    assert money.quantise(Decimal("0.125"), "EUR") == Decimal("0.12")
    assert money.quantise(Decimal("2.5"), "JPY") == Decimal("2")
