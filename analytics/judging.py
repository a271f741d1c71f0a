"""What people expect to be won: said, overridden by whoever leads, frozen each week. Every word is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.accounts.domain import company, membership
from pipeline_crm.accounts.models import Company, Membership, Role
from pipeline_crm.foundation.errors import Refusal

from . import fiscal, rolling_up, sources
from .fiscal import Period
from .models import ForecastOutcome, ForecastSnapshot, Judgement
from .rolling_up import PERSON, TEAM, WHOLE, Line, Whose

CUT_OFF = ("freeze_weekday", "freeze_hour", "time_zone")
AHEAD = {fiscal.MONTH: 3, fiscal.QUARTER: 2}


class PeriodIsOver(Refusal):
    """What is won in a period that is over is known."""

    status = 422


class BestCaseBelowCommit(Refusal):
    """The best case is no less than what is for sure."""

    status = 422


class ReasonMissing(Refusal):
    """Whoever says another figure than those below says why."""

    status = 422


def freezes_at(at: datetime) -> datetime:
    """The next cut-off: what is said at `at` belongs to the week that ends with it."""
    now = Company.get()
    zone, hour = ZoneInfo(now.time_zone), time(now.freeze_hour)
    day = at.astimezone(zone).date()
    day += timedelta(days=(now.freeze_weekday - day.weekday()) % 7)
    moment = datetime.combine(day, hour, zone)
    return moment if moment > at else datetime.combine(day + timedelta(days=7), hour, zone)


def freezes(periods: Iterable[Period]) -> dict[Period, list[datetime]]:
    """The cut-offs within each period, as the company had said them until then."""
    spells = company.over_time(*CUT_OFF)
    return {period: sorted(moment for spell in spells for moment in _freezes(period, spell)) for period in periods}


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
    """Who sells: the people of each team, and who has open deals. closed: how many deals each has closed by today."""

    members: dict[int, set[int]]
    selling: set[int]
    closed: dict[int, int]


def roster(pipeline: Pipeline) -> Roster:
    """Who has left stays in the teams, so that what their leaders said goes on covering them."""
    owners = sources.owners(pipeline)
    roles = {(user, team): role for user, team, role in Membership.objects.values_list("user", "team", "role")}
    return Roster(
        _members(roles),
        {who for who, many in owners.items() if many.open},
        {who: many.closed for who, many in owners.items()},
    )


def rosters(pipeline: Pipeline, now: Roster, *, since: date) -> Callable[[datetime], Roster]:
    """Answers who sold at a moment since then: who moves, comes or goes later changes nothing of it."""
    first = datetime.combine(since, time(), UTC) - timedelta(days=1)
    roles, selling = membership.roles(), sources.selling(pipeline, since=first)
    return lambda moment: replace(now, members=_members(roles(moment)), selling=selling(moment))


def lines(said: Iterable[Judgement], who: Roster) -> dict[Whose, Line]:
    """What stands of everybody: who has open deals, and whoever said something or of whom something was said."""
    said = list(said)
    people = who.selling | {word.owner_id for word in said if word.owner_id}
    members = {team: inside & people for team, inside in who.members.items() if inside & people}
    members |= {word.team_id: who.members.get(word.team_id, set()) & people for word in said if word.team_id}
    return rolling_up.roll_up(said, whose, members, people)


def _members(roles: Mapping[tuple[int, int], str]) -> dict[int, set[int]]:
    """The people of each team who may sell, by their roles."""
    found: dict[int, set[int]] = {}
    for (person, team), role in roles.items():
        if role != Role.MARKETER:
            found.setdefault(team, set()).add(person)
    return found


def _freezes(period: Period, spell: company.Spell) -> Iterator[datetime]:
    weekday, hour, zone = (spell.facts[name] for name in CUT_OFF)
    day = period.start + timedelta(days=(weekday - period.start.weekday()) % 7)
    while day <= period.end:
        moment = datetime.combine(day, time(hour), ZoneInfo(zone))
        if spell.since < moment <= spell.until:
            yield moment
        day += timedelta(days=7)
