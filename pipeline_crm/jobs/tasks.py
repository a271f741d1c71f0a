"""Doorbells: Celery wakes the ledger, the ledger knows what to do."""

from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation import requests
from pipeline_crm.jobs.domain import running, sweeping
from pipeline_crm.jobs.kinds import job_kind
from pipeline_crm.jobs.models import Job


@shared_task(name="jobs.run", ignore_result=True)
def run(job_id: int) -> None:
    running.run(job_id, clock=timezone.now)


@shared_task(name="jobs.sweep", ignore_result=True)
def sweep() -> None:
    """Rung by beat every 15 seconds."""
    sweeping.sweep(at=timezone.now())


@job_kind("jobs.tidy", title=_("Tidying up"))
def tidy(job: Job) -> dict[str, Any]:
    now = timezone.now()
    return {"jobs": sweeping.tidy(at=now), "requests": requests.forget(at=now)}
