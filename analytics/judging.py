"""What people expect to be won: said, overridden by whoever leads, frozen each week, and held to account as forecasts
are. Every word is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.accounts.domain import company
from pipeline_crm.accounts.models import Company, Membership, Role
from pipeline_crm.foundation.errors import Refusal

from . import fiscal, recording, rolling_up, sources
from .estimators import blending
from .estimators.history import LEVELS
from .fiscal import Period
from .models import ForecastOutcome, ForecastSnapshot, Judgement
from .rolling_up import PERSON, TEAM, WHOLE, Figure, Line, Whose
from .selection import Selection
from .ways import OURS

CUT_OFF = ("freeze_weekday", "freeze_hour", "time_zone")
AHEAD = {fiscal.MONTH: 3, fiscal.QUARTER: 2}
GRADED_PERIODS = 12
ENOUGH_CLOSED = 30


class PeriodIsOver(Refusal):
    """What is won in a period that is over is known."""

    status = 422


class BestCaseBelowCommit(Refusal):
    """The best case is no less than what is for sure."""

    status = 422


class ReasonMissing(Refusal):
    """Whoever says another figure than those below says why."""

    status = 422


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


def freezes_at(at: datetime) -> datetime:
    """The next cut-off: what is said at `at` belongs to the week that ends with it."""
    now = Company.get()
    zone, hour = ZoneInfo(now.time_zone), time(now.freeze_hour)
    day = at.astimezone(zone).date()
    day += timedelta(days=(now.freeze_weekday - day.weekday()) % 7)
    moment = datetime.combine(day, hour, zone)
    return moment if moment > at else datetime.combine(day + timedelta(days=7), hour, zone)


def periods(today: date) -> list[Period]:
    """What can be judged: the present month and quarter, and those that come next."""
    month = Company.get().fiscal_year_start_month
    found = []
    for months, number in AHEAD.items():
        period = fiscal.containing(today, months, first_month=month)
        for _number in range(number):
            found.append(period)
            period = Period.of(period.end + timedelta(days=1), months)
    return found


def submit(
    pipeline: Pipeline, period: Period, *, commit: Decimal, best_case: Decimal, reason: str = "", by, at: datetime
) -> Judgement:
    """The person expects so much of their own deals. It counts until they say something else; the same again within
    the week is no new word.

    Refused: a period that is over (PeriodIsOver), a best case below the commit (BestCaseBelowCommit).
    """
    return _say(pipeline, period, commit, best_case, reason, by=by, at=at, owner=by, is_override=False)


def override(
    pipeline: Pipeline,
    period: Period,
    *,
    commit: Decimal | None,
    best_case: Decimal | None,
    reason: str,
    team=None,
    owner=None,
    by,
    at: datetime,
) -> Judgement:
    """Whoever leads expects something else of the person, the team, or the whole pipeline than is said below; that
    stays. Without amounts the override is taken back.

    Refused: no reason (ReasonMissing), a period that is over, a best case below the commit.
    """
    if not reason.strip():
        raise ReasonMissing(_("Say why you expect something else."), fields=["reason"])
    return _say(pipeline, period, commit, best_case, reason, by=by, at=at, team=team, owner=owner, is_override=True)


@transaction.atomic
def _say(pipeline, period, commit, best_case, reason, *, by, at, is_override, team=None, owner=None) -> Judgement:
    if sources.today(pipeline, at) > period.end:
        raise PeriodIsOver(_("That period is over."), fields=["commit"])
    if commit is not None and best_case < commit:
        raise BestCaseBelowCommit(_("The best case is no less than what is for sure."), fields=["best_case"])
    Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    whose = {"pipeline": pipeline, "team": team, "owner": owner, "starts_on": period.start, "ends_on": period.end}
    said = {"commit": commit, "best_case": best_case, "reason": reason.strip(), "is_override": is_override}
    said |= {"freezes_at": freezes_at(at), "currency": Company.get().base_currency}
    newest = Judgement.objects.filter(**whose, is_override=is_override).order_by("-id").first()
    if newest and all(getattr(newest, name) == value for name, value in (said | {"by": by}).items()):
        return newest
    return Judgement.objects.create(**whose, **said, by=by, recorded_at=at)


def words(pipeline: Pipeline, period: Period) -> QuerySet[Judgement]:
    """All that was said of the period, in order, in the currency of today."""
    of = {"pipeline": pipeline, "starts_on": period.start, "ends_on": period.end}
    said = Judgement.objects.filter(**of, currency=Company.get().base_currency)
    return said.select_related("team", "owner", "by").order_by("id")


def whose(of: Judgement | ForecastSnapshot | ForecastOutcome) -> Whose:
    if of.owner_id:
        return PERSON, of.owner_id
    return (TEAM, of.team_id) if of.team_id else WHOLE


@dataclass(frozen=True, slots=True)
class Roster:
    """Who sells: the people of each team, who has open deals, and how many deals each has closed."""

    members: dict[int, set[int]]
    selling: set[int]
    closed: dict[int, int]


def roster(pipeline: Pipeline) -> Roster:
    """Who has left stays in the teams, so that what their leaders said goes on covering them."""
    members: dict[int, set[int]] = {}
    of_teams = Membership.objects.exclude(role=Role.MARKETER)
    for team, person in of_teams.values_list("team", "user"):
        members.setdefault(team, set()).add(person)
    owners = sources.owners(pipeline)
    return Roster(
        members, {who for who, many in owners.items() if many.open}, {who: many.closed for who, many in owners.items()}
    )


def lines(said: Iterable[Judgement], who: Roster) -> dict[Whose, Line]:
    """What stands of everybody: who has open deals, and whoever said something or of whom something was said."""
    said = list(said)
    people = who.selling | {word.owner_id for word in said if word.owner_id}
    members = {team: inside & people for team, inside in who.members.items() if inside & people}
    members |= {word.team_id: who.members.get(word.team_id, set()) & people for word in said if word.team_id}
    return rolling_up.roll_up(said, whose, members, people)


def machines(pipeline: Pipeline, period: Period) -> dict[tuple[Whose, date], Machine]:
    """What the forecast said of the period, by whose and on which evening it was kept."""
    of = {"pipeline": pipeline, "starts_on": period.start, "ends_on": period.end, "method": OURS}
    kept = ForecastSnapshot.objects.filter(**of, currency=Company.get().base_currency).order_by("as_of")
    return {(whose(one), one.as_of): _machine(one) for one in kept}


def newest(kept: dict[tuple[Whose, date], Machine]) -> dict[Whose, Machine]:
    """The last one of each."""
    return {of: said for (of, _evening), said in kept.items()}


def weeks(
    said: list[Judgement], who: Roster, period: Period, kept: dict[tuple[Whose, date], Machine], *, at: datetime
) -> list[Week]:
    """What stood of the whole at each freeze of the period until `at`, the newest first."""
    spells = company.over_time(*CUT_OFF)
    return [
        Week(moment, lines(frozen, who)[WHOLE].figure, _before(kept, WHOLE, moment))
        for moment in _freezes(period, spells)[::-1]
        if moment <= at and (frozen := _frozen(said, moment))
    ]


def grades(pipeline: Pipeline, who: Roster, *, on: date) -> list[Grade]:
    """Of every person and team, and of the whole, as far as periods are over and what came is written down: the whole
    first. Of a person who has closed fewer than ENOUGH_CLOSED deals nothing is said, nor of a sum that lacks somebody.
    """
    found: dict[Whose, list[_Row]] = {}
    spells = company.over_time(*CUT_OFF)
    for period in _judged(pipeline, on)[:GRADED_PERIODS]:
        came = {whose(one): one.won for one in _outcomes(pipeline, period)}
        said, kept = list(words(pipeline, period)), machines(pipeline, period)
        for moment in _freezes(period, spells):
            for of, line in lines(_frozen(said, moment), who).items():
                if line.figure and line.is_whole and of in came:
                    beside = _before(kept, of, moment)
                    found.setdefault(of, []).append(_Row(period, float(line.figure.commit), came[of], beside))
    told = [of for of in found if of[0] != PERSON or who.closed.get(of[1], 0) >= ENOUGH_CLOSED]
    graded = [grade for of in told if (grade := _grade(of, found[of]))]
    return sorted(graded, key=lambda grade: (_ORDER[grade.whose[0]], grade.whose[1]))


def write_outcomes(*, at: datetime) -> int:
    """Write down what came in periods that are over and were judged; answers how often. Twice is once."""
    written = 0
    for pipeline in Pipeline.objects.filter(archived_at=None):
        who = roster(pipeline)
        for period in _judged(pipeline, sources.today(pipeline, at)):
            known = {whose(one) for one in _outcomes(pipeline, period)}
            said = words(pipeline, period)
            judged = {of for of, line in lines(said, who).items() if line.figure}
            for of in sorted(judged - known):
                whole = Selection(pipeline.pk, period.end)
                chosen = whole if of == WHOLE else replace(whole, **{of[0]: of[1]})
                recording.write_outcome(chosen, period, at=at)
                written += 1
    return written


_ORDER = {WHOLE[0]: 0, TEAM: 1, PERSON: 2}


@dataclass(frozen=True, slots=True)
class _Row:
    period: Period
    said: float
    came: float
    machine: Machine | None


def _grade(of: Whose, rows: list[_Row]) -> Grade | None:
    came = sum(row.came for row in rows)
    if came <= 0:
        return None
    missed = [abs(row.machine.q50 - row.came) for row in rows if row.machine]
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


def _outcomes(pipeline: Pipeline, period: Period) -> QuerySet[ForecastOutcome]:
    of = {"pipeline": pipeline, "starts_on": period.start, "ends_on": period.end}
    return ForecastOutcome.objects.filter(**of, currency=Company.get().base_currency)


def _frozen(said: Iterable[Judgement], moment: datetime) -> list[Judgement]:
    return [word for word in said if word.recorded_at < moment]


def _freezes(period: Period, spells: list[company.Spell]) -> list[datetime]:
    """The cut-offs within the period, each as the company had said it until then."""
    return sorted(moment for spell in spells for moment in _freezes_of(period, spell))


def _freezes_of(period: Period, spell: company.Spell) -> Iterator[datetime]:
    weekday, hour, zone = (spell.facts[name] for name in CUT_OFF)
    day = period.start + timedelta(days=(weekday - period.start.weekday()) % 7)
    while day <= period.end:
        moment = datetime.combine(day, time(hour), ZoneInfo(zone))
        if spell.since < moment <= spell.until:
            yield moment
        day += timedelta(days=7)


def _before(kept: dict[tuple[Whose, date], Machine], of: Whose, freeze: datetime) -> Machine | None:
    """What was forecast in the week before the freeze, the newest."""
    evenings = (freeze.date() - timedelta(days=day) for day in range(1, 8))
    return next((kept[of, evening] for evening in evenings if (of, evening) in kept), None)


def _machine(kept: ForecastSnapshot) -> Machine:
    levels = np.full(len(LEVELS), np.array(kept.quantiles, dtype=float))
    return Machine(kept.as_of, *(blending.quantile(levels, level) for level in (0.1, 0.5, 0.9)))
