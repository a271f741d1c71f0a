"""What was known at the end of any day: one load of the history, sliced as often as a replay asks.

A forecast is graded by asking it again as of days gone by. It may see nothing but what is in the answer for its day.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .estimators.markov import Nights
from .estimators.stage_weighting import Passages
from .estimators.survival import OPEN, Floats, Ints
from .event_log import NEVER, EventLog, Versions
from .river import River
from .tables import stage_visits

KEPT_ROWS = 4_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """Stays as seen at the ends of the days up to and including `today`. All arrays (n,), sorted by card and day.

    left: NEVER while open; next: OPEN while open; first: the card began here; exact: the day of entry is known; amount:
    the newest known at the entry, nan where unknown; before: that of the stay before, nan for the first.
    since: the first day on which history is whole; what left before it is not in the data.
    """

    today: int
    since: int
    states: int
    card: Ints
    state: Ints
    entered: Ints
    left: Ints
    next: Ints
    first: NDArray[np.bool_]
    exact: NDArray[np.bool_]
    again: NDArray[np.bool_]
    amount: Floats
    before: Floats

    @property
    def standing(self) -> NDArray[np.bool_]:
        return self.left == NEVER

    @property
    def is_open(self) -> NDArray[np.bool_]:
        return self.standing & (self.state < self.states)

    @property
    def is_won(self) -> NDArray[np.bool_]:
        return self.standing & (self.state == self.states)

    @property
    def closed(self) -> int:
        return int((self.standing & (self.state >= self.states)).sum())

    def won_per_day(self, first: int) -> Floats:
        """Amounts won on each day from `first` to today."""
        won = self.is_won & (self.entered >= first)
        days = max(self.today - first + 1, 0)
        return np.bincount(self.entered[won] - first, weights=np.nan_to_num(self.amount[won]), minlength=days)[:days]

    def won_between(self, first: int, last: int) -> float:
        won = self.is_won & (self.entered >= first) & (self.entered <= last)
        return float(np.nansum(self.amount[won]))

    def passages(self) -> Passages:
        """Stays in open stages, with how and when their cards ended."""
        part = self.state < self.states
        last = np.append(self.card[1:] != self.card[:-1], True) if len(self.card) else self.standing
        of_card = np.cumsum(np.append(0, last[:-1])) if len(self.card) else self.card
        outcome = np.where(self.is_won, 1, np.where(self.is_open, -1, 0))[last][of_card]
        return Passages(self.state[part], self.entered[part], outcome[part], self.entered[last][of_card][part])

    def parted(self) -> tuple[Ints, Ints]:
        """Of those that left each open stage: how many went on, and how many were lost; both (states,)."""
        part = (self.state < self.states) & (self.left < NEVER)
        lost = part & (self.next == self.states + 1)
        on = part & (self.next > self.state) & ~lost
        return tuple(np.bincount(self.state[which], minlength=self.states) for which in (on, lost))

    def usual_amounts(self, chosen: NDArray[np.bool_]) -> Floats:
        """The amounts of these stays at what amounts brought so far; an unknown one counts as a usual win."""
        won = self.amount[self.is_won]
        both = self.is_won & (self.before > 0) & ~np.isnan(self.amount)
        brought = float((self.amount[both] / self.before[both]).mean()) if both.any() else 1.0
        usual = float(np.nanmean(won)) if (~np.isnan(won)).any() else 0.0
        return np.where(np.isnan(self.amount[chosen]), usual, self.amount[chosen] * brought)

    def nights(self) -> tuple[Nights, Ints]:
        """Stays in open stages watched since history is whole, and their days of entry."""
        part = (self.state < self.states) & self.exact & (self.left >= self.since)
        entered, left = self.entered[part], self.left[part]
        return Nights(
            state=self.state[part],
            watched_from=np.maximum(self.since - entered - 1, 0),
            stop=np.minimum(left, self.today) - entered,
            next=np.where(left <= self.today, self.next[part], OPEN),
        ), entered


@dataclass(frozen=True, slots=True)
class Evening:
    """What a look back asks of a day: its open deals, all (n,) as in `Known`."""

    card: Ints
    state: Ints
    entered: Ints
    amount: Floats


class _Shelf:
    """The newest answers, as many as fit."""

    def __init__(self, answer: Callable[[int], Known]):
        self._answer: Callable[[int], Known] = answer
        self._days: OrderedDict[int, Known] = OrderedDict()
        self._rows = 0

    def as_of(self, day: int) -> Known:
        if day in self._days:
            self._days.move_to_end(day)
            return self._days[day]
        self._days[day] = found = self._answer(day)
        self._rows += len(found.card)
        while self._rows > KEPT_ROWS and len(self._days) > 1:
            self._rows -= len(self._days.popitem(last=False)[1].card)
        return found


class Sliced(_Shelf):
    """The days of a log in which every step was known on its day and nothing was corrected later."""

    def __init__(self, log: EventLog):
        super().__init__(self._slice)
        self._states = len(log.open_stages)
        self._whole = None if log.steps.height == 0 else known(log, int(log.steps["day"].max()))  # type: ignore[arg-type]
        self._ends = _Ends.of(self._whole or nothing(0, self._states))

    def _slice(self, day: int) -> Known:
        if self._whole is None:
            return nothing(day, self._states)
        whole = self._whole
        if day >= whole.today:
            return replace(whole, today=day)
        seen = np.flatnonzero(whole.entered <= day)
        return _sliced(whole, seen, day, whole.since if whole.since <= day else day)

    def evening(self, day: int) -> Evening:
        """What `as_of` says of the open deals, without the rest."""
        whole = self._whole or nothing(day, self._states)
        return _evening(whole, (whole.entered <= day) & (whole.left > day) & (whole.state < whole.states))

    def closed(self, day: int) -> tuple[int, int]:
        """How many deals had ended on that day, and how many of them were won."""
        return self._ends.counted(day)


class Rewritten:
    """The days of cards of which later words changed what was known."""

    def __init__(self, versions: Versions):
        log = versions.log
        self._versions, self._states = versions, len(log.open_stages)
        last = int(log.steps["day"].max()) if log.steps.height else 0  # type: ignore[arg-type]
        self._whole = known(log, last)
        visited = stage_visits.visits(log.steps, last).drop_nulls("left")
        self._since = np.full(len(versions.card), NEVER)
        np.minimum.at(self._since, visited["card"].to_numpy(), visited["left"].to_numpy())
        self._ends = _Ends.of(self._whole)

    def as_of(self, day: int) -> Known:
        holds = self._holds(day)
        seen = np.flatnonzero(holds[self._whole.card] & (self._whole.entered <= day))
        if not len(seen):
            return nothing(day, self._states)
        since = int(self._since[holds].min())
        then = _sliced(self._whole, seen, day, since if since <= day else day)
        return replace(then, card=self._versions.card[then.card])

    def evening(self, day: int) -> Evening:
        """What `as_of` says of the open deals, without the rest."""
        whole = self._whole
        standing = self._holds(day)[whole.card] & (whole.entered <= day) & (whole.left > day)
        then = _evening(whole, standing & (whole.state < whole.states))
        return replace(then, card=self._versions.card[then.card])

    def closed(self, day: int) -> tuple[int, int]:
        """How many deals had ended on that day, and how many of them were won."""
        return self._ends.counted(day, self._holds(day))

    def _holds(self, day: int) -> NDArray[np.bool_]:
        """(v,) whether the version is what was known on that evening."""
        return (self._versions.first <= day) & (day <= self._versions.last)


class Patched(_Shelf):
    """The days of a history of which later words changed some cards."""

    def __init__(self, settled: EventLog, versions: Versions):
        super().__init__(self._patch)
        self._settled, self._rewritten = Sliced(settled), Rewritten(versions)

    def _patch(self, day: int) -> Known:
        return _together(self._settled.as_of(day), self._rewritten.as_of(day))

    def evening(self, day: int) -> Evening:
        """What `as_of` says of the open deals, without the rest."""
        return _both(self._settled.evening(day), self._rewritten.evening(day))

    def closed(self, day: int) -> tuple[int, int]:
        """How many deals had ended on that day, and how many of them were won."""
        (closed, won), (few, won_of_few) = self._settled.closed(day), self._rewritten.closed(day)
        return closed + few, won + won_of_few


History = Sliced | Patched
_UNCHANGING = ("card", "state", "entered", "first", "exact", "again", "amount", "before")
_COLUMNS = (*_UNCHANGING, "left", "next")


def history_of(river: River) -> History:
    """The days of the river's deals."""
    if river.versions is None or river.corrected.is_empty():
        return Sliced(river.deals)
    corrected = river.corrected.to_frame("card")
    settled = river.deals.steps.join(corrected, on="card", how="anti", maintain_order="left")
    return Patched(EventLog(river.deals.stages, settled), river.versions())


