from dataclasses import replace
from datetime import date

from analytics.selection import Selection

ASKED = Selection(pipeline=1, as_of=date(2026, 11, 23))


def test_the_window_ends_on_the_day_asked_and_the_reference_before_it():
    assert ASKED.window == (date(2026, 8, 26), date(2026, 11, 23))
    assert ASKED.reference == (date(2025, 11, 29), date(2026, 8, 25))


def test_equal_selections_have_equal_digests_and_seeds_and_others_have_not():
    assert ASKED.digest() == Selection(1, date(2026, 11, 23)).digest()
    assert ASKED.seed() == Selection(1, date(2026, 11, 23)).seed()
    assert ASKED.digest() != replace(ASKED, pipeline=2).digest() != replace(ASKED, team=3).digest()


def test_a_selection_survives_the_way_through_a_job():
    assert Selection.from_arguments(**ASKED.as_arguments()) == ASKED


def test_a_window_that_was_chosen_is_kept_however_long_it_is():
    assert ASKED.lately(7) == (date(2026, 11, 17), date(2026, 11, 23))
    for long in (1, 89, 90, 91):
        chosen = replace(ASKED, until=ASKED.as_of, window_days=long)
        assert chosen.lately(7) == chosen.window
