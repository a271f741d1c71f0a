"""Retrying: a person gives a dead job five new attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain.accepting import wake
from pipeline_crm.jobs.models.job import Job, State


class NotDead(Refusal):
    """Only a job that was given up can be retried."""


@transaction.atomic
def retry(job: Job, *, by: Any, at: datetime) -> Job:
    """The dead job waits again, due at once, its attempts counted anew. Refused while it may still run by itself."""
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.state != State.DEAD:
        raise NotDead(_("This job has not been given up, so there is nothing to retry."))
    locked.state, locked.attempts, locked.due_at, locked.woken_at, locked.finished_at = State.WAITING, 0, at, None, None
    locked.save()
    transaction.on_commit(lambda: wake(locked.pk, locked.kind))
    return locked
