import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_crm.foundation import ranks

rank = st.text(ranks.DIGITS, min_size=1, max_size=12).filter(ranks.is_rank)


@given(rank, rank)
def test_a_rank_between_two_lies_between_them(one, other):
    low, high = sorted([one, other])
    if low == high:
        with pytest.raises(ValueError, match="Nothing lies between"):
            ranks.between(low, high)
    else:
        middle = ranks.between(low, high)
        assert low < middle < high
        assert ranks.is_rank(middle)


@given(rank)
def test_there_is_always_room_at_both_ends(one):
    assert ranks.between(None, one) < one < ranks.between(one, None)
    assert ranks.is_rank(ranks.between(None, one)) and ranks.is_rank(ranks.between(one, None))


@given(st.lists(st.integers(0, 1000), max_size=60))
def test_any_sequence_of_insertions_keeps_the_order(places):
    column: list[str] = []
    for place in places:
        place %= len(column) + 1
        before = column[place - 1] if place else None
        after = column[place] if place < len(column) else None
        column.insert(place, ranks.between(before, after))
    assert column == sorted(set(column))


@given(st.integers(0, 500))
def test_many_ranks_ascend_and_stay_short(count):
    found = ranks.many(count)
    assert len(found) == count
    assert found == sorted(set(found))
    assert all(ranks.is_rank(one) and len(one) <= 3 for one in found)


def test_thirteen_thousand_ranks_need_four_digits():
    assert max(map(len, ranks.many(13_087))) <= 4


@given(rank, rank, st.integers(1, 40))
def test_many_ranks_fit_between_two(one, other, count):
    low, high = sorted([one, other])
    if low < high:
        found = ranks.many(count, before=low, after=high)
        assert [low, *found, high] == sorted({low, *found, high})


def test_a_thousand_cards_put_on_top_one_after_another_stay_within_the_column():
    top = ranks.between(None, None)
    for _ in range(1000):
        top = ranks.between(None, top)
    assert len(top) <= 32


@pytest.mark.parametrize("text", ["", "0", "a0", "ä", "a b", "A\n"])
def test_what_is_no_rank_is_refused(text):
    with pytest.raises(ValueError, match="is not a rank"):
        ranks.between(text, None)
