"""What beat rings: the hour or day that has begun becomes a job row."""

from datetime import datetime

from celery import shared_task
from django.utils import timezone


@shared_task(name="pipeline_crm.begin_period", ignore_result=True)
def begin_period(kind: str, length: str) -> None:
    """Accept the job of this kind for the five minutes, the hour or the day that has begun; ringing again in the period
    changes nothing."""
    from pipeline_crm.jobs.domain import accepting  # Celery may load tasks before the apps are ready

    now = timezone.now()
    accepting.accept_period(kind, start=period_start(now, length), at=now)


def period_start(at: datetime, length: str) -> datetime:
    start = at.replace(minute=0, second=0, microsecond=0)
    if length == "five minutes":
        return start.replace(minute=at.minute // 5 * 5)
    return start if length == "hour" else start.replace(hour=0)
