"""A real Celery worker killed in the middle of a job: the next one finishes it, once, within 90 seconds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.utils import timezone

from pipeline_crm import env
from pipeline_crm.accounts.models import Team
from pipeline_crm.jobs.domain import sweeping
from pipeline_crm.jobs.models import Job
from tests.jobs import slow_kinds  # noqa: F401  registers the kinds here too

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Workers:
    """Starts workers on the test's own database and a queue nobody else reads, and ends them."""

    def __init__(self, log_file: Path) -> None:
        self.app = Celery(broker=env.celery_broker(settings.REDIS_URL))
        self.queue = f"test-{os.getpid()}"
        self.log = log_file.open("wb")
        self.running: list[subprocess.Popen] = []

    def start(self) -> subprocess.Popen:
        url = urlsplit(settings.DATABASE_URL)._replace(path="/" + connection.settings_dict["NAME"]).geturl()
        options = ["-Q", self.queue, "-c", "1", "--without-gossip", "--without-mingle", "-I", "tests.jobs.slow_kinds"]
        worker = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "pipeline_crm",
                "worker",
                "-n",
                f"w{len(self.running)}@{self.queue}",
                *options,
            ],
            cwd=ROOT,
            env=os.environ
            | {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "ROLE": "worker", "EVALUATION": "1"},
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        self.running.append(worker)
        return worker

    def ring(self, job: Job) -> None:
        self.app.send_task("jobs.run", args=[job.pk], queue=self.queue)

    def end(self) -> None:
        for worker in self.running:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
        with self.app.connection() as broker:
            broker.default_channel.queue_delete(self.queue)
        self.log.close()


@pytest.fixture
def workers(tmp_path):
    workers = Workers(tmp_path / "workers.log")
    yield workers
    workers.end()


def accepted(kind: str) -> Job:
    now = timezone.now()
    return Job.objects.create(kind=kind, idem_key="1", accepted_at=now, due_at=now)


def wait_for(condition, *, seconds: float, meanwhile=lambda: None) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        meanwhile()
        time.sleep(0.5)
    return False


def test_a_worker_killed_in_the_middle_of_a_job_leaves_it_to_the_next_which_finishes_it_once(workers, monkeypatch):
    monkeypatch.setattr(sweeping, "wake", lambda job_id, _kind: workers.ring(Job(pk=job_id)) or True)
    job = accepted("test.slow_at_first")
    first = workers.start()
    workers.ring(job)
    assert wait_for(lambda: Job.objects.get(pk=job.pk).progress_text == "half way", seconds=40)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert not Team.objects.exists()  # what the killed attempt had begun was never committed

    workers.start()
    assert wait_for(
        lambda: Job.objects.get(pk=job.pk).state == "done",
        seconds=90,
        meanwhile=lambda: sweeping.sweep(at=timezone.now()),
    )
    assert [team.name for team in Team.objects.all()] == ["begun by attempt 2"]
    assert Job.objects.get(pk=job.pk).result == {"attempt": 2}


def test_ten_rings_for_one_job_do_it_once(workers):
    job = accepted("test.quick")
    for _ in range(10):
        workers.ring(job)
    workers.start()
    assert wait_for(lambda: Job.objects.get(pk=job.pk).state == "done", seconds=40)
    time.sleep(1)
    assert Team.objects.count() == 1
    assert Job.objects.get(pk=job.pk).attempts == 1
