"""What beat rings: the start of a period becomes a job row."""

import logging
from datetime import datetime

from celery import shared_task
from django.utils import timezone

log = logging.getLogger(__name__)


@shared_task(name="pipeline_crm.begin_period")
def begin_period(kind: str, length: str) -> None:
    """Accept the job `kind` for the hour or day that has begun; ringing twice in a period changes nothing."""
    from pipeline_crm.jobs.domain import accepting  # Celery loads tasks before the apps are ready

    now = timezone.now()
    accepting.accept_period(kind, start=period_start(now, length), at=now)


def period_start(at: datetime, length: str) -> datetime:
    start = at.replace(minute=0, second=0, microsecond=0)
    return start if length == "hour" else start.replace(hour=0)
