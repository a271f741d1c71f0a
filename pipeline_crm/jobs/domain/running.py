"""Running a job: claim, count the attempt, do it, and commit effect and "done" together."""

from __future__ import annotations

import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from inspect import isgenerator
from typing import cast

from django.db import connection, transaction

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.kinds import kind_named
from pipeline_crm.jobs.models.job import LEASE, MAX_ATTEMPTS, Job, State

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
HEARTBEAT_SECONDS = 15
FIRST_PAUSE = timedelta(seconds=5)


class LeaseLost(Exception):
    """This worker was silent too long and the job belongs to another: its effect must not commit."""


def run(job_id: int, *, clock: Clock) -> State | None:
    """Run the job if it is due and nobody holds it; answer its state, or None when there was nothing to do.

    Safe to call at any time and any number of times. A failure is kept on the job, which waits longer each time and is
    dead after five attempts; a Refusal ends it at once, since trying again would be refused again.
    """
    job = _claim(job_id, at=clock())
    if job is None:
        return None
    try:
        with _Heartbeat(job, clock) as heartbeat:
            job.tell_progress = heartbeat.soon  # type: ignore[method-assign]
            _perform(job, clock, heartbeat)
        return State.DONE
    except LeaseLost:
        log.warning("job %s was taken over by another worker; this one's work is undone", job.pk)
        return None
    except Refusal as refusal:
        return _fail(job, str(refusal), at=clock(), for_good=True)
    except Exception:
        log.exception("job %s failed in attempt %s", job.pk, job.attempts)
        connection.close_if_unusable_or_obsolete()  # the failure may have been the database's own end
        return _fail(job, traceback.format_exc(limit=-8), at=clock())


@transaction.atomic
def _claim(job_id: int, *, at: datetime) -> Job | None:
    """Take a lease and count the attempt in a commit of its own, so that a job that kills its worker is counted too."""
    job = Job.objects.select_for_update(skip_locked=True).claimable(at).filter(pk=job_id).first()
    if job is None:
        return None
    if job.attempts >= MAX_ATTEMPTS:
        bury(job, at=at)
        return None
    job.attempts += 1
    job.state, job.lease, job.lease_until = State.RUNNING, uuid.uuid4(), at + LEASE
    job.started_at = at
    job.progress_done = job.progress_total = 0
    job.progress_text = ""
    job.save()
    return job


def _perform(job: Job, clock: Clock, heartbeat: _Heartbeat) -> None:
    steps = _steps(job)
    while job.state != State.DONE:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # the body may compute for minutes
            result = next(steps)
            if result is None:
                _keep(job, lease_until=clock() + LEASE)
                continue
            heartbeat.stop()
            _keep(
                job, state=State.DONE, lease=None, lease_until=None, finished_at=clock(), result=result, last_error=""
            )
        job.state = State.DONE


def _steps(job: Job) -> Iterator[dict | None]:
    """Run the body: None wherever what it did so far may be committed, and at last its result."""
    answer = kind_named(job.kind).body(job, **job.args)
    if isgenerator(answer):
        answer = yield from answer
    yield cast("dict | None", answer) or {}


def _keep(job: Job, **facts: object) -> None:
    """Write to the job what holds once this transaction commits; LeaseLost undoes it when the job is another's."""
    progress = {name: getattr(job, name) for name in ("progress_done", "progress_total", "progress_text")}
    if not Job.objects.filter(pk=job.pk, state=State.RUNNING, lease=job.lease).update(**progress, **facts):
        raise LeaseLost


def _fail(job: Job, error: str, *, at: datetime, for_good: bool = False) -> State:
    is_last = for_good or job.attempts >= MAX_ATTEMPTS
    state = State.DEAD if is_last else State.WAITING
    Job.objects.filter(pk=job.pk, state=State.RUNNING, lease=job.lease).update(
        state=state,
        lease=None,
        lease_until=None,
        last_error=error.replace("\x00", ""),
        due_at=at + FIRST_PAUSE * 2 ** (job.attempts - 1),
        finished_at=at if is_last else None,
    )
    return state


def bury(job: Job, *, at: datetime) -> None:
    """A locked job whose five attempts each ended with their worker is dead; people see it and may retry."""
    job.state, job.lease, job.lease_until, job.finished_at = State.DEAD, None, None, at
    job.last_error = job.last_error or "The worker ended in the middle of the job, five times."
    job.save()


class _Heartbeat:
    """A thread with a connection of its own that renews the lease and publishes progress while the body is busy."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self._job, self._clock = job, clock
        self._bell = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat of job {job.pk}", daemon=True)

    def __enter__(self) -> _Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def soon(self) -> None:
        self._bell.set()

    def stop(self) -> None:
        self._stopped = True
        self._bell.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while True:
                self._bell.wait(HEARTBEAT_SECONDS)
                self._bell.clear()
                if self._stopped:
                    return
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        job = self._job
        try:
            Job.objects.filter(pk=job.pk, state=State.RUNNING, lease=job.lease).update(
                lease_until=self._clock() + LEASE,
                progress_done=job.progress_done,
                progress_total=job.progress_total,
                progress_text=job.progress_text,
            )
        except Exception:
            log.exception("heartbeat of job %s failed; the next one may succeed", job.pk)
            connection.close()
