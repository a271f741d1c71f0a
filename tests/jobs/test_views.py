from datetime import UTC, datetime

import pytest

from pipeline_crm.jobs.models import Job
from tests.accounts.people import four_people

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return dict(zip(("ana", "ben", "cleo", "dora"), four_people(), strict=True))


def job_of(person, **facts) -> Job:
    return Job.objects.create(kind="jobs.tidy", idem_key="1", by=person, accepted_at=AT, due_at=AT, **facts)


def test_who_asked_for_a_job_and_admins_see_it(client, people):
    job = job_of(people["ana"])
    seen = {}
    for name, person in people.items():
        client.force_login(person)
        seen[name] = client.get(job.get_absolute_url()).status_code
    assert seen == {"ana": 200, "ben": 404, "cleo": 404, "dora": 200}


def test_the_progress_asks_again_until_the_job_is_finished(client, people):
    job = job_of(people["ana"], progress_text="Reading the log")
    client.force_login(people["ana"])
    fragment = client.get(job.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" in fragment and "<html" not in fragment and "Reading the log" in fragment
    Job.objects.update(state="done", finished_at=AT, result={"url": "/insight/"})
    fragment = client.get(job.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in fragment and 'href="/insight/"' in fragment


def test_a_job_given_up_is_listed_with_its_error_and_can_be_retried_by_an_admin(client, people):
    job = job_of(people["ana"], state="dead", attempts=5, finished_at=AT, last_error="the file is <torn>")
    client.force_login(people["dora"])
    page = client.get("/jobs/dead/").content.decode()
    assert "the file is &lt;torn&gt;" in page and f"/jobs/{job.pk}/retrial/" in page
    client.post(f"/jobs/{job.pk}/retrial/")
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)


@pytest.mark.parametrize(("name", "status"), [("ana", 403), ("ben", 404), ("cleo", 404)])
def test_others_do_not_retry(client, people, name, status):
    job = job_of(people["ana"], state="dead", finished_at=AT)
    client.force_login(people[name])
    assert client.post(f"/jobs/{job.pk}/retrial/").status_code == status
    assert client.get("/jobs/dead/").status_code == 403
    job.refresh_from_db()
    assert job.state == "dead"
