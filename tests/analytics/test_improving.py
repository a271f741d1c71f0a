"""Managers write down what is done about a stage, and read what came of it."""

import pytest
from django.utils import timezone

from analytics import caching
from analytics.models import Improvement
from deals.models import Pipeline
from pipeline_crm.accounts.models import Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import make_deal, make_pipeline, make_team, make_user, stage_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pipeline():
    return Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


def sign_in(client, role):
    client.force_login(make_user(name="Ben", team=make_team(), role=role))


def words(of, **changed):
    stage = f"deal-{stage_of(of, 'Proposal').pk}"
    return {"pipeline": of.pk, "stage": stage, "what": "Templates", "starts_on": "2026-01-05"} | changed


def test_a_manager_writes_one_down_sees_it_and_gives_it_up(client, pipeline):
    make_deal(pipeline=pipeline)
    sign_in(client, Role.MANAGER)
    client.get("/insight/improve/")
    work()
    page = client.get("/insight/improve/").content.decode()
    assert "Nothing is being improved yet" in page and "Write it down" in page
    answer = client.post("/insight/improvements/", words(pipeline))
    assert answer.url == f"/insight/improve/?pipeline={pipeline.pk}"
    page = client.get(answer.url).content.decode()
    assert "updating" in page and "Written down." in page
    work()
    page = client.get("/insight/improve/").content.decode()
    assert "Templates" in page and "too early to tell" in page and "style=" not in page
    improvement = Improvement.objects.get()
    client.post(f"/insight/improvements/{improvement.pk}/giving-up/")
    work()
    client.get("/insight/improve/")
    work()
    assert "Templates" not in client.get("/insight/improve/").content.decode()


def test_who_manages_nobody_reads_only(client, pipeline):
    make_deal(pipeline=pipeline)
    sign_in(client, Role.REP)
    client.get("/insight/improve/")
    work()
    assert "Write it down" not in client.get("/insight/improve/").content.decode()
    assert client.post("/insight/improvements/", words(pipeline)).status_code == 403


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"pipeline": "x"}, "pipeline"),
        ({"pipeline": 0}, "pipeline"),
        ({"pipeline": "²"}, "pipeline"),
        ({"pipeline": "9" * 30}, "pipeline"),
        ({"stage": "deal-0"}, "Stage"),
        ({"what": " "}, "What is done"),
        ({"starts_on": "soon"}, "From"),
        ({"starts_on": "1066-01-01"}, "From"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(client, pipeline, changed, field):
    sign_in(client, Role.MANAGER)
    answer = client.post("/insight/improvements/", words(pipeline, **changed))
    assert answer.status_code == 422 and field in answer.content.decode()
    assert not Improvement.objects.exists()
