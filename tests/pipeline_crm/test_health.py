"""Health means that accepted work gets done, not that a process exists."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from pipeline_crm import health
from pipeline_crm.jobs.models import Job

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def job(key, *, due, **facts):
    return Job.objects.create(kind="tests.kind", idem_key=key, accepted_at=due, due_at=due, **facts)


def test_anyone_may_ask_and_learns_nothing_about_the_data(client):
    answer = client.get("/health/")
    assert (answer.status_code, answer.json()) == (200, {"database": "here", "jobs": "flowing"})


def test_a_fresh_job_is_no_reason_to_worry():
    job("fresh", due=NOW - timedelta(seconds=90))
    assert not health.are_jobs_stuck(NOW)


def test_a_job_that_nobody_does_is_stuck():
    job("old", due=NOW - timedelta(minutes=3))
    assert health.are_jobs_stuck(NOW)


def test_a_long_queue_is_not_stuck_while_a_worker_is_busy_with_it():
    job("old", due=NOW - timedelta(minutes=3))
    busy = {"state": "running", "lease": uuid.uuid4(), "lease_until": NOW + timedelta(seconds=30)}
    job("long", due=NOW - timedelta(minutes=9), started_at=NOW - timedelta(minutes=8), **busy)
    assert not health.are_jobs_stuck(NOW)


def test_a_job_whose_worker_died_long_ago_is_stuck():
    left = {"state": "running", "lease": uuid.uuid4(), "lease_until": NOW - timedelta(minutes=5)}
    job("left", due=NOW - timedelta(minutes=9), started_at=NOW - timedelta(minutes=8), **left)
    assert health.are_jobs_stuck(NOW)
