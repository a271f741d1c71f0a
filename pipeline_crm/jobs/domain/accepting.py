"""Accepting a job: from its commit on, it will be done."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from pipeline_crm.jobs.kinds import Kind, UnknownKind, kind_named
from pipeline_crm.jobs.models import Job

log = logging.getLogger(__name__)


@transaction.atomic
def accept(
    kind: str,
    *,
    key: str,
    args: dict[str, Any] | None = None,
    by: Any = None,
    due_at: datetime | None = None,
    at: datetime | None = None,
) -> Job:
    """Write the job down, once per kind and key, in the caller's transaction; after its commit a worker is woken.

    The same key again answers the job that is already there, whatever became of it. A broker that is down delays the
    job until the sweeper finds it; the caller does not notice.
    """
    known = kind_named(kind)
    at = at or timezone.now()
    job, is_new = Job.objects.get_or_create(
        kind=kind, idem_key=key, defaults={"args": args or {}, "by": by, "accepted_at": at, "due_at": due_at or at}
    )
    if is_new and job.due_at <= at:
        transaction.on_commit(lambda: wake(job.pk, known))
    return job


@transaction.atomic
def accept_period(kind: str, *, start: datetime, at: datetime) -> Job:
    """Accept the kind's job for the period that began at `start`: one a period, however many clocks ring."""
    known = kind_named(kind)
    job, is_new = Job.objects.get_or_create(
        kind=kind,
        period_start=start,
        defaults={"idem_key": f"period {start.isoformat()}", "accepted_at": at, "due_at": at},
    )
    if is_new:
        transaction.on_commit(lambda: wake(job.pk, known))
    return job


def wake(job_id: int, kind: Kind | str) -> bool:
    """Ring for a worker. False when the broker does not answer: the sweeper rings again."""
    try:
        queue = (kind if isinstance(kind, Kind) else kind_named(kind)).queue
    except UnknownKind:
        log.warning("job %s is of a kind nobody knows: %s", job_id, kind)
        return False
    try:
        current_app.send_task("jobs.run", args=[job_id], queue=queue, retry=False, ignore_result=True)
    except Exception as problem:  # kombu, redis and the socket each have their own, and none may reach the caller
        log.warning("job %s waits for the sweeper, the broker did not answer: %s", job_id, problem)
        return False
    return True
