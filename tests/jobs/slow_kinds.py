"""Kinds for test_worker.py, included in its real workers: each leaves a trace that shows how often it took effect."""

import time

from pipeline_crm.accounts.models import Team
from pipeline_crm.jobs.kinds import job_kind


@job_kind("test.slow_at_first")
def slow_at_first(job):
    """Takes half a minute in its first attempt, in the middle of which the test ends the worker."""
    Team.objects.create(name=f"begun by attempt {job.attempts}")
    job.set_progress(1, 2, "half way")
    if job.attempts == 1:
        time.sleep(30)
    return {"attempt": job.attempts}


@job_kind("test.quick")
def quick(job):
    Team.objects.create(name="quick one")
