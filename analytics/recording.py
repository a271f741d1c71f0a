"""Keeps every evening's forecasts as they were said, and what came of them, so that both can be held to account.

What is kept for an evening rests on what was known at its end alone, whenever the job comes to it the day after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.db import transaction

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company, Membership, Role

from . import backtesting, crossing, days, fiscal, sources
from .estimators import attainment
from .estimators.history import LEVELS
from .estimators.survival import Floats
from .fiscal import Period
from .kept import Asked, Kept
from .known import History, history_of
from .models import ForecastOutcome, ForecastSnapshot, Judgement, Target
from .outlook import Outlook
from .parts import OfPart
from .plain import plain
from .reports import forecast
from .reports._targets import shown
from .river import Goal, River
from .selection import Selection
from .ways import OURS

WHOSE = ("team", "owner")
Judged = dict[tuple[int | None, int | None], set[Period]]


def due(*, at: datetime) -> list[Evening]:
    """The evening that is over of each pipeline, with all whose forecasts are to be kept: the pipeline's, and in it
    those of teams and people who have a target, of whom people expect something, or of whom something was forecast that
    is to be graded."""
    found = []
    for pipeline in Pipeline.objects.filter(archived_at=None).order_by("pk"):
        evening = sources.today(pipeline, at) - timedelta(days=1)
        targets = Target.objects.filter(pipeline=pipeline).said_before(at)
        standing = [target for target in targets if target.base_amount is not None and target.ends_on > evening]
        judged = _judged(pipeline, evening)
        whose = {(target.team_id, target.owner_id) for target in standing} | judged.keys()
        whose |= {(said["team"], said["owner"]) for said in _ungraded({"pipeline": pipeline.pk}, evening)}
        cuts = sorted(whose - {(None, None)}, key=lambda pair: (pair[0] or 0, pair[1] or 0))
        whole = Selection(pipeline.pk, evening)
        found.append(Evening(whole, [replace(whole, team=team, owner=owner) for team, owner in cuts], judged))
    return found


class Evening:
    """An evening of a pipeline, and whose forecasts of it are kept: the whole's first, then those of teams and people.

    The log is read once for all of them, when the first one asks, and so is what they borrow from the whole.
    """

    def __init__(self, whole: Selection, parts: Sequence[Selection] = (), judged: Judged | None = None):
        self.whole, self.selections = whole, [whole, *parts]
        self._judged = judged or {}

    @transaction.atomic
    def keep(self, selection: Selection, *, at: datetime) -> int:
        """Keep what is forecast on the evening, grade what has ended by then, and tell managers of targets whose chance
        has crossed a line; answers how many forecasts were kept. Twice is once."""
        of, evening = _of(selection), selection.as_of
        ungraded = list(_ungraded(of, evening))
        is_kept = ForecastSnapshot.objects.filter(**of, as_of=evening).exists()
        if is_kept and not ungraded:
            return 0
        river, history = self._of(selection)
        for said in ungraded:
            _grade(of, Period(said["starts_on"], said["ends_on"]), river, history, at=at)
        if is_kept:
            return 0
        of |= {"as_of": evening, "recorded_at": at}
        said = [ForecastSnapshot(**of, **facts) for facts in self._said(selection, river, history)]
        ForecastSnapshot.objects.bulk_create(said, ignore_conflicts=True)
        crossing.tell(selection, at=at)
        return len(said)

    @transaction.atomic
    def write_outcome(self, selection: Selection, period: Period, *, at: datetime) -> None:
        """Write down what these deals brought in the period, of which this is the last evening. Twice is once."""
        _grade(_of(selection), period, *self._of(selection), at=at)

    @cached_property
    def _reading(self) -> sources.Reading:
        return sources.Reading(self.whole.pipeline, self.whole.as_of)

    @cached_property
    def _whole(self) -> tuple[River, History]:
        river = self._reading.river(self.whole)
        return river, history_of(river)

    @cached_property
    def _lender(self) -> Outlook:
        """Of the whole: what parts borrow from."""
        return Outlook(self._whole[1])

    def _of(self, selection: Selection) -> tuple[River, History]:
        if selection == self.whole:
            return self._whole
        river = self._reading.river(selection)
        return river, history_of(river)

    def _said(self, selection: Selection, river: River, history: History) -> Iterator[dict[str, Any]]:
        """What every method says of each coming period, as far as there is enough to say something."""
        today = days.number(selection.as_of)
        goals = shown(river.goals, selection.as_of)
        reach = forecast.reach(selection, goals)
        is_part = river.whole is not None
        known = {"reach": reach, "recall": river.recall}
        outlook = OfPart(history, self._lender, **known) if is_part else Outlook(history, **known)
        if not outlook.can_say(today):
            return
        aims = {Period(goal.start, goal.end): goal for goal in goals}
        judged = self._judged.get((selection.team, selection.owner), set())
        for period in sorted(judged | _periods(selection, goals, reach)):
            start, end = days.number(period.start), days.number(period.end)
            skip, won = max(start - 1 - today, 0), outlook.history.as_of(today).won_between(start, today)
            answers = backtesting.answers(outlook, today, length=end - today - skip, skip=skip)
            for method, coming in answers.items():
                is_figure = coming[0] == coming[-1]
                yield {
                    "starts_on": period.start,
                    "ends_on": period.end,
                    "currency": river.currency,
                    "method": method,
                    "won": plain(won),
                    "point": plain(won + float(coming.mean())),
                    "quantiles": plain([won + float(value) for value in (coming[:1] if is_figure else coming)]),
                    **(_aim(aims[period], won, coming) if method == OURS and period in aims else {}),
                }


def kept(selection: Selection, asked: Iterable[Asked]) -> Kept:
    """What was kept of exactly these deals on these evenings of these periods, in the currency of today."""
    if set(selection.cut) - set(WHOSE) or len(selection.cut) > 1:
        return Kept()
    asked = set(asked)
    of = _of(selection) | {"currency": Company.get().base_currency}
    evenings, begins = ({days.day(one[place]) for one in asked} for place in (0, 1))
    said: dict[Asked, dict[str, Floats]] = {}
    snapshots = ForecastSnapshot.objects.filter(**of, as_of__in=evenings, starts_on__in=begins)
    for one in snapshots.only("as_of", "starts_on", "ends_on", "method", "quantiles"):
        key = (days.number(one.as_of), days.number(one.starts_on), days.number(one.ends_on))
        if key in asked:
            said.setdefault(key, {})[one.method] = np.full(len(LEVELS), np.array(one.quantiles, dtype=float))
    came = ForecastOutcome.objects.filter(**of, starts_on__in=begins, ends_on__lte=selection.as_of)
    return Kept(said, {(days.number(one.starts_on), days.number(one.ends_on)): one.won for one in came})


def head() -> str:
    """How far what is kept has come."""
    newest = (model.objects.order_by("-pk").values_list("pk", flat=True).first() for model in _KEPT)
    return ".".join(str(number or 0) for number in newest)


_KEPT = (ForecastSnapshot, ForecastOutcome)


def _of(selection: Selection) -> dict[str, Any]:
    return {f"{name}_id": getattr(selection, name) for name in ("pipeline", *WHOSE)}


def _ungraded(of: dict[str, Any], evening: date) -> Iterator[dict[str, Any]]:
    """Periods that are over, of which something was forecast, and of which it is not written down yet what came."""
    fields = ("pipeline", *WHOSE, "starts_on", "ends_on")
    ended = ForecastSnapshot.objects.filter(**of, ends_on__lte=evening, method=OURS).values(*fields)
    known = set(ForecastOutcome.objects.filter(**of, ends_on__lte=evening).values_list(*fields))
    for said in ended.order_by(*fields).distinct():
        if tuple(said[name] for name in fields) not in known:
            yield said


def _judged(pipeline: Pipeline, evening: date) -> Judged:
    """By (team, owner), the periods that go on after the evening and of which people expect something: of whom it is
    said, and of the teams that they are in."""
    said = Judgement.objects.filter(pipeline=pipeline, ends_on__gt=evening)
    teams: dict[int, set[int]] = {}
    for person, team in Membership.objects.exclude(role=Role.MARKETER).values_list("user", "team"):
        teams.setdefault(person, set()).add(team)
    found: Judged = {}
    for team, owner, start, end in said.values_list("team", "owner", "starts_on", "ends_on").distinct():
        for whose in {(team, owner), *((of, None) for of in teams.get(owner, ()))}:
            found.setdefault(whose, set()).add(Period(start, end))
    return found


def _grade(of: dict[str, Any], period: Period, river: River, history: History, *, at: datetime) -> None:
    """Write down what came, as it was known on the evening of the last day."""
    start, end = days.number(period.start), days.number(period.end)
    facts = {"currency": river.currency, "won": plain(history.as_of(end).won_between(start, end)), "recorded_at": at}
    ForecastOutcome.objects.get_or_create(**of, starts_on=period.start, ends_on=period.end, defaults=facts)


def _aim(goal: Goal, won: float, coming: Floats) -> dict[str, Any]:
    chance = attainment.chance(coming, max(goal.amount - won, 0.0))
    return {"target": Decimal(str(round(goal.amount, 2))), "chance": plain(chance)}


def _periods(selection: Selection, goals: list[Goal], reach: int) -> set[Period]:
    """Those of targets; of a whole pipeline also months and quarters as far as its page looks ahead, and years."""
    found = {Period(goal.start, goal.end) for goal in goals if goal.end > selection.as_of}
    if not selection.cut:
        month = Company.get().fiscal_year_start_month
        coming = fiscal.coming(selection.as_of + timedelta(days=1), first_month=month)
        last = selection.as_of + timedelta(days=reach)
        found |= {period for period in coming if period.end <= last or period.months == fiscal.YEAR}
    return found