def known(log: EventLog, today: int) -> Known:
    """What the steps up to and including `today` say."""
    states = len(log.open_stages)
    visited = stage_visits.visits(log.steps, today)
    since = stage_visits.trusted_from(visited)
    nightly = stage_visits.nights(visited)
    if nightly.height == 0:
        return nothing(today, states)
    same = pl.col("card") == pl.col("card").shift()
    nightly = nightly.with_columns(before=pl.when(same).then(pl.col("amount").shift()))
    return Known(
        today=today,
        since=today if since is None else since,
        states=states,
        card=_ints(nightly, "card"),
        state=_ints(nightly, "stage"),
        entered=_ints(nightly, "entered"),
        left=nightly["left"].fill_null(NEVER).to_numpy().astype(np.int64),
        next=nightly["next"].fill_null(OPEN).to_numpy().astype(np.int64),
        first=nightly["first"].to_numpy(),
        exact=nightly["exact"].to_numpy(),
        again=(nightly["attempt"] > 1).to_numpy(),
        amount=_floats(nightly, "amount"),
        before=_floats(nightly, "before"),
    )


def _sliced(of: Known, seen: Ints, day: int, since: int) -> Known:
    """What was known of the stays at these places at the end of an earlier day, on which they had begun."""
    left = of.left[seen]
    left[left > day] = NEVER
    return Known(
        today=day,
        since=since,
        states=of.states,
        left=left,
        next=np.where(left == NEVER, OPEN, of.next[seen]),
        **{name: getattr(of, name)[seen] for name in _UNCHANGING},
    )


