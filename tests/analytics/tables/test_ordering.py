"""Tables of steps stand by card and seq, however they come."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.tables.ordering import in_order

cards = st.integers(-(2**40), 2**40) | st.integers(-3, 3) | st.sampled_from([-(2**62), 2**62])
seqs = st.integers(0, 2**31 - 1) | st.integers(-2, 5)


@given(st.lists(st.tuples(cards, seqs), unique=True, max_size=30))
def test_steps_come_in_the_order_of_card_and_seq(rows):
    steps = pl.DataFrame(
        [(card, seq, n) for n, (card, seq) in enumerate(rows)],
        schema={"card": pl.Int64, "seq": pl.Int64, "n": pl.Int64},
        orient="row",
    )
    assert in_order(steps).rows() == sorted(steps.rows())


def test_steps_in_order_are_left_as_they_are():
    steps = pl.DataFrame({"card": [-7, -7, 1, 1, 2], "seq": [1, 2, 0, 1, 0]}, schema_overrides={"seq": pl.Int32})
    assert in_order(steps) is steps


def test_other_columns_follow():
    steps = pl.DataFrame({"card": [2, 1, 1], "seq": [1, 9, 3], "amount": [1.5, None, np.inf]})
    assert in_order(steps)["amount"].to_list() == [np.inf, None, 1.5]
