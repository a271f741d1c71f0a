from datetime import date

import numpy as np
import pytest

from analytics import days
from analytics.estimators import rhythm

JANUARY = days.number(date(2025, 1, 1))


def months(count, level=(1.0, 1.0, 1.0), noise=0.0, per_day=5.0, seed=1):
    """Days from January on, with what was expected and what came: `level` by place in the quarter."""
    rng = np.random.default_rng(seed)
    span = np.arange(JANUARY, days.number(date(2025, 1 + count, 1) if count < 12 else date(2026, 1, 1)))
    month, _ = rhythm.calendar(span)
    shocks = np.exp(noise * rng.standard_normal(count))[month - month[0]]
    return span, rng.poisson(per_day * np.array(level)[month % 3] * shocks).astype(float), np.full(len(span), per_day)


def test_the_calendar_knows_months_and_their_last_working_days():
    """January 2025 ends on a Friday: its last three working days are Wednesday to Friday."""
    place, is_end = rhythm.calendar(np.arange(JANUARY, JANUARY + 59))
    assert (place % 3).tolist() == [0] * 31 + [1] * 28
    assert np.flatnonzero(is_end[:31]).tolist() == [28, 29, 30]


def test_a_pattern_that_repeats_is_believed():
    found = rhythm.rhythm(*months(9, level=(0.6, 1.0, 1.4))).of_month
    assert found == pytest.approx([0.6, 1.0, 1.4], abs=0.1)


def test_after_one_quarter_nothing_is_believed():
    assert rhythm.rhythm(*months(3, level=(0.6, 1.0, 1.4))).of_month.tolist() == [1, 1, 1]


def test_months_that_merely_vary_have_no_rhythm():
    found = [rhythm.rhythm(*months(9, noise=0.3, seed=seed)).of_month for seed in range(40)]
    assert np.abs(np.array(found) - 1).mean() < 0.06


def test_the_ends_of_months_are_learned_and_the_months_sum_is_kept():
    span, came, due = months(9)
    _, is_end = rhythm.calendar(span)
    came[is_end] *= 3
    found = rhythm.rhythm(span, came, due)
    factors = found.on(span)
    assert found.of_end / found.of_rest == pytest.approx(3, rel=0.15)
    assert factors.mean() == pytest.approx(1, abs=0.03)


def test_without_days_or_events_every_day_is_alike():
    assert rhythm.rhythm(np.zeros(0, int), np.zeros(0), np.zeros(0)) is rhythm.EVEN
    span, came, due = months(6)
    assert (rhythm.rhythm(span, came * 0, due * 0).on(span) == 1).all()
