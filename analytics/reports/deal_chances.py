"""What becomes of each open deal: its chance to be won, by when, and the facts of it that move the chance.

The chance is the pipeline's own, of a card that has been in its stage for so long (`outlook`), leaned by what is known
of the deal beside that: how large it is, whether its date was put off or has passed, whether its prospect was lost
before, whose it is. By how much each of these leans was learned at past moments, from what was known of the deals that
were open then, and is shrunk towards not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from .. import days
from ..estimators import markov, recalibration
from ..estimators.recalibration import Tilt
from ..estimators.survival import Floats, Ints
from ..known import Known, history_of
from ..outlook import ENOUGH_CLOSED, Fitted, Outlook
from ..river import River
from ..selection import Selection
from ..tables import promises as promised
from ..tables.promises import Promises, Standing

WEEK, WEEKS = 7, 52
LANDMARKS, LONGEST_LANDMARK, SHORTEST_LANDMARK = 10, 91, 14
FOUR_IN_FIVE = 1.2816  # standard deviations to each side
REASONS_SHOWN = 3
SMALLEST_REASON = 0.01
HARDLY = 0.005  # below such a chance nobody asks when
DAYS_AT = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Expected:
    """Of one open deal, by the key of its stage. The chance is to be won within a year; low to high holds it four times
    in five; the days are of the win, should it come. reasons: what moves the chance, by how much, the strongest
    first."""

    deal: int
    stage: str
    chance: float
    low: float
    high: float
    early_on: date | None
    likely_on: date | None
    late_on: date | None
    reasons: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Expectations:
    """closed: how many closed deals they rest on; below ENOUGH_CLOSED nothing is expected of single deals."""

    closed: int
    deals: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class _Learned:
    """Log factors on the chance, one for each of `columns`, with their covariance; groups: what each tells of."""

    coefficients: Floats
    covariance: Floats
    groups: tuple[str, ...]
    size: Tilt
    owners: tuple[int, ...]

    def columns(self, cards: _Cards) -> Floats:
        """(n, p): one, size and its square, put off, passed, second try, and one for each owner."""
        owners = [(cards.said.owner == owner).astype(float) for owner in self.owners]
        leans = [np.log1p(cards.said.pushes), promised.is_overdue(cards.said), cards.again.astype(float)]
        return np.column_stack([self.size.features(cards.amounts), *leans, *owners])


@dataclass(frozen=True, slots=True)
class _Cards:
    """Cards that are open on a day, all (n,)."""

    card: Ints
    state: Ints
    age: Ints
    amounts: Floats
    again: np.ndarray
    said: Standing


def expectations(river: River, promises: Promises, selection: Selection) -> Expectations:
    """Of every open deal of the pipeline, as of the selection's day."""
    today = days.number(selection.as_of)
    outlook = Outlook(history_of(river))
    known = outlook.history.as_of(today)
    if known.closed < ENOUGH_CLOSED or not known.is_won.any() or not known.is_open.any():
        return Expectations(known.closed, ())
    fitted = outlook.fitted(today)
    learned = _learn(outlook, fitted, promises)
    cards = _open(known, fitted, promised.standing(promises, known.card[known.is_open], today))
    keys = [stage.key for stage in river.deals.open_stages]
    return Expectations(known.closed, tuple(_expected(cards, learned, fitted, keys)))


