"""Each order as a text: it sorts as the values do, reads back exactly, and bears any text at all."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_crm.foundation.ordering import AMOUNT, COUNT, DAY, MOMENT, RANK, Order

VALUES = {
    RANK: st.text("0123456789ABCxyz", min_size=1, max_size=6).map(lambda text: text + "V"),
    COUNT: st.integers(0, 10**9 - 1),
    AMOUNT: st.integers(0, 10**18 - 1).map(lambda cents: Decimal(cents) / 100),
    DAY: st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    MOMENT: st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)),
}
PKS = st.integers(1, 10**12 - 1)


def order(kind, descending=False):
    return Order("", "", kind, "value", lambda card: card.value, descending=descending)


def card(value, pk):
    return SimpleNamespace(value=value, pk=pk)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("kind", [COUNT, AMOUNT, DAY, MOMENT], ids=["count", "amount", "day", "moment"])
def test_texts_sort_as_values_do_and_read_back(kind, descending):
    by = order(kind, descending)

    @given(VALUES[kind], VALUES[kind], PKS, PKS)
    def holds(one, other, pk, other_pk):
        key, other_key = by.key(card(one, pk)), by.key(card(other, other_pk))
        first = (one, pk) < (other, other_pk) if not descending or one == other else one > other
        assert (key < other_key) == first
        assert by._read(key) == (one, pk)
        assert key < by.key(card(None, 1)), "what has no value comes last"

    holds()


@given(VALUES[RANK], VALUES[RANK], PKS, PKS)
def test_ranks_sort_as_postgresql_sorts_them(one, other, pk, other_pk):
    by = order(RANK)
    assert (by.key(card(one, pk)) < by.key(card(other, other_pk))) == ((one, pk) < (other, other_pk))


@given(st.text(max_size=40))
@pytest.mark.parametrize("kind", list(VALUES), ids=["rank", "count", "amount", "day", "moment"])
def test_no_text_is_too_strange_to_be_a_key(kind, text):
    for by in (order(kind), order(kind, descending=True)):
        by._read(text)
        by._read(text + ",1")


def test_a_moment_in_another_zone_is_the_same_moment():
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    zone = at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert order(MOMENT).key(card(at, 1)) == order(MOMENT).key(card(zone, 1))
    assert order(MOMENT).key(card(at + timedelta(microseconds=1), 1)) > order(MOMENT).key(card(zone, 9))
