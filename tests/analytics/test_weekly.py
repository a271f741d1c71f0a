"""The mail of Monday morning: to whom, once, and what it says."""

from datetime import UTC, date, datetime

import pytest
from django.core import mail

from analytics import caching, tasks, weekly
from analytics.catalogue import REPORTS
from analytics.selection import Selection
from deals.domain import closing, moving
from deals.models import Pipeline
from pipeline_crm.accounts.models import Company, Membership, Role
from pipeline_crm.jobs.models import Job
from tests.factories import make_deal, make_pipeline, make_team, make_user, stage_of

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
WEEK = date(2026, 3, 9)


@pytest.fixture
def pipeline():
    made = Pipeline.objects.filter(is_default=True).first() or make_pipeline("New business", is_default=True)
    for number in range(12):
        begun = datetime(2026, 1, 5 + number, 9, tzinfo=UTC)
        deal = make_deal(pipeline=made, at=begun)
        moving.move(deal, to=stage_of(made, "Proposal"), by=None, at=begun.replace(month=2))
        if number < 8:
            closing.win(deal, by=None, at=begun.replace(month=2, day=20))
    return made


@pytest.fixture
def ben():
    person = make_user(name="Ben", email="ben@example.com")
    Membership.objects.create(user=person, team=make_team(), role=Role.MANAGER)
    return person


def ring(monkeypatch, at):
    """The hour's job at this moment, and the mails it accepts."""
    monkeypatch.setattr(tasks.timezone, "now", lambda: at)
    body = tasks.write_weekly(None)
    while True:
        try:
            next(body)
        except StopIteration as end:
            result = end.value
            break
    for job in Job.objects.filter(kind=weekly.KIND, state="waiting").order_by("pk"):
        tasks.mail_weekly(job, **job.args)
    return result


def test_who_leads_a_team_reads_every_finding_on_monday_morning(monkeypatch, settings, pipeline, ben):
    settings.SITE_URL = "https://crm.example"
    make_user(name="Ana", email="ana@example.com")
    assert ring(monkeypatch, MONDAY) == {"mails": 1}
    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (["ben@example.com"], "What Insight found: 9 March 2026")
    for name, report in REPORTS.items():
        selection = report.asking(Selection(pipeline.pk, WEEK))
        finding = report.finding(caching.newest(name, selection, is_dated=False).result)
        assert str(finding["sentence"]) in letter.body
        assert f"https://crm.example/insight/{name}/?pipeline={pipeline.pk}" in letter.body
    assert f"https://crm.example/insight/printed.pdf?pipeline={pipeline.pk}" in letter.body
    assert "https://crm.example/profile/" in letter.body
    assert letter.extra_headers["Message-ID"] == f"<weekly-2026-03-09-{ben.pk}@crm.example>"


def test_it_is_written_once_a_week_however_often_it_is_rung(monkeypatch, pipeline, ben):
    ring(monkeypatch, MONDAY)
    assert ring(monkeypatch, MONDAY.replace(hour=12)) == {"mails": 0}
    assert Job.objects.filter(kind=weekly.KIND).count() == 1


@pytest.mark.parametrize(
    ("at", "zone", "week"),
    [
        (datetime(2026, 3, 9, 5, 0, tzinfo=UTC), "Europe/Berlin", WEEK),
        (datetime(2026, 3, 9, 4, 59, tzinfo=UTC), "Europe/Berlin", None),
        (datetime(2026, 3, 10, 7, 0, tzinfo=UTC), "Europe/Berlin", None),
        (datetime(2026, 3, 8, 21, 0, tzinfo=UTC), "Asia/Tokyo", WEEK),
        (datetime(2026, 3, 9, 7, 0, tzinfo=UTC), "America/New_York", None),
    ],
)
def test_monday_is_the_companys(at, zone, week):
    company = Company.get()
    company.time_zone = zone
    company.save()
    assert weekly.monday(at) == week


def test_who_does_not_want_it_gets_none_and_nothing_is_computed_for_nobody(monkeypatch, pipeline, ben):
    ben.told_weekly = False
    ben.save()
    assert ring(monkeypatch, MONDAY) == {"mails": 0}
    assert mail.outbox == [] and not caching.ReportRun.objects.exists()


def test_who_changes_their_mind_before_it_is_sent_gets_none(monkeypatch, pipeline, ben):
    weekly.post(WEEK, at=MONDAY)
    ben.told_weekly = False
    ben.save()
    [job] = Job.objects.filter(kind=weekly.KIND)
    assert tasks.mail_weekly(job, **job.args) == {"sent": 0}


def test_without_a_pipeline_there_is_nothing_to_tell(monkeypatch, ben):
    Pipeline.objects.update(archived_at=MONDAY)
    assert ring(monkeypatch, MONDAY) == {"mails": 1}
    assert mail.outbox == []