def _expected(cards: _Cards, learned: _Learned, fitted: Fitted, keys: Sequence[str]) -> Iterator[Expected]:
    by_week = fitted.prospects(np.arange(WEEK * WEEKS) // WEEK).now
    here, entered = by_week[cards.state, cards.age], by_week[cards.state, 0].sum(axis=1)
    base, columns = here.sum(axis=1), learned.columns(cards)
    lean = columns @ learned.coefficients
    chance = _leaned(base, lean)
    spread = np.sqrt(
        np.einsum("ni,ij,nj->n", columns, learned.covariance, columns) + _sampling(base, cards.state, fitted)
    )
    low, high = (_leaned(base, lean + side * FOUR_IN_FIVE * spread) for side in (-1, 1))
    moves = {"age": chance - _leaned(entered, lean)}
    for group in dict.fromkeys(learned.groups[1:]):
        mine = np.array([name == group for name in learned.groups])
        moves[group] = chance - _leaned(base, lean - columns[:, mine] @ learned.coefficients[mine])
    ends = _days(here)
    for n in range(len(cards.card)):
        early, likely, late = (days.day(fitted.today + int(end)) if base[n] >= HARDLY else None for end in ends[n])
        yield Expected(
            deal=int(cards.card[n]),
            stage=keys[cards.state[n]],
            chance=float(chance[n]),
            low=float(min(low[n], chance[n])),
            high=float(max(high[n], chance[n])),
            early_on=early,
            likely_on=likely,
            late_on=late,
            reasons=_reasons({group: float(points[n]) for group, points in moves.items()}, cards, n),
        )


def _reasons(moves: dict[str, float], cards: _Cards, n: int) -> tuple[dict[str, Any], ...]:
    facts: dict[str, Any] = {
        "age": int(cards.age[n]),
        "pushed": int(cards.said.pushes[n]),
        "overdue": int(np.nan_to_num(cards.said.overdue[n])),
        "owner": int(cards.said.owner[n]),
    }
    strongest = sorted(moves.items(), key=lambda move: -abs(move[1]))[:REASONS_SHOWN]
    return tuple(
        {"key": key, "points": round(points, 4)} | ({"of": facts[key]} if key in facts else {})
        for key, points in strongest
        if abs(points) >= SMALLEST_REASON
    )


def _leaned(base: Floats, lean: Floats) -> Floats:
    """The chance, when what leads to the win comes so many times (e to the lean) as often."""
    return 1 - (1 - np.minimum(base, markov.CERTAIN)) ** np.exp(np.clip(lean, *recalibration.LOG_RANGE))


def _sampling(base: Floats, state: Ints, fitted: Fitted) -> Floats:
    """The variance of the log of a chance that is known from so many cards that left the stage."""
    left = np.bincount(fitted.known.state[fitted.known.left <= fitted.today], minlength=fitted.known.states + 2)
    base = np.clip(base, HARDLY, markov.CERTAIN)
    return (1 - base) / (np.maximum(left[state], 1) * base)


def _days(by_week: Floats) -> Ints:
    """(n, 3): days ahead by which a tenth, half and nine tenths of the wins that come have come."""
    grown = np.cumsum(by_week, axis=1) / np.maximum(by_week.sum(axis=1, keepdims=True), 1e-12)
    found = []
    for level in DAYS_AT:
        week = np.minimum((grown < level).sum(axis=1), WEEKS - 1)
        rows = np.arange(len(grown))
        below = np.where(week > 0, grown[rows, week - 1], 0.0)
        share = (level - below) / np.maximum(grown[rows, week] - below, 1e-12)
        found.append(np.ceil(WEEK * (week + np.clip(share, 0, 1))))
    return np.maximum(np.column_stack(found), 1).astype(np.int64)


def _open(known: Known, fitted: Fitted, said: Standing) -> _Cards:
    here = known.is_open
    age = np.minimum(known.today - known.entered[here], fitted.oldest)
    return _Cards(known.card[here], known.state[here], age, known.amount[here], known.again[here], said)


def _learn(outlook: Outlook, fitted: Fitted, promises: Promises) -> _Learned:
    """At past days, the wins that came within the next weeks against those that the stages alone let expect."""
    known = fitted.known
    size = recalibration.untilted(known.amount[known.is_won])
    owners = _owners(known, promises)
    groups = ("level", "size", "size", "pushed", "overdue", "again", *("owner" for _owner in owners))
    blank = _Learned(np.zeros(len(groups)), np.eye(len(groups)) * recalibration.PRIOR_SPREAD**2, groups, size, owners)
    length = int(np.clip((fitted.today - fitted.since) // 3, SHORTEST_LANDMARK, LONGEST_LANDMARK))
    step = length // 2
    marks = [fitted.today - length - step * number for number in range(LANDMARKS)]
    marks = [mark for mark in marks if mark >= fitted.since + SHORTEST_LANDMARK]
    chances = markov.prospects(fitted.hazards, np.zeros(length, dtype=np.int64)).now[:, :, 0]
    columns, expected, observed = [], [], []
    for mark in marks:
        then = outlook.history.as_of(mark)
        cards = _open(then, fitted, promised.standing(promises, then.card[then.is_open], mark, is_past=True))
        won = known.card[known.is_won & (known.entered > mark) & (known.entered <= mark + length)]
        columns.append(blank.columns(cards))
        expected.append(chances[cards.state, cards.age])
        observed.append(np.isin(cards.card, won).astype(float))
    if not marks or not sum(map(len, observed)):
        return blank
    per_mark = sum(float(each.sum()) for each in expected) / len(marks)
    weight = min(1.0, step / length) / (1 + fitted.shock(length) * per_mark)
    found = recalibration.fit(np.concatenate(columns), np.concatenate(expected), np.concatenate(observed), weight)
    return _Learned(*found, groups, size, owners)


def _owners(known: Known, promises: Promises) -> tuple[int, ...]:
    """Those who have closed enough deals to be told apart."""
    closed = known.card[known.standing & (known.state >= known.states)]
    owner = promised.standing(promises, closed, known.today).owner
    who, many = np.unique(owner[owner != promised.NOBODY], return_counts=True)
    return tuple(who[many >= ENOUGH_CLOSED].tolist())


__all__ = ["Expectations", "Expected", "expectations"]
