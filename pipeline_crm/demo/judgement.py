"""What the people of the demo company expected last month and expect this month, each Friday anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.db.models import Sum

from analytics import judging, sources
from analytics.fiscal import MONTH, Period, containing
from analytics.rolling_up import TEAM
from deals.models import Deal, Pipeline
from pipeline_crm.accounts.models import Team, User

FRIDAY = 4
DAILY_SHARE = 0.015  # a month half gone is known to about a quarter


def furnish(
    pipeline: Pipeline, *, reps: dict[str, list[User]], teams: dict[str, Team], manager: User, at: datetime, seed: int
) -> None:
    """Everybody says something on each Friday; one team's leader says another figure this month."""
    rng, today = Random(seed), sources.today(pipeline, at)
    present = containing(today, MONTH, first_month=1)
    last = containing(present.start - timedelta(days=1), MONTH, first_month=1)
    people = [rep for name in sorted(reps) for rep in reps[name]]
    for period in (last, present):
        usual = {rep: _won(pipeline, rep, period, until=today) for rep in people}
        temper = {rep: rng.uniform(0.75, 1.3) for rep in people}
        for day in _fridays(period, today):
            for rep in people:
                near = 1 + rng.uniform(-1, 1) * (period.end - day).days * DAILY_SHARE
                commit = max(round(float(usual[rep]) * temper[rep] * near, -3), 3000.0)
                moment = at.replace(day=day.day, month=day.month, year=day.year, hour=8)
                best = round(commit * rng.uniform(1.2, 1.6), -3)
                judging.submit(
                    pipeline, period, commit=Decimal(str(commit)), best_case=Decimal(str(best)), by=rep, at=moment
                )
    name = sorted(teams)[0]
    below = judging.lines(judging.words(pipeline, present), judging.roster(pipeline)).get((TEAM, teams[name].pk))
    if below is None or below.figure is None:
        return
    commit, best_case = (
        round(amount * Decimal("0.85"), -3) for amount in (below.figure.commit, below.figure.best_case)
    )
    reason = "Two resorts wait for January"
    judging.override(
        pipeline, present, team=teams[name], commit=commit, best_case=best_case, reason=reason, by=manager, at=at
    )


def _fridays(period: Period, today: date) -> list[date]:
    days = (period.start + timedelta(days=day) for day in range((min(period.end, today) - period.start).days + 1))
    return [day for day in days if day.weekday() == FRIDAY and day < today]


def _won(pipeline: Pipeline, rep: User, period: Period, *, until: date) -> Decimal:
    """What the rep won in the period, drawn out to its end where it is under way."""
    won = Deal.objects.won().filter(
        pipeline=pipeline, owner=rep, stage_entered_at__date__range=(period.start, min(period.end, until))
    )
    gone = (min(period.end, until) - period.start).days + 1
    total = won.aggregate(total=Sum("base_amount"))["total"] or Decimal(0)
    return total * ((period.end - period.start).days + 1) / gone
