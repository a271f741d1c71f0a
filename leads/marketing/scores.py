"""What pages show of a score: its points in words, how it went, and the learned chance beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain import scoring
from ..domain.recycling import local_date
from ..domain.scoring import Point, Score
from ..models import ChanceNorm, Lead, LeadChance, ScoreDay, ScoreRule
from ..models.score import HIGHEST

TOUCHES = 6
REMEMBERS = timedelta(days=90)
WIDTH, HEIGHT = 120, 28


@dataclass(frozen=True)
class Shown:
    score: Score
    touches: tuple[Point, ...]
    earlier: int  # what is left of the touches that are not named
    trend: int
    way: str
    chance: LeadChance | None
    norm: ChanceNorm | None
    has_rules: bool


def shown(lead: Lead, *, at: datetime) -> Shown:
    """The score as the rules give it at this moment, so that every point of it can be named."""
    score = scoring.of_lead(lead, at=at)
    newest = tuple(point for point in score.engagement if point.shown)[:TOUCHES]
    rest = score.engagement_points - sum(point.shown for point in newest)
    return Shown(
        score=score,
        touches=newest,
        earlier=rest,
        trend=score.total - lead.score_week_ago,
        way=_way(lead, score.total, at),
        chance=LeadChance.objects.filter(lead=lead).first() if lead.is_open else None,
        norm=ChanceNorm.objects.first(),
        has_rules=bool(score.fit or score.engagement) or ScoreRule.objects.exists(),
    )


def _way(lead: Lead, now: int, at: datetime) -> str:
    """The score day by day, as the points of a line; nothing where it has hardly moved."""
    today = local_date(at)
    days = list(ScoreDay.objects.filter(lead=lead, on__gt=today - REMEMBERS).values_list("on", "score"))
    if len({score for _on, score in days}) < 2:
        return ""
    first = days[0][0]
    span = max((today - first).days, 1)
    steps: list[tuple[float, int]] = []
    for on, score in [*days, (today, now)]:
        x = (on - first).days / span
        if steps:
            steps.append((x, steps[-1][1]))
        steps.append((x, score))
    return " ".join(f"{x * WIDTH:.1f},{HEIGHT - 2 - (HEIGHT - 4) * y / HIGHEST:.1f}" for x, y in steps)
