from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Notification
from pipeline_crm.accounts.tasks import mail_notification, tidy
from pipeline_crm.jobs.models import Job
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def ana():
    return make_user(name="Ana")


def tell(user, *, words="Kim is handed to you.", key="1", url="/leads/1/", at=NOW, **more):
    return notifying.notify(user, kind="lead", words=words, url=url, key=key, at=at, **more)


def unread(user) -> int:
    user.refresh_from_db()
    return user.unread


def test_a_person_is_told_once_per_key(ana):
    assert tell(ana).words == "Kim is handed to you."
    assert tell(ana, words="Something else.") is None
    assert list(ana.notifications.values_list("words", flat=True)) == ["Kim is handed to you."]
    assert unread(ana) == 1


def test_two_people_are_told_of_the_same(ana):
    ben = make_user(name="Ben")
    assert tell(ana) and tell(ben)


def test_who_has_left_is_told_nothing():
    assert tell(make_user(is_active=False), by_mail=True) is None
    assert (Notification.objects.count(), Job.objects.count()) == (0, 0)


def test_reading_one_leaves_the_others_unread(ana):
    first, _second = tell(ana), tell(ana, key="2")
    notifying.read(first, at=NOW)
    assert unread(ana) == 1
    first.refresh_from_db()
    assert first.read_at == NOW


def test_reading_all_does_not_read_what_came_later(ana):
    tell(ana), tell(ana, key="2", at=NOW + timedelta(minutes=1))
    notifying.read_all(ana, at=NOW)
    assert unread(ana) == 1


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "/\\evil.example", "leads/1/", ""])
def test_a_notification_leads_to_a_page_of_ours(ana, url):
    with pytest.raises(ValueError, match="not a path"):
        tell(ana, url=url)


def test_words_are_one_line_of_bounded_length(ana):
    assert tell(ana, words="Kim\r\nBcc: x\x00").words == "Kim Bcc: x"
    assert len(tell(ana, words="x" * 400, key="2").words) == 300


def test_what_is_old_is_forgotten_and_no_longer_counted(ana):
    tell(ana, at=NOW - timedelta(days=91))
    tell(ana, key="2", at=NOW - timedelta(days=89))
    assert notifying.tidy(at=NOW) == 1
    assert unread(ana) == 1


def test_the_daily_job_tidies(ana):
    tell(ana, at=NOW - timedelta(days=4000))
    assert tidy(None) == {"notifications": 1}


def test_by_mail_a_job_writes_to_the_person(ana, settings):
    settings.SITE_URL = "https://crm.example"
    told = tell(ana, by_mail=True)
    job = Job.objects.get(kind="accounts.mail_notification")
    assert mail_notification(job, **job.args) == {"sent": 1}
    [letter] = mail.outbox
    assert (letter.to, letter.subject) == ([ana.email], "Kim is handed to you.")
    assert "https://crm.example/leads/1/" in letter.body
    assert letter.extra_headers["Message-ID"] == f"<notification-{told.pk}@crm.example>"


def test_who_wants_no_mails_gets_none(ana):
    ana.told_by_mail = False
    assert tell(ana, by_mail=True)
    assert not Job.objects.exists()


def test_what_was_read_or_forgotten_meanwhile_is_not_mailed(ana):
    told = tell(ana, by_mail=True)
    notifying.read(told, at=NOW)
    assert mail_notification(None, notification=told.pk) == {"sent": 0}
    assert mail_notification(None, notification=0) == {"sent": 0}
    assert mail.outbox == []
