"""What was learned of the stages comes down as facts, for boards and panels to read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from ..models import ChanceNorm, DealChance, Pipeline, RetryNorm, StageNorm

CHANCES_AT_ONCE = 2000


@dataclass(frozen=True)
class Learned:
    """n: passages that ended; days by which half, and 85 %, of all that enter have left; the chance to be won."""

    stage: int
    n: int
    median_days: float | None
    p85_days: float | None
    chance: float | None


@transaction.atomic
def write_norms(norms: Iterable[Learned], *, as_of: datetime) -> None:
    """Replace the norms of the stages named; the others keep theirs."""
    for norm in norms:
        StageNorm.objects.update_or_create(
            stage_id=norm.stage,
            defaults={
                "n": norm.n,
                "median_days": norm.median_days,
                "p85_days": norm.p85_days,
                "chance": norm.chance,
                "as_of": as_of,
            },
        )


@dataclass(frozen=True)
class Wait:
    """Of a lost reason: attempts known, the wait in days that pays best, and the span of waits nearly as good."""

    reason: int
    n: int
    best_days: int
    from_days: int
    to_days: int


@transaction.atomic
def write_waits(waits: Iterable[Wait], *, as_of: datetime) -> None:
    """Replace what is known of the waits of all reasons."""
    RetryNorm.objects.all().delete()
    RetryNorm.objects.bulk_create(
        RetryNorm(
            reason_id=wait.reason,
            n=wait.n,
            best_days=wait.best_days,
            from_days=wait.from_days,
            to_days=wait.to_days,
            as_of=as_of,
        )
        for wait in waits
    )


@dataclass(frozen=True)
class Expected:
    """Of an open deal as it stood in `stage`: its chance with a range, the days between which it is won if it is, and
    what moves the chance (see DealChance)."""

    deal: int
    stage: int
    chance: float
    low: float
    high: float
    early_on: date | None
    likely_on: date | None
    late_on: date | None
    reasons: list[dict[str, Any]]


@transaction.atomic
def write_chances(pipeline: Pipeline, expected: Iterable[Expected], *, closed: int, head: str, as_of: datetime) -> None:
    """Replace what is expected of all deals of the pipeline; of those not named nothing is expected. No deal changes,
    so no card that is open somewhere is contested."""
    ChanceNorm.objects.update_or_create(pipeline=pipeline, defaults={"closed": closed, "head": head, "as_of": as_of})
    rows = [
        DealChance(
            deal_id=one.deal,
            stage_id=one.stage,
            chance=one.chance,
            low=one.low,
            high=one.high,
            early_on=one.early_on,
            likely_on=one.likely_on,
            late_on=one.late_on,
            reasons=one.reasons,
            as_of=as_of,
        )
        for one in expected
    ]
    DealChance.objects.filter(deal__pipeline=pipeline).delete()
    DealChance.objects.bulk_create(rows, batch_size=CHANCES_AT_ONCE)
