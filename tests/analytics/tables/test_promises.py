import numpy as np
import polars as pl
import pytest

from analytics.tables.promises import CLOSE_TYPES, NOBODY, OWNER_TYPES, SAID_TYPES, Promises, is_overdue, standing


def frame(rows, types):
    return pl.DataFrame(rows, schema=types, orient="row")


# 1: first 20, put off to 30 on day 10, to 40 on day 25; 2: never changed; 3: cleared on day 15; 4: imported; 5: put off
# in what is not known yet; 6: none.
PROMISES = Promises(
    said=frame([(1, 10, 20, 30), (3, 15, 12, None), (1, 25, 30, 40), (5, 50, 22, 60)], SAID_TYPES),
    closes=frame(
        [(1, 40, False), (2, 28, False), (3, None, False), (4, 12, True), (5, 60, False), (6, None, False)], CLOSE_TYPES
    ),
    owners=frame([(1, 7, None), (1, 5, 30), (1, 4, 12), (2, 8, None), (3, None, None)], OWNER_TYPES),
)
CARDS = np.arange(1, 7)


def at(day, **more):
    found = standing(PROMISES, CARDS, day, **more)
    return found.pushes.tolist(), [None if np.isnan(day) else day for day in found.overdue], found.owner.tolist()


def test_on_each_day_what_was_said_until_then():
    assert at(5) == ([0] * 6, [-15, -23, -7, -7, -17, None], [4, 8, NOBODY, NOBODY, NOBODY, NOBODY])
    assert at(20) == ([1, 0, 0, 0, 0, 0], [-10, -8, None, 8, -2, None], [5, 8, NOBODY, NOBODY, NOBODY, NOBODY])
    assert at(55)[0] == [2, 0, 0, 0, 1, 0]
    assert at(30)[2][0] == 7, "given away on that day"


def test_an_imported_date_is_not_known_in_the_past():
    assert at(20, is_past=True)[1] == [-10, -8, None, None, -2, None]


def test_overdue_is_after_the_day():
    assert is_overdue(standing(PROMISES, CARDS, 28)).tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]
    assert is_overdue(standing(PROMISES, CARDS, 29))[1] == 1.0


@pytest.mark.parametrize("cards", [np.array([], dtype=np.int64), np.array([99])])
def test_cards_of_which_nothing_is_said(cards):
    found = standing(PROMISES, cards, 5)
    assert found.pushes.tolist() == [0] * len(cards) and np.isnan(found.overdue).all()
