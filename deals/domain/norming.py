"""What was learned of the stages comes down as facts, for boards and panels to read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ..models import RetryNorm, StageNorm


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
