import polars as pl
import pytest

from analytics.event_log import InvalidLog, Kind, Stage, event_log
from tests.simulation import STAGES, log


def steps(**columns):
    base = {
        "card": [1, 1],
        "seq": [1, 2],
        "stage": [0, 1],
        "day": [5, 6],
        "exact": [True, True],
        "amount": [None, 3.0],
        "attempt": [1, 1],
    }
    return pl.DataFrame(base | columns)


def test_a_log_is_sorted_by_card_and_step():
    turned = event_log(STAGES, steps().reverse())
    assert turned.steps["seq"].to_list() == [1, 2]


def test_the_codes_of_won_and_lost_are_known():
    assert (log([]).won, log([]).lost, len(log([]).open_stages)) == (5, 6, 5)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (steps().drop("day"), "lack the columns day"),
        (steps(stage=[0, 7]), "Stage codes run from 0 to 7"),
        (steps(seq=[1, 1]), "Card 1 has step 1 twice"),
        (steps(day=[6, 5]), "goes back in time"),
        (steps(amount=[1.0, -1.0]), "negative or not a number"),
        (steps(amount=[1.0, float("nan")]), "negative or not a number"),
        (steps(day=[5, None]), "The column day has 1 empty cells"),
        (steps(day=["x", "y"]), "does not have its type"),
    ],
)
def test_a_log_that_breaks_the_contract_is_refused_with_a_sentence(frame, sentence):
    with pytest.raises(InvalidLog, match=sentence):
        event_log(STAGES, frame)


@pytest.mark.parametrize(
    "stages",
    [
        [Stage("a", "A"), Stage("won", "Won", Kind.WON)],
        [Stage("won", "Won", Kind.WON), Stage("a", "A"), Stage("lost", "Lost", Kind.LOST)],
        [Stage("a", "A"), Stage("a", "B"), Stage("won", "Won", Kind.WON), Stage("lost", "Lost", Kind.LOST)],
    ],
)
def test_stages_that_are_no_river_are_refused(stages):
    with pytest.raises(InvalidLog):
        event_log(stages, steps().clear())
