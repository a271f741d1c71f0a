"""What was learned of the lead stages comes down as facts, for the board and panels to read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ..models import ChanceNorm, Lead, LeadChance, LeadStageNorm


@dataclass(frozen=True)
class Learned:
    """n: passages that ended; days by which half, and 85 %, of all that enter have left."""

    stage: str
    n: int
    median_days: float | None
    p85_days: float | None


@transaction.atomic
def write_norms(norms: Iterable[Learned], *, as_of: datetime) -> None:
    """Replace the norms of the stages named; the others keep theirs."""
    for norm in norms:
        LeadStageNorm.objects.update_or_create(
            stage=norm.stage,
            defaults={"n": norm.n, "median_days": norm.median_days, "p85_days": norm.p85_days, "as_of": as_of},
        )


@dataclass(frozen=True)
class Chance:
    """The chance that a lead becomes a deal, and its interval."""

    lead: int
    chance: float
    low: float
    high: float


@transaction.atomic
def write_chances(
    chances: Iterable[Chance],
    *,
    n: int,
    events: int,
    needed: int,
    skill: float | None,
    is_enough: bool,
    horizon_days: int,
    as_of: datetime,
) -> None:
    """Replace what was learned of all open leads, together with what it rests on; none of before stays."""
    facts = {"n": n, "events": events, "needed": needed, "skill": skill, "is_enough": is_enough}
    ChanceNorm.objects.update_or_create(defaults={**facts, "horizon_days": horizon_days, "as_of": as_of}, id=1)
    LeadChance.objects.all().delete()
    still_there = set(Lead.objects.open().values_list("pk", flat=True))
    LeadChance.objects.bulk_create(
        (
            LeadChance(lead_id=one.lead, chance=one.chance, low=one.low, high=one.high)
            for one in chances
            if one.lead in still_there
        ),
        batch_size=5000,
    )
