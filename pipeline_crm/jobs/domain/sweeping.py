"""Sweeping: finding jobs whose wake-up was lost or whose worker ended, and ringing again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from pipeline_crm.jobs.domain.accepting import wake
from pipeline_crm.jobs.domain.running import bury
from pipeline_crm.jobs.models.job import MAX_ATTEMPTS, Job, State

PATIENCE = timedelta(seconds=60)
MOST_PATIENCE = timedelta(minutes=10)  # jobs that waited while everything was switched off must not teach patience
AT_MOST = 500
KEPT = timedelta(days=30)


def sweep(*, at: datetime) -> int:
    """Ring for every due job nobody has been called for lately and every job with an expired lease; how many.

    Jobs whose five attempts are used up are declared dead instead.
    """
    rung = 0
    for job_id, kind in _overdue(at):
        rung += wake(job_id, kind)
    return rung


@transaction.atomic
def tidy(*, at: datetime) -> int:
    """Forget jobs done more than 30 days ago; dead ones stay until somebody has looked at them."""
    return Job.objects.filter(state=State.DONE, finished_at__lt=at - KEPT).delete()[0]


@transaction.atomic
def _overdue(at: datetime) -> list[tuple[int, str]]:
    not_called_lately = Q(woken_at__isnull=True) | Q(woken_at__lt=F("due_at")) | Q(woken_at__lt=at - patience())
    jobs = list(
        Job.objects.claimable(at)
        .filter(Q(state=State.RUNNING) | (Q(due_at__lte=at) & not_called_lately))
        .select_for_update(skip_locked=True)
        .order_by("due_at")[:AT_MOST]
    )
    for job in jobs:
        if job.attempts >= MAX_ATTEMPTS:
            bury(job, at=at)
    alive = [job for job in jobs if job.state != State.DEAD]
    Job.objects.filter(pk__in=[job.pk for job in alive]).update(woken_at=at)
    return [(job.pk, job.kind) for job in alive]


def patience() -> timedelta:
    """How long a call may take to be heard: one minute, or twice what the slowest recent jobs waited, at most ten."""
    recent = (
        Job.objects.filter(attempts=1, started_at__isnull=False)
        .order_by("-id")
        .values_list("due_at", "started_at")[:200]
    )
    waits = sorted(started - due for due, started in recent if started)
    return min(max(PATIENCE, 2 * waits[int(len(waits) * 0.99)]), MOST_PATIENCE) if waits else PATIENCE
