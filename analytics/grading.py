"""What people expected beside what was forecast on the evening before and what came: how good their figures were."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company

from . import judging, recording, sources
from .estimators import blending
from .estimators.history import LEVELS
from .fiscal import Period
from .judging import Roster, lines, whose
from .models import ForecastOutcome, ForecastSnapshot, Judgement
from .rolling_up import KINDS, PERSON, WHOLE, Figure, Whose
from .selection import Selection
from .ways import OURS

GRADED_PERIODS = 12
ENOUGH_CLOSED = 30


@dataclass(frozen=True, slots=True)
class Machine:
    """What the forecast said on an evening of all that is won in a period."""

    as_of: date
    q10: float
    q50: float
    q90: float


@dataclass(frozen=True, slots=True)
class Week:
    """What stood when a week froze."""

    freezes_at: datetime
    figure: Figure | None
    machine: Machine | None


@dataclass(frozen=True, slots=True)
class Grade:
    """How commits that were frozen compare with what came. periods, weeks: how many; error: mean absolute, bias: mean,
    both as a share of what came; machine: the error of the forecast's median on the same evenings, where it was
    kept."""

    whose: Whose
    periods: int
    weeks: int
    error: float
    bias: float
    machine: float | None


class Machines:
    """What the forecast said of these periods, by whose and on which evening it was kept; read as far as it is asked
    for."""

    def __init__(self, pipeline: Pipeline, periods: Iterable[Period]):
        self._kept: dict[tuple[Period, Whose], dict[date, int]] = {}
        kept = _of_periods(ForecastSnapshot, pipeline, periods).filter(method=OURS).order_by("as_of")
        for one in kept.only("pk", "team", "owner", "starts_on", "ends_on", "as_of"):
            self._kept.setdefault((_period(one), whose(one)), {})[one.as_of] = one.pk

    def newest(self, period: Period) -> dict[Whose, Machine]:
        """The last one of each."""
        numbers = {of: list(evenings.values())[-1] for (one, of), evenings in self._kept.items() if one == period}
        read = _read(numbers.values())
        return {of: read[number] for of, number in numbers.items()}

    def before(self, freezes: Iterable[tuple[Period, Whose, datetime]]) -> list[Machine | None]:
        """What was forecast in the week before each freeze, the newest."""
        numbers = [self._before(*one) for one in freezes]
        read = _read({number for number in numbers if number})
        return [None if number is None else read[number] for number in numbers]

    def _before(self, period: Period, of: Whose, freeze: datetime) -> int | None:
        kept = self._kept.get((period, of), {})
        evenings = (freeze.date() - timedelta(days=day) for day in range(1, 8))
        return next((kept[evening] for evening in evenings if evening in kept), None)


def weeks(
    pipeline: Pipeline, period: Period, said: list[Judgement], now: Roster, machines: Machines, *, at: datetime
) -> list[Week]:
    """What stood of the whole at each freeze of the period until `at`, the newest first."""
    past = [moment for moment in judging.freezes([period])[period] if moment <= at]
    frozen = {moment: words for moment in past[::-1] if (words := _until(said, moment))}
    if not frozen:
        return []
    then = judging.rosters(pipeline, now, since=period.start)
    computed = machines.before((period, WHOLE, moment) for moment in frozen)
    return [
        Week(moment, lines(words, then(moment))[WHOLE].figure, machine)
        for (moment, words), machine in zip(frozen.items(), computed, strict=True)
    ]


def grades(
    pipeline: Pipeline, now: Roster, *, on: date, sees: Callable[[Whose], bool] = lambda _of: True
) -> list[Grade]:
    """Of the whole, and every team and person whom somebody `sees`, as far as periods are over and what came is written
    down. Of a person who has closed fewer than ENOUGH_CLOSED deals nothing is said, nor of a sum that lacks somebody.
    """
    periods = _judged(pipeline, on)[:GRADED_PERIODS]
    if not periods:
        return []
    then = judging.rosters(pipeline, now, since=min(periods).start)
    words, outcomes = (_of_periods(model, pipeline, periods).order_by("id") for model in (Judgement, ForecastOutcome))
    said = {period: [word for word in words if _period(word) == period] for period in periods}
    came = {(_period(one), whose(one)): one.won for one in outcomes}
    rows = [
        _Row(of, period, moment, float(line.figure.commit), came[period, of])
        for period, moments in judging.freezes(periods).items()
        for moment in moments
        for of, line in lines(_until(said[period], moment), then(moment)).items()
        if line.figure and line.is_whole and (period, of) in came and sees(of) and _is_told(of, now)
    ]
    computed = Machines(pipeline, periods).before((row.period, row.of, row.freeze) for row in rows)
    found: dict[Whose, list[tuple[_Row, Machine | None]]] = {}
    for row, machine in zip(rows, computed, strict=True):
        found.setdefault(row.of, []).append((row, machine))
    graded = [grade for of, beside in found.items() if (grade := _grade(of, beside))]
    return sorted(graded, key=lambda grade: (KINDS.index(grade.whose[0]), grade.whose[1]))


def write_outcomes(*, at: datetime) -> int:
    """Write down what came in periods that are over and were judged; answers how often. Twice is once."""
    written = 0
    for pipeline in Pipeline.objects.filter(archived_at=None):
        who = judging.roster(pipeline)
        for period in _judged(pipeline, sources.today(pipeline, at)):
            known = {whose(one) for one in _of_periods(ForecastOutcome, pipeline, [period])}
            said = judging.words(pipeline, period)
            judged = {of for of, line in lines(said, who).items() if line.figure}
            evening = recording.Evening(Selection(pipeline.pk, period.end))
            for of in sorted(judged - known):
                chosen = evening.whole if of == WHOLE else replace(evening.whole, **{of[0]: of[1]})
                evening.write_outcome(chosen, period, at=at)
                written += 1
    return written


@dataclass(frozen=True, slots=True)
class _Row:
    """What stood of somebody when a week froze, and what came of the period."""

    of: Whose
    period: Period
    freeze: datetime
    said: float
    came: float


def _is_told(of: Whose, now: Roster) -> bool:
    return of[0] != PERSON or now.closed.get(of[1], 0) >= ENOUGH_CLOSED


def _grade(of: Whose, beside: list[tuple[_Row, Machine | None]]) -> Grade | None:
    rows = [row for row, _machine in beside]
    came = sum(row.came for row in rows)
    if came <= 0:
        return None
    missed = [abs(machine.q50 - row.came) for row, machine in beside if machine]
    return Grade(
        whose=of,
        periods=len({row.period for row in rows}),
        weeks=len(rows),
        error=sum(abs(row.said - row.came) for row in rows) / came,
        bias=sum(row.said - row.came for row in rows) / came,
        machine=sum(missed) / came if len(missed) == len(rows) else None,
    )


def _judged(pipeline: Pipeline, on: date) -> list[Period]:
    """Periods that are over and of which something was said, the newest first."""
    over = Judgement.objects.filter(pipeline=pipeline, ends_on__lt=on, currency=Company.get().base_currency)
    found = over.order_by("-ends_on", "starts_on").values_list("starts_on", "ends_on").distinct()
    return [Period(start, end) for start, end in found]


def _of_periods(model: Any, pipeline: Pipeline, periods: Iterable[Period]) -> QuerySet[Any]:
    """What is kept of these periods, in the currency of today."""
    chosen = reduce(or_, (Q(starts_on=period.start, ends_on=period.end) for period in periods))
    return model.objects.filter(chosen, pipeline=pipeline, currency=Company.get().base_currency)


def _period(of: Judgement | ForecastSnapshot | ForecastOutcome) -> Period:
    return Period(of.starts_on, of.ends_on)


def _until(said: Iterable[Judgement], moment: datetime) -> list[Judgement]:
    """What had been said when the week froze."""
    return [word for word in said if word.recorded_at < moment]


def _read(numbers: Iterable[int]) -> dict[int, Machine]:
    kept = ForecastSnapshot.objects.filter(pk__in=list(numbers)).only("as_of", "quantiles")
    return {one.pk: _machine(one) for one in kept}


def _machine(kept: ForecastSnapshot) -> Machine:
    levels = np.full(len(LEVELS), np.array(kept.quantiles, dtype=float))
    return Machine(kept.as_of, *(blending.quantile(levels, level) for level in (0.1, 0.5, 0.9)))
