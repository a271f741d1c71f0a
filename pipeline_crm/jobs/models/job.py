"""The job ledger: what was accepted will be done. The row is the truth, the Celery message only wakes a worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pipeline_crm.jobs.kinds import UnknownKind, kind_named

MAX_ATTEMPTS = 5
LEASE = timedelta(seconds=45)


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    DEAD = "dead", _("Given up")


class JobQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Admins see every job, others those they asked for."""
        if not user.is_active or not user.is_authenticated:
            return self.none()
        return self.all() if user.is_admin else self.filter(by=user.pk)

    def dead(self) -> Self:
        return self.filter(state=State.DEAD)

    def claimable(self, at: datetime) -> Self:
        """Due and waiting, or left behind by a worker whose lease has run out."""
        return self.filter(
            models.Q(state=State.WAITING, due_at__lte=at) | models.Q(state=State.RUNNING, lease_until__lt=at)
        )


class Job(models.Model):
    """One piece of accepted work. Changed only by jobs.domain: accepting, running, sweeping, retrying."""

    kind = models.CharField(max_length=60)
    idem_key = models.CharField(max_length=200)
    period_start = models.DateTimeField(null=True, blank=True)
    args = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="jobs")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField()
    due_at = models.DateTimeField()
    woken_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    progress_text = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    last_error = models.TextField(blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "idem_key"], name="job_is_accepted_once"),
            models.UniqueConstraint(fields=["kind", "period_start"], name="job_is_one_per_period"),
            models.CheckConstraint(
                condition=models.Q(state=State.RUNNING, lease__isnull=False, lease_until__isnull=False)
                | (~models.Q(state=State.RUNNING) & models.Q(lease__isnull=True, lease_until__isnull=True)),
                name="job_runs_if_and_only_if_leased",
            ),
            models.CheckConstraint(
                condition=models.Q(attempts__lte=MAX_ATTEMPTS), name="job_is_tried_five_times_at_most"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="job_waiting", condition=models.Q(state=State.WAITING)),
            models.Index(fields=["lease_until"], name="job_running", condition=models.Q(state=State.RUNNING)),
            models.Index(fields=["-finished_at"], name="job_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.pk])

    @property
    def title(self) -> str:
        try:
            return str(kind_named(self.kind).title)
        except UnknownKind:
            return self.kind

    @property
    def is_finished(self) -> bool:
        return self.state in (State.DONE, State.DEAD)

    def set_progress(self, done: int, total: int, text: str = "") -> None:
        """Say how far the job is; seen by others at once though the job's own transaction is still open."""
        self.progress_done, self.progress_total, self.progress_text = done, total, str(text)[:200]
        self.tell_progress()

    tell_progress: Callable[[], None] = staticmethod(lambda: None)  # running.py puts its heartbeat here
