import numpy as np
import pytest

from analytics.estimators import borrowing
from analytics.estimators.markov import CERTAIN, Counts

WHOLE = np.array([[[0.0, 0.08, 0.02, 0.05]] * 3, [[0.01, 0.0, 0.09, 0.10]] * 3])  # (2 stages, 3 ages, 2 + won + lost)


def counted(nights, went_on, lost):
    """Stays of a part in the first stage."""
    exposure, events = np.zeros((2, 3)), np.zeros((2, 4, 3))
    exposure[0, 0], events[0, 1, 0], events[0, 3, 0] = nights, went_on, lost
    return Counts(events, exposure)


def test_by_hand():
    """In 400 nights the whole's hazards expect 40 to go on and 20 to be lost."""
    found = borrowing.factors(WHOLE, counted(400, 65, 5))
    assert found == pytest.approx(np.array([[75 / 50, 15 / 30], [1, 1]]))


def test_who_has_nothing_has_the_pace_of_the_whole_and_who_has_much_their_own():
    assert (borrowing.factors(WHOLE, counted(0, 0, 0)) == 1).all()
    three = borrowing.factors(WHOLE, counted(20, 3, 0))[0]
    assert three == pytest.approx([13 / 12, 10 / 11])
    many = borrowing.factors(WHOLE, counted(10_000, 2000, 250))[0]
    assert many == pytest.approx([2, 0.5], rel=0.02)


def test_every_way_on_is_raised_alike_and_losses_apart():
    found = borrowing.hazards(WHOLE, np.array([[2.0, 0.5], [1.0, 1.0]]))
    assert found[0] == pytest.approx(np.array([[0.0, 0.16, 0.04, 0.025]] * 3))
    assert (found[1] == WHOLE[1]).all()


def test_hazards_stay_chances():
    assert borrowing.hazards(WHOLE, np.full((2, 2), 50.0)).sum(axis=2).max() <= CERTAIN + 1e-12


def test_few_values_stand_for_many_with_the_same_mean():
    many = np.random.default_rng(1).lognormal(8, 1, size=400)
    few = borrowing.standing_for(np.append(many, np.nan))
    assert len(few) == borrowing.BORROWED_WINS and few.mean() == pytest.approx(many.mean())
    assert (np.diff(few) > 0).all()
    assert borrowing.standing_for(np.array([3.0, 1.0])).tolist() == [1.0, 3.0]
    assert borrowing.standing_for(np.array([])).tolist() == []


def test_shares_are_mixed_by_how_many_were_seen():
    own, whole = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert borrowing.mixed(own, whole, 0).tolist() == [0.5, 0.5]
    assert borrowing.mixed(own, whole, borrowing.BORROWED_CARDS).tolist() == [0.75, 0.25]
    assert borrowing.mixed(own, whole, 10**6) == pytest.approx(own, abs=1e-4)
