from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app

from pipeline_crm.jobs.domain import running, sweeping
from pipeline_crm.jobs.models import Job

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch):
    ids = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_options: ids.append(args[0]))
    return ids


def a_job(key="1", **facts) -> Job:
    return Job.objects.create(kind="jobs.tidy", idem_key=key, accepted_at=NOW, **{"due_at": NOW, **facts})


def test_a_job_whose_call_was_lost_is_called_again_but_not_at_every_sweep(rung):
    job = a_job()
    sweeping.sweep(at=NOW)
    sweeping.sweep(at=NOW + timedelta(seconds=15))
    assert rung == [job.pk]
    sweeping.sweep(at=NOW + timedelta(seconds=61))
    assert rung == [job.pk, job.pk]


def test_a_job_for_later_is_called_when_it_is_due(rung):
    job = a_job(due_at=NOW + timedelta(hours=1))
    sweeping.sweep(at=NOW)
    assert rung == []
    sweeping.sweep(at=NOW + timedelta(hours=1))
    assert rung == [job.pk]


def test_a_job_left_by_a_dead_worker_is_called_when_its_lease_ends(rung):
    job = a_job()
    running._claim(job.pk, at=NOW)
    assert sweeping.sweep(at=NOW + timedelta(seconds=44)) == 0
    assert sweeping.sweep(at=NOW + timedelta(seconds=46)) == 1
    assert rung == [job.pk]


def test_slow_times_make_the_sweeper_patient(rung):
    for n in range(10):
        a_job(f"{n}", state="done", attempts=1, started_at=NOW + timedelta(seconds=100))
    assert sweeping.patience() == timedelta(seconds=200)


def test_a_night_switched_off_does_not_make_it_patient_for_a_day(rung):
    a_job("night", state="done", attempts=1, started_at=NOW + timedelta(hours=9))
    assert sweeping.patience() == timedelta(minutes=10)


def test_tidying_forgets_old_work_but_no_dead_job(rung):
    a_job("old", state="done", finished_at=NOW - timedelta(days=31))
    a_job("new", state="done", finished_at=NOW - timedelta(days=29))
    a_job("dead", state="dead", finished_at=NOW - timedelta(days=90))
    assert sweeping.tidy(at=NOW) == 1
    assert set(Job.objects.values_list("idem_key", flat=True)) == {"new", "dead"}