@dataclass(frozen=True, slots=True)
class _Ends:
    """Stays in which deals are won or lost, all (n,) as in `Known`."""

    card: Ints
    is_won: NDArray[np.bool_]
    entered: Ints
    left: Ints

    @classmethod
    def of(cls, known: Known) -> _Ends:
        ended = np.flatnonzero(known.state >= known.states)
        return cls(known.card[ended], known.state[ended] == known.states, known.entered[ended], known.left[ended])

    def counted(self, day: int, chosen: NDArray[np.bool_] | None = None) -> tuple[int, int]:
        """Those that stood on that day, and those of them that were won. chosen: which cards count."""
        standing = (self.entered <= day) & (self.left > day)
        if chosen is not None:
            standing &= chosen[self.card]
        return int(standing.sum()), int((standing & self.is_won).sum())


def _evening(of: Known, is_open: NDArray[np.bool_]) -> Evening:
    """is_open: which of the stays those of open deals are."""
    places = np.flatnonzero(is_open)
    return Evening(of.card[places], of.state[places], of.entered[places], of.amount[places])


def _both(many: Evening, few: Evening) -> Evening:
    """Both, whose cards are different ones, in the order of the cards."""
    places = np.searchsorted(many.card, few.card)
    return Evening(
        np.insert(many.card, places, few.card),
        np.insert(many.state, places, few.state),
        np.insert(many.entered, places, few.entered),
        np.insert(many.amount, places, few.amount),
    )


def nothing(today: int, states: int) -> Known:
    ints, flags, floats = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), np.zeros(0)
    return Known(today, today, states, ints, ints, ints, ints, ints, flags, flags, flags, floats, floats)


def _together(many: Known, few: Known) -> Known:
    """Both, whose cards are different ones, in the order of the cards."""
    places = np.searchsorted(many.card, few.card)
    return Known(
        today=many.today,
        since=min(many.since, few.since),
        states=many.states,
        **{name: np.insert(getattr(many, name), places, getattr(few, name)) for name in _COLUMNS},
    )


def _ints(frame: pl.DataFrame, name: str) -> Ints:
    return frame[name].to_numpy().astype(np.int64)


def _floats(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
