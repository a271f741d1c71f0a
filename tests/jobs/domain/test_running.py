import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from pipeline_crm.accounts.models import Team
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs import kinds
from pipeline_crm.jobs.domain import retrying, running, sweeping
from pipeline_crm.jobs.models import Job

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def broker_is_silent(monkeypatch):
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)


@pytest.fixture
def body(monkeypatch):
    """Register a body for the kind "test" and accept one job of it, due now."""
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))

    def accept(function) -> Job:
        kinds.job_kind("test")(function)
        return Job.objects.create(kind="test", idem_key="1", accepted_at=NOW, due_at=NOW)

    return accept


def at(moment: datetime):
    return lambda: moment


def test_effect_and_done_are_there_together(body):
    def found(job):
        Team.objects.create(name="North")
        return {"url": "/somewhere/"}

    job = body(found)
    assert running.run(job.pk, clock=at(NOW)) == "done"
    job.refresh_from_db()
    assert (job.state, job.attempts, job.result) == ("done", 1, {"url": "/somewhere/"})
    assert Team.objects.count() == 1


def test_a_body_that_yields_is_committed_at_each_yield_and_goes_on_from_there(body):
    def three_teams(job):
        for name in ("North", "South", "East"):
            if not Team.objects.filter(name=name).exists():
                Team.objects.create(name=name)
                if name == "East" and job.attempts == 1:
                    raise RuntimeError("the worker stumbles")
                yield
        return {"attempt": job.attempts}

    job = body(three_teams)
    assert running.run(job.pk, clock=at(NOW)) == "waiting"
    assert set(Team.objects.values_list("name", flat=True)) == {"North", "South"}
    assert running.run(job.pk, clock=at(NOW + timedelta(minutes=1))) == "done"
    job.refresh_from_db()
    assert (job.result, Team.objects.count()) == ({"attempt": 2}, 3)


def test_a_step_of_a_job_that_another_worker_has_taken_over_is_undone(body):
    def slow(job):
        Team.objects.create(name="North")
        yield
        Job.objects.filter(pk=job.pk).update(lease="00000000-0000-0000-0000-000000000000")
        Team.objects.create(name="South")
        yield
        Team.objects.create(name="East")

    job = body(slow)
    assert running.run(job.pk, clock=at(NOW)) is None
    assert list(Team.objects.values_list("name", flat=True)) == ["North"]


def test_a_second_ring_does_nothing(body):
    job = body(lambda job: Team.objects.create(name="North") and None)
    running.run(job.pk, clock=at(NOW))
    assert running.run(job.pk, clock=at(NOW)) is None
    assert Team.objects.count() == 1


def test_a_job_is_not_run_before_it_is_due(body):
    job = body(lambda job: None)
    assert running.run(job.pk, clock=at(NOW - timedelta(seconds=1))) is None


def test_a_failure_undoes_its_effect_and_waits(body):
    def stumble(job):
        Team.objects.create(name="North")
        raise ValueError("the file is torn")

    job = body(stumble)
    assert running.run(job.pk, clock=at(NOW)) == "waiting"
    job.refresh_from_db()
    assert job.due_at == NOW + timedelta(seconds=5)
    assert "the file is torn" in job.last_error
    assert not Team.objects.exists()


def test_a_job_that_always_fails_is_dead_after_five_attempts_and_a_person_can_retry_it(body):
    tries = []

    def fail(job):
        tries.append(job.attempts)
        raise ValueError("no")

    job = body(fail)
    moment = NOW
    for _ in range(8):
        running.run(job.pk, clock=at(moment))
        moment += timedelta(minutes=10)
    job.refresh_from_db()
    assert (tries, job.state) == ([1, 2, 3, 4, 5], "dead")

    retrying.retry(job, by=None, at=moment)
    with pytest.raises(retrying.NotDead):
        retrying.retry(job, by=None, at=moment)
    running.run(job.pk, clock=at(moment))
    assert tries[-1] == 1


def test_a_refusal_ends_the_job_at_once_with_its_sentence(body):
    def refuse(job):
        raise Refusal("The pipeline has been archived.")

    job = body(refuse)
    assert running.run(job.pk, clock=at(NOW)) == "dead"
    job.refresh_from_db()
    assert job.last_error == "The pipeline has been archived."


def test_while_the_lease_holds_nobody_else_runs_the_job(body):
    seen = []

    def look(job):
        seen.append(in_another_thread(lambda: running.run(job.pk, clock=at(NOW + timedelta(seconds=44)))))

    running.run(body(look).pk, clock=at(NOW))
    assert seen == [None]


def test_a_worker_that_was_silent_too_long_loses_its_work_to_the_next(body):
    runs = []

    def work(job):
        runs.append(job.attempts)
        if job.attempts == 1:  # asleep past its lease, while another worker takes the job and finishes it
            in_another_thread(lambda: running.run(job.pk, clock=at(NOW + timedelta(seconds=46))))
        Team.objects.create(name=f"Team of attempt {job.attempts}")

    job = body(work)
    assert running.run(job.pk, clock=at(NOW)) is None
    assert runs == [1, 2]
    assert [team.name for team in Team.objects.all()] == ["Team of attempt 2"]
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 2)


def test_progress_is_seen_while_the_job_is_still_at_work(body):
    seen = []

    def count(job):
        job.set_progress(3, 10, "Reading the log")
        seen.append(in_another_thread(lambda: eventually(lambda: Job.objects.get(pk=job.pk).progress_done == 3)))
        seen.append(in_another_thread(lambda: Job.objects.get(pk=job.pk).progress_text))

    running.run(body(count).pk, clock=at(NOW))
    assert seen == [True, "Reading the log"]


def test_five_workers_that_ended_in_the_middle_are_enough(body):
    job = body(lambda job: None)
    for n in range(5):
        running._claim(job.pk, at=NOW + timedelta(minutes=n))
    sweeping.sweep(at=NOW + timedelta(minutes=9))
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("dead", 5)
    assert "five times" in job.last_error


def test_a_job_whose_database_connection_ends_is_tried_again(body):
    def lose_connection(job):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        in_another_thread(lambda: connection.cursor().execute("SELECT pg_terminate_backend(%s)", [pid]))
        Team.objects.create(name="never")

    job = body(lose_connection)
    assert running.run(job.pk, clock=at(NOW)) == "waiting"
    assert not Team.objects.exists()
    job.refresh_from_db()
    assert "OperationalError" in job.last_error


def in_another_thread(function):
    answers = []

    def call():
        try:
            answers.append(function())
        finally:
            connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return answers[0] if answers else None


def eventually(condition, seconds=5):
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False
