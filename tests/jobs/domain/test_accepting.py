import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery, current_app
from django.db import IntegrityError, transaction

from pipeline_crm.jobs.domain import accepting
from pipeline_crm.jobs.kinds import UnknownKind
from pipeline_crm.jobs.models import Job

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def rung(monkeypatch):
    """The ids a worker was woken for."""
    ids = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_options: ids.append(args[0]))
    return ids


@pytest.mark.django_db
def test_a_worker_is_woken_after_the_commit_and_not_before(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = accepting.accept("jobs.tidy", key="a", at=NOW)
        assert rung == []
    assert rung == [job.pk]


@pytest.mark.django_db
def test_the_same_key_is_the_same_job(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = accepting.accept("jobs.tidy", key="a", at=NOW)
        again = accepting.accept("jobs.tidy", key="a", at=NOW + timedelta(days=1))
    assert again == first
    assert rung == [first.pk]


@pytest.mark.django_db
def test_a_job_rolled_back_with_its_business_was_never_accepted(rung):
    with pytest.raises(RuntimeError), transaction.atomic():
        accepting.accept("jobs.tidy", key="a", at=NOW)
        raise RuntimeError
    assert not Job.objects.exists()
    assert rung == []


@pytest.mark.django_db
def test_a_job_for_later_wakes_nobody_now(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        accepting.accept("jobs.tidy", key="later", at=NOW, due_at=NOW + timedelta(hours=1))
    assert rung == []


@pytest.mark.django_db
def test_a_period_has_one_job_however_many_clocks_ring(rung):
    jobs = {accepting.accept_period("jobs.tidy", start=NOW, at=NOW + timedelta(minutes=n)) for n in range(3)}
    assert len(jobs) == 1


@pytest.mark.django_db
def test_a_kind_nobody_knows_is_refused():
    with pytest.raises(UnknownKind, match="fly to the moon"):
        accepting.accept("fly to the moon", key="a", at=NOW)


@pytest.mark.django_db
def test_the_database_keeps_a_key_once():
    accepting.accept("jobs.tidy", key="a", at=NOW)
    with pytest.raises(IntegrityError, match="job_is_accepted_once"):
        Job.objects.create(kind="jobs.tidy", idem_key="a", accepted_at=NOW, due_at=NOW)


def broker_at(port: int) -> Celery:
    app = Celery()
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.broker_url = f"redis://127.0.0.1:{port}/0"
    return app


@pytest.fixture
def frozen_port():
    """A broker that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.django_db
@pytest.mark.parametrize("broker", ["absent", "frozen"])
def test_a_broker_that_does_not_answer_delays_nobody_and_fails_nothing(
    monkeypatch, frozen_port, broker, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(accepting, "current_app", broker_at(1 if broker == "absent" else frozen_port))
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        job = accepting.accept("jobs.tidy", key="a", at=NOW)
    assert time.monotonic() - began < 3
    assert Job.objects.get() == job
    assert accepting.wake(job.pk, "jobs.tidy") is False
