from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_crm.foundation import reading
from pipeline_crm.foundation.reading import Unreadable

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", None),
        ("  ", None),
        ("0", "0.00"),
        ("1054", "1054.00"),
        ("$1,234,567", "1234567.00"),
        ("42,000", "42000.00"),
        ("$12,400.00", "12400.00"),
        ("16120999.999999998", "16121000.00"),
        ("USD 5", "5.00"),
        ("5 $", "5.00"),
        ("1\u202f234.5", "1234.50"),
    ],
)
def test_an_amount_in_dollars(cell, found):
    assert reading.amount(cell, currency="USD") == (found and Decimal(found))


def test_an_amount_with_a_decimal_comma():
    assert reading.amount("1.234,56 €", currency="EUR", decimal=",") == Decimal("1234.56")


def test_an_amount_is_rounded_to_the_coins_of_its_currency():
    assert reading.amount("¥1,234.6", currency="JPY") == Decimal("1235")


@pytest.mark.parametrize(
    "cell",
    [
        "NaN",
        "Infinity",
        "١٢٣",
        "1_0.5",
        "-5",
        "(5)",
        "1,23",
        "1,2345",
        "12,34,567",
        "1e9",
        "€5",
        "five",
        "5.",
        "9" * 17,
    ],
)
def test_what_is_no_amount_in_dollars_is_refused(cell):
    with pytest.raises(Unreadable):
        reading.amount(cell, currency="USD")


def test_an_amount_of_another_currency_is_refused_with_its_name():
    with pytest.raises(Unreadable, match="“€5” is in EUR, but the file is said to be in USD"):
        reading.amount("€5", currency="USD")


@pytest.mark.parametrize(("cell", "found"), [("", None), ("2822", 2822), ("2,822", 2822), ("12.0", 12)])
def test_a_whole_number(cell, found):
    assert reading.whole(cell) == found


@pytest.mark.parametrize("cell", ["١٢٣", "1_0", "1.5", "-1", "9" * 19])
def test_what_is_no_whole_number_is_refused(cell):
    with pytest.raises(Unreadable):
        reading.whole(cell)


@pytest.mark.parametrize(
    ("cell", "order", "found"),
    [
        ("01-03-2017", "DMY", date(2017, 3, 1)),
        ("10/01/2026", "MDY", date(2026, 10, 1)),
        ("1.3.2017", "DMY", date(2017, 3, 1)),
        ("2026-11-15", "DMY", date(2026, 11, 15)),
        ("42689", "YMD", date(2016, 11, 15)),
        ("", "DMY", None),
    ],
)
def test_a_day_in_the_declared_order(cell, order, found):
    assert reading.day(cell, order=order, zone=BERLIN) == found


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2011-09-30T22:38:44.546Z", datetime(2011, 9, 30, 22, 38, 44, 546000, UTC)),
        ("2011-09-30T22:38:44+02:00", datetime(2011, 9, 30, 20, 38, 44, 0, UTC)),
        ("2023-02-07 20:47:49", datetime(2023, 2, 7, 19, 47, 49, 0, UTC)),
        ("2023-07-07 8:47 PM", datetime(2023, 7, 7, 18, 47, 0, 0, UTC)),
        ("2023-07-07 12:05 am", datetime(2023, 7, 6, 22, 5, 0, 0, UTC)),
        ("42689.5", datetime(2016, 11, 15, 11, 0, 0, 0, UTC)),
    ],
)
def test_a_moment(cell, found):
    assert reading.moment(cell, order="YMD", zone=BERLIN) == (found, True)


def test_a_mere_day_is_its_noon():
    assert reading.moment("15-11-2016", order="DMY", zone=BERLIN) == (datetime(2016, 11, 15, 11, tzinfo=UTC), False)


@pytest.mark.parametrize(
    "cell",
    ["31-02-2017", "01-13-2017", "01/03/17", "٠١-٠٣-٢٠١٧", "01-03/2017", "9999-12-31", "0001-01-01", "2017-01-01 25:00",
     "2017-01-01 13:00 PM", "2017-01-01T10:00+99:00", "yesterday", "2017", "20170101", "2017-1-100"],
)  # fmt: skip
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(Unreadable):
        reading.moment(cell, order="DMY", zone=BERLIN)


def test_a_day_first_date_is_refused_when_no_order_was_declared():
    with pytest.raises(Unreadable, match="names no other order"):
        reading.moment("01-03-2017", order="YMD", zone=BERLIN)


@pytest.mark.parametrize("cell", ["a\x00b", "a\ud800b"])
def test_text_a_database_cannot_keep_is_refused(cell):
    with pytest.raises(Unreadable):
        reading.text(cell)


def test_a_key_rounded_by_a_spreadsheet_is_refused():
    with pytest.raises(Unreadable, match="lost its digits"):
        reading.key("3.12457E+10")


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_never_a_crash(cell):
    for read in (
        reading.text,
        reading.key,
        reading.whole,
        lambda it: reading.amount(it, currency="EUR"),
        lambda it: reading.moment(it, order="MDY", zone=ZoneInfo("Asia/Tokyo")),
    ):
        try:
            read(cell)
        except Unreadable as refusal:
            assert str(refusal)
