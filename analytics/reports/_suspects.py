"""Which stages have changed lately, and what each would bring if it went back to its former pace.

A stage is suspected when its stays take longer than the reference's hazards would have it ("slower": fewer leave, by
any door) or when more of those who leave are lost and fewer go on ("leak"). The two sums of events are nearly
independent of each other, and each gathers all the evidence there is for its kind of trouble.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .. import chain
from ..estimators import comparison, markov, relief, survival
from ..estimators.survival import OPEN, Floats, Ints
from ..event_log import EventLog, Kind
from ..tables import stage_visits

ADVANCE, BACK, LOST = 0, 1, 2
CAUSES = 3
KINDS = {"slower": (-1.0, -1.0, -1.0), "leak": (-1.0, 0.0, 1.0)}
CHANGES_TOGETHER: dict[str, tuple[tuple[int, ...], ...]] = {
    "slower": ((ADVANCE, BACK, LOST),),
    "leak": ((ADVANCE,), (LOST,)),
}
SHORTEST_LOOK = 28
FEWEST_TO_COMPARE = 10
FALSE_ALARMS = 0.05
RATE = 0.10
POWER = 0.80
OLDEST = 250
Days = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Suspect:
    """One comparison of one stage. p is that of the search for the change's beginning; since: the first day of the week
    from which the rates differ most."""

    code: int
    kind: str
    p: float
    since: int
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Stays:
    """The stays of one stage as arrays (n,): entered, left (day; far away while open), cause (of the leaving), without
    those whose first day is unknown."""

    entered: Ints
    left: Ints
    cause: Ints

    def watched(self, days: Days) -> tuple[Ints, Ints, Ints, Ints]:
        """entered, start and stop in ages, cause, of the part of each stay that lies in these days."""
        first, last = days
        inside = (self.entered <= last) & (self.left >= first)
        entered, left = self.entered[inside], self.left[inside]
        cause = np.where(left <= last, self.cause[inside], OPEN)
        return entered, np.maximum(first - entered, 0), np.minimum(left, last) - entered, cause

    def table(self, days: Days) -> survival.RiskTable:
        _entered, start, stop, cause = self.watched(days)
        return survival.risk_table(start, stop, cause, causes=CAUSES)


def stays(log: EventLog, visited: pl.DataFrame, code: int) -> Stays:
    here = visited.filter((pl.col("stage") == code) & pl.col("exact"))
    following = here["next"].fill_null(-1).to_numpy()
    cause = np.where(following == log.lost, LOST, np.where(following > code, ADVANCE, BACK))
    far = np.iinfo(np.int64).max
    left = here["left"].cast(pl.Int64).fill_null(far).to_numpy()
    return Stays(here["entered"].cast(pl.Int64).to_numpy(), left, np.where(left == far, OPEN, cause))


def suspects(
    log: EventLog, visited: pl.DataFrame, codes: list[int], window: Days, reference: Days
) -> tuple[list[Suspect], dict[int, int]]:
    """Both comparisons of every stage that can be compared; and of the others, how many have left.

    A parked stage is not compared: its stay is a date somebody chose.
    """
    compared = {code: stays(log, visited, code) for code in codes if log.stages[code].kind is not Kind.PARKED}
    left = {
        code: int(min(of.table(window).left.sum(), of.table(reference).left.sum())) for code, of in compared.items()
    }
    enough = [code for code in compared if left[code] >= FEWEST_TO_COMPARE]
    level = FALSE_ALARMS / max(len(enough) * len(KINDS), 1)
    found = [suspect for code in enough for suspect in _both(code, compared[code], window, reference, level)]
    return found, {code: has for code, has in left.items() if has < FEWEST_TO_COMPARE}


def significant(found: list[Suspect]) -> list[tuple[Suspect, float]]:
    """Those that hold with their q, at most one in ten of them by chance alone.

    Before any is believed, the smallest q must pass a stricter level: where nothing has changed, something is named in
    at most one of twenty pipelines (Simes' test of all comparisons together).
    """
    holds, q = comparison.false_discovery(np.array([suspect.p for suspect in found]), rate=RATE)
    if not len(q) or q.min() > FALSE_ALARMS:
        return []
    return [(suspect, float(q_of)) for suspect, held, q_of in zip(found, holds, q, strict=True) if held]


def gains(
    log: EventLog,
    visited: pl.DataFrame,
    stages: list[int],
    window: Days,
    reference: Days,
    today: int,
    rng: np.random.Generator,
) -> tuple[dict[int, relief.Gains], bool]:
    """Draws of what relieving each of the stages brings in 91 days, and whether amounts are known."""
    nightly = stage_visits.nights(visited)
    states = len(log.open_stages)

    def counted(period: Days) -> markov.Counts:
        return markov.count(chain.nights(nightly, states, *period)[0], states=states, ages=OLDEST)

    before = counted(reference)
    hazards = markov.fit(before, pseudo_events=2.0)
    mean = hazards.mean()
    windows = [counted(days) for days in _looks(window)]
    views = [relief.View(now, relief.changes(now, before, mean)) for now in windows]
    worth, has_amounts = _worth(log, visited, nightly, window, today)
    return {stage: relief.gains(hazards, views, worth, stage, rng) for stage in stages}, has_amounts


def _worth(
    log: EventLog, visited: pl.DataFrame, nightly: pl.DataFrame, window: Days, today: int
) -> tuple[relief.Worth, bool]:
    states = len(log.open_stages)
    won = visited.filter((pl.col("stage") == log.won) & pl.col("amount").is_not_null())
    usual = won["amount"].mean()
    has_amounts = isinstance(usual, float) and usual > 0
    usual_amount = float(usual) if isinstance(usual, float) and usual > 0 else 1.0
    still = nightly.filter(pl.col("left").is_null() & (pl.col("stage") < states))
    begun = nightly.filter(pl.col("first") & pl.col("entered").is_between(*window))
    amounts = still["amount"].fill_null(usual_amount).to_numpy() if has_amounts else np.ones(still.height)
    worth = relief.Worth(
        state=still["stage"].to_numpy().astype(np.int64),
        age=(today - still["entered"]).to_numpy().astype(np.int64),
        amount=amounts,
        per_day=begun.height / max(window[1] - window[0] + 1, 1) * usual_amount,
        doubt=_doubt(won["amount"], begun.height),
        entry=np.bincount(begun["stage"].to_numpy(), minlength=states + 2) / max(begun.height, 1),
    )
    return worth, has_amounts


def _doubt(won: pl.Series, begun: int) -> float:
    """The relative error of the value that comes in a day: of the mean amount won, and of how many begin."""
    mean, spread = won.mean(), won.std()
    of_amount = (
        (spread / mean) ** 2 / won.len() if isinstance(spread, float) and isinstance(mean, float) and mean else 0.0
    )
    return float((of_amount + 1 / max(begun, 1)) ** 0.5)


def _both(code: int, of: Stays, window: Days, reference: Days, level: float) -> list[Suspect]:
    """The stage's two comparisons; what they share is counted once."""
    before = of.table(reference)
    tables = [of.table(days) for days in _looks(window)]
    seen, due = weekly(of, before, reference)
    whole = (reference[0], window[1])
    over_all = weekly(of, before, whole)
    found = []
    for kind, weights in KINDS.items():
        w = np.array(weights)
        spread = comparison.weekly_dispersion(w @ seen, w @ due, w**2 @ due)
        looks = [comparison.log_rank(table, before, weights, dispersion=spread) for table in tables]
        found.append(
            Suspect(
                code=code,
                kind=kind,
                p=comparison.strongest(looks),
                since=_since(*over_all, kind, whole, window[0]),
                detectable=comparison.detectable(looks, level, power=POWER) if kind == "slower" else None,
            )
        )
    return found


def _looks(window: Days) -> list[Days]:
    """The newest four, five, … weeks of the window, and the whole of it; a window of less than four weeks as it is."""
    first, last = window
    length = last - first + 1
    return [(last - days + 1, last) for days in [*range(SHORTEST_LOOK, length, 7), length]]


def _since(seen: Floats, due: Floats, kind: str, whole: Days, otherwise: int) -> int:
    """The first day of the week from which the rates differ most; the window's first day where it cannot be told."""
    together = CHANGES_TOGETHER[kind]
    observed, expected = (np.array([counts[list(causes)].sum(axis=0) for causes in together]) for counts in (seen, due))
    week = comparison.change_point(observed, expected)
    weeks = (whole[1] - whole[0] + 1) // 7
    return otherwise if week is None else whole[1] - 7 * weeks + 1 + 7 * week


def weekly(of: Stays, before: survival.RiskTable, days: Days) -> tuple[Floats, Floats]:
    """Seen and expected by the reference's hazards, both (causes, weeks)."""
    rates = np.stack([_rate(before, cause) for cause in range(CAUSES)])
    return comparison.weekly_counts(*of.watched(days), rates, first=days[0], last=days[1])


def _rate(table: survival.RiskTable, cause: int) -> Floats:
    """The cause's hazard by age, pooled over ages so that a few old stays do not stand for all that come."""
    bins = markov.age_bins(table.events[cause].astype(float))
    events, at_risk = np.bincount(bins, table.events[cause]), np.bincount(bins, table.at_risk)
    return (events / np.maximum(at_risk, 1))[bins]
