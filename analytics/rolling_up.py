"""From what each person expects to what teams, and all of them, do: figures below stay, whoever leads may say another.

A team's figure is what its leader says, else the sum of its people's. The whole is what is said of it, else the sum of
the teams of which something was said and of everybody in none of those, so that nobody counts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

Whose = tuple[str, int]
PERSON, TEAM = "owner", "team"
WHOLE: Whose = ("pipeline", 0)
KINDS = (WHOLE[0], TEAM, PERSON)  # as they stand in tables


class Said(Protocol):
    """A word: without a commit it was taken back."""

    commit: Decimal | None
    best_case: Decimal | None
    is_override: bool


@dataclass(frozen=True, slots=True)
class Figure:
    commit: Decimal
    best_case: Decimal

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.commit + other.commit, self.best_case + other.best_case)


@dataclass(frozen=True, slots=True)
class Line:
    """below: what the person said, or what those below come to, where of so many people so many have a figure;
    override: what whoever leads says instead, and own: what the person said, as words."""

    whose: Whose
    below: Figure | None
    said: int
    of: int
    own: Any = None
    override: Any = None

    @property
    def figure(self) -> Figure | None:
        """What counts."""
        return _figure(self.override) or self.below

    @property
    def is_whole(self) -> bool:
        """Whether it speaks for everybody in it."""
        return self.override is not None or self.said == self.of


def roll_up(
    words: Iterable[Any], whose: Callable[[Any], Whose], members: Mapping[int, set[int]], people: Iterable[int]
) -> dict[Whose, Line]:
    """A line for each person, team and the whole. words: in the order in which they were said, the newest counts;
    members: the people of each team."""
    newest: dict[tuple[Whose, bool], Any] = {(whose(word), word.is_override): word for word in words}

    def word(of: Whose, *, is_override: bool) -> Any:
        found = newest.get((of, is_override))
        return found if found is not None and found.commit is not None else None

    lines: dict[Whose, Line] = {}
    for person in sorted(people):
        of = (PERSON, person)
        own = word(of, is_override=False)
        lines[of] = Line(of, _figure(own), int(own is not None), 1, own, word(of, is_override=True))
    for team, inside in sorted(members.items()):
        of = (TEAM, team)
        below = [lines[PERSON, person] for person in sorted(inside) if (PERSON, person) in lines]
        lines[of] = _sum(of, below, override=word(of, is_override=True))
    led = [line for line in lines.values() if line.whose[0] == TEAM and line.override]
    covered = {person for line in led for person in members[line.whose[1]]}
    alone = [line for line in lines.values() if line.whose[0] == PERSON and line.whose[1] not in covered]
    lines[WHOLE] = _sum(WHOLE, [*led, *alone], override=word(WHOLE, is_override=True))
    return lines


def _sum(of: Whose, below: list[Line], *, override: Any) -> Line:
    figures = [line.figure for line in below if line.figure]
    total = sum(figures[1:], figures[0]) if figures else None
    said = sum(line.said if line.override is None else line.of for line in below)
    return Line(of, total, said, sum(line.of for line in below), None, override)


def _figure(word: Said | None) -> Figure | None:
    if word is None or word.commit is None or word.best_case is None:
        return None
    return Figure(word.commit, word.best_case)


__all__ = ["KINDS", "PERSON", "TEAM", "WHOLE", "Figure", "Line", "Whose", "roll_up"]
