"""What would be won if something were otherwise: the question, and the quick answer from the stored curves.

The forecast of `outlook` is moved as far as the chain's expected amounts move (`estimators.supposing`), so without a
change the answer is the forecast itself. The exact answer is the report `what_if` of a selection that supposes
something: card by card, its range from simulated futures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from . import days
from .estimators import attainment, supposing
from .estimators.history import LEVELS
from .estimators.supposing import Changes, Curves

Facts = dict[str, Any]
Pairs = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Supposed:
    """inflow, stage_time and value in whole percent more or less than now, conversion in percentage points; stage: the
    key of the stage of deals; delay: days from the forecast's day until it begins."""

    inflow: int = 0
    stage: str = ""
    stage_time: int = 0
    conversion: int = 0
    value: int = 0
    delay: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.inflow or self.value or (self.stage and (self.stage_time or self.conversion)))

    def as_pairs(self) -> Pairs | None:
        """For a selection: only what is otherwise; None where nothing is."""
        if self.is_nothing:
            return None
        said = {name: value for name, value in asdict(self).items() if value}
        if not (self.stage_time or self.conversion):
            said.pop("stage", None)
        return tuple(sorted(said.items()))

    @classmethod
    def from_pairs(cls, pairs: Pairs | None) -> Supposed:
        return cls(**dict(pairs or ()))

    def changes(self, stages: Sequence[str]) -> Changes:
        """stages: the keys of the chain's stages, in its order. A stage that is no more changes nothing."""
        return Changes(
            inflow=1 + self.inflow / 100,
            stage=stages.index(self.stage) if self.stage in stages else None,
            time=1 + self.stage_time / 100,
            conversion=self.conversion / 100,
            value=1 + self.value / 100,
            delay=self.delay,
        )


@dataclass(frozen=True, slots=True)
class Move:
    """How far a stretch's forecast moves: ratio of its expected amounts, and of its range's width to that."""

    ratio: float = 1.0
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: expected, the quantiles of the sum, and the chance of the target, if there is one."""

    point: float
    q10: float
    q50: float
    q90: float
    chance: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A month or a target's period as it is expected, and as it would be."""

    start: date
    end: date
    amount: float | None
    now: Side
    then: Side


def outcomes(facts: Facts, moves: Sequence[Move]) -> list[Outcome]:
    """Of each of the facts' stretches, moved."""
    return [_outcome(stretch, move) for stretch, move in zip(facts["stretches"], moves, strict=True)]


def quick_moves(facts: Facts, supposed: Supposed) -> list[Move]:
    """From the stored curves: what is expected is exact, the range as wide in proportion as it was."""
    curves = _curves(facts["curves"])
    usual = sum(supposing.won_per_day(curves))
    found = sum(supposing.won_per_day(curves, supposed.changes([stage["key"] for stage in facts["stages"]])))
    today = days.number(date.fromisoformat(facts["as_of"]))
    moves = []
    for stretch in facts["stretches"]:
        coming = slice(*within(stretch["start"], stretch["end"], today))
        moves.append(Move(ratio(float(found[coming].sum()), float(usual[coming].sum()))))
    return moves


def exact_moves(facts: Facts) -> list[Move]:
    """Of the facts of a selection that supposes something."""
    return [Move(*stretch["move"]) for stretch in facts["stretches"]]


def within(start: str, end: str, today: int) -> tuple[int, int]:
    """The part of the period that is still to come, as indices of coming days; the first is tomorrow."""
    first, last = (days.number(date.fromisoformat(day)) for day in (start, end))
    return max(first - today - 1, 0), max(last - today, 0)


def ratio(then: float, now: float) -> float:
    return then / now if now > 0 else 1.0


def passages(facts: Facts, supposed: Supposed) -> list[tuple[Facts, supposing.Passage]]:
    """Each stage as it is, and as it would be passed."""
    curves, keys = _curves(facts["curves"]), [stage["key"] for stage in facts["stages"]]
    changes, chain = supposed.changes(keys), curves.hazards
    if changes.changes_a_stage and changes.stage is not None:
        chain = supposing.changed(chain, changes.stage, time=changes.time, conversion=changes.conversion)
    return [(stage, supposing.passage(chain, code)) for code, stage in enumerate(facts["stages"])]


def stored(curves: Curves) -> Facts:
    """The curves as facts. Hazards are equal over many ages: only where they change are they kept."""
    differs = (curves.hazards[:, 1:] != curves.hazards[:, :-1]).any(axis=(0, 2))
    begins = np.concatenate([[0], np.flatnonzero(differs) + 1])
    return {
        "ages": curves.hazards.shape[1],
        "begins": begins.tolist(),
        "hazards": curves.hazards[:, begins].tolist(),
        "standing": curves.standing.tolist(),
        "entry": curves.entry.tolist(),
        "per_day": curves.per_day,
        "factors": curves.factors.tolist(),
    }


def _curves(told: Facts) -> Curves:
    times = np.diff(np.append(told["begins"], told["ages"]))
    return Curves(
        hazards=np.repeat(np.array(told["hazards"], dtype=float), times, axis=1),
        standing=np.array(told["standing"], dtype=float),
        entry=np.array(told["entry"], dtype=float),
        per_day=told["per_day"],
        factors=np.array(told["factors"], dtype=float),
    )


def _outcome(stretch: Facts, move: Move) -> Outcome:
    quantiles = np.array(stretch["quantiles"])
    now = _side(stretch, stretch["point"] - stretch["won"], quantiles, stretch["chance"])
    is_moved = (move.ratio, move.width) != (1.0, 1.0)
    then = now
    if is_moved:
        coming = supposing.stretched(quantiles, move.ratio, move.width)
        gap = None if stretch["amount"] is None else max(stretch["amount"] - stretch["won"], 0.0)
        chance = None if gap is None else attainment.chance(coming, gap)
        then = _side(stretch, (stretch["point"] - stretch["won"]) * move.ratio, coming, chance)
    return Outcome(
        date.fromisoformat(stretch["start"]), date.fromisoformat(stretch["end"]), stretch["amount"], now, then
    )


def _side(stretch: Facts, coming: float, quantiles: Any, chance: float | None) -> Side:
    q10, q50, q90 = (stretch["won"] + float(np.interp(level, LEVELS, quantiles)) for level in (0.1, 0.5, 0.9))
    return Side(stretch["won"] + coming, q10, q50, q90, chance)
