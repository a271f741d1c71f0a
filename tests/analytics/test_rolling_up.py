from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from analytics.rolling_up import PERSON, TEAM, WHOLE, Figure, roll_up


@dataclass(frozen=True)
class Word:
    of: tuple
    commit: Decimal | None
    best_case: Decimal | None
    is_override: bool = False


def said(of, commit, best=None, *, instead=False):
    commit = None if commit is None else Decimal(commit)
    return Word(of, commit, commit if best is None else Decimal(best), instead)


def rolled(words, members, people):
    return roll_up(words, lambda word: word.of, members, people)


ANA, BEN, CLEO, NORTH, SOUTH = (PERSON, 1), (PERSON, 2), (PERSON, 3), (TEAM, 7), (TEAM, 8)
MEMBERS = {7: {1, 2}, 8: {3}}


def test_a_team_is_the_sum_of_its_people_and_the_whole_of_everybody():
    lines = rolled([said(ANA, 10, 15), said(BEN, 20, 25), said(CLEO, 5)], MEMBERS, {1, 2, 3, 4})
    assert lines[NORTH].figure == Figure(Decimal(30), Decimal(40))
    assert lines[WHOLE].figure == Figure(Decimal(35), Decimal(45))
    assert (lines[NORTH].said, lines[NORTH].of, lines[WHOLE].said, lines[WHOLE].of) == (2, 2, 3, 4)


def test_the_newest_word_counts():
    lines = rolled([said(ANA, 10), said(ANA, 12)], MEMBERS, {1})
    assert lines[ANA].figure == Figure(Decimal(12), Decimal(12))


def test_an_override_counts_and_what_is_below_stays():
    words = [said(ANA, 10), said(BEN, 20), said(CLEO, 5), said(NORTH, 22, 28, instead=True), said(ANA, 8, instead=True)]
    lines = rolled(words, MEMBERS, {1, 2, 3})
    assert (lines[ANA].below, lines[ANA].figure) == (Figure(Decimal(10), Decimal(10)), Figure(Decimal(8), Decimal(8)))
    assert (lines[NORTH].below.commit, lines[NORTH].figure.commit) == (28, 22)
    assert (lines[WHOLE].figure.commit, lines[WHOLE].said, lines[WHOLE].of) == (27, 3, 3)
    above = rolled([*words, said(WHOLE, 99, instead=True)], MEMBERS, {1, 2, 3})[WHOLE]
    assert (above.below.commit, above.figure.commit) == (27, 99)


def test_an_override_that_is_taken_back_counts_no_more():
    words = [said(ANA, 10), said(NORTH, 22, instead=True), said(NORTH, None, instead=True)]
    line = rolled(words, MEMBERS, {1})[NORTH]
    assert (line.override, line.figure.commit) == (None, 10)


def test_where_nobody_said_anything_there_is_no_figure_rather_than_nought():
    lines = rolled([], MEMBERS, {1, 2, 3})
    assert {line.figure for line in lines.values()} == {None}
    assert (lines[WHOLE].said, lines[WHOLE].of) == (0, 3)


def test_who_is_in_two_teams_counts_once_in_the_whole():
    lines = rolled([said(ANA, 10)], {7: {1}, 8: {1}}, {1})
    assert (lines[NORTH].figure.commit, lines[SOUTH].figure.commit, lines[WHOLE].figure.commit) == (10, 10, 10)
    lines = rolled([said(ANA, 10), said(NORTH, 7, instead=True)], {7: {1}, 8: {1}}, {1})
    assert lines[WHOLE].figure.commit == 7


amounts = st.integers(0, 10**9)


@given(
    own=st.dictionaries(st.integers(1, 6), amounts),
    teams=st.dictionaries(st.integers(7, 9), st.sets(st.integers(1, 6))),
)
def test_without_overrides_the_whole_is_the_sum_of_all_people(own, teams):
    words = [said((PERSON, who), amount) for who, amount in own.items()]
    whole = rolled(words, teams, set(range(1, 7)))[WHOLE]
    assert (whole.figure.commit if whole.figure else None) == (sum(own.values()) if own else None)
    assert (whole.said, whole.of) == (len(own), 6)
