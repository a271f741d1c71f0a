"""Mails through the job ledger to a real SMTP server."""

import os
import smtplib
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.domain import describing, erasing, noting
from leads.domain.contacting import clicking, consenting, mailing, wording
from leads.models import Mail, MailState, Undeliverable
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_lead, make_user
from tests.leads.mail_server import mail_server

pytestmark = pytest.mark.django_db(transaction=True)
BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 10, 13, 10, tzinfo=BERLIN)


@pytest.fixture(autouse=True)
def broker_is_silent(monkeypatch):
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)


@pytest.fixture
def inbox(settings):
    settings.SITE_URL = "https://crm.example"
    settings.DEFAULT_FROM_EMAIL = "Lumenfield <crm@lumenfield.example>"
    with mail_server(settings) as inbox:
        yield inbox


@pytest.fixture
def lead():
    mina = make_user(name="Mina Sol", email="mina@lumenfield.example")
    lead = make_lead(
        name="Kim Sato", email="kim@juniper.example", organisation="Juniper", owner=mina, at=TUESDAY - timedelta(9)
    )
    consenting.record(lead.person, ["offers"], words="Yes please", by=None, at=TUESDAY - timedelta(days=9))
    return lead


@pytest.fixture
def template():
    return wording.keep(
        "Price list",
        subject="Prices for {{company}}",
        body="Dear {{first_name|friend}},\n\nhere they are: https://lumenfield.example/prices\n\n{{my_name}}",
        purpose="offers",
        by=None,
        at=TUESDAY,
    )


def run(at: datetime, monkeypatch) -> list:
    """What the workers do at that moment: all jobs that are due."""
    monkeypatch.setattr(timezone, "now", lambda: at)
    return [running.run(job.pk, clock=lambda: at) for job in Job.objects.claimable(at).order_by("pk")]


def test_a_mail_arrives_with_both_parts_and_a_way_out(inbox, lead, template, monkeypatch):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    assert run(TUESDAY, monkeypatch) == ["done"]
    [(to, message)] = inbox.messages
    mail.refresh_from_db()
    assert (mail.state, mail.sent_at, mail.may_be_twice) == (MailState.SENT, TUESDAY, False)
    assert to == ["kim@juniper.example"]
    address = f"https://crm.example/unsubscribe/{mail.token}/"
    assert {name: message[name].strip() for name in ("Subject", "From", "Reply-To", "List-Unsubscribe")} == {
        "Subject": "Prices for Juniper",
        "From": "Mina Sol <crm@lumenfield.example>",
        "Reply-To": "mina@lumenfield.example",
        "List-Unsubscribe": f"<{address}>",
    }
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == mailing.message_id(mail) and mail.token not in message["Message-ID"]
    plain, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert plain.startswith("Dear Kim,") and plain.rstrip().endswith(f"Unsubscribe: {address}")
    [way] = clicking.ways(mail)
    assert f'<a href="{way}">https://lumenfield.example/prices</a>' in html and way.startswith(
        "https://crm.example/follow/"
    )
    assert "https://lumenfield.example/prices" in plain and "/follow/" not in plain
    assert f'<a href="{address}">Unsubscribe</a>' in html
    assert run(TUESDAY + timedelta(days=9), monkeypatch) == [] and len(inbox.messages) == 1


def test_a_mail_waits_for_its_moment_and_for_whom_sales_calls_meanwhile(inbox, lead, template, monkeypatch):
    evening = TUESDAY.replace(hour=20)
    mail = mailing.queue(lead, template, by=None, at=evening)
    assert mail.due_at == datetime(2026, 10, 14, 9, tzinfo=BERLIN)
    assert run(evening, monkeypatch) == []
    call = noting.plan(lead, kind="call", due_on=evening.date(), by=None, at=evening)
    noting.done(call, by=None, at=evening + timedelta(hours=1))
    assert run(mail.due_at, monkeypatch) == ["done"] and inbox.messages == []
    mail.refresh_from_db()
    assert (mail.state, mail.due_at) == (MailState.WAITING, datetime(2026, 10, 19, 9, tzinfo=BERLIN))
    assert run(mail.due_at, monkeypatch) == ["done"] and len(inbox.messages) == 1


def test_a_mail_waits_for_the_lead_before_it_takes_turns_like_a_cadence_and_so_never_crosswise(lead, template):
    with CaptureQueriesContext(connection) as asked:
        mailing.queue(lead, template, by=None, at=TUESDAY)
    words = [query["sql"] for query in asked]
    locks, turns = (
        next(place for place, sql in enumerate(words) if sign in sql)
        for sign in ("FOR UPDATE", "pg_advisory_xact_lock")
    )
    assert locks < turns and '"leads_lead"' in words[locks]


def test_whoever_is_recorded_twice_has_one_turn(lead):
    twin = make_lead(name="K. Sato", organisation="Juniper", at=TUESDAY)
    twin.person.email = "KIM@juniper.example"
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        mailing.take_turns(lead)
        mailing.take_turns(twin)
    turns = [query["sql"] for query in asked if "pg_advisory_xact_lock" in query["sql"]]
    assert twin.person_id != lead.person_id and turns[:2] == turns[2:] and len(turns) == 4


def test_what_a_mail_server_cannot_do_it_will_not_learn_by_trying_again(inbox, lead, template, monkeypatch):
    def cannot(*args, **kwargs):
        raise smtplib.SMTPNotSupportedError("SMTPUTF8 not supported by server")

    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    monkeypatch.setattr(smtplib.SMTP, "sendmail", cannot)
    run(TUESDAY, monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, mail.problem) == (MailState.FAILED, "SMTPUTF8 not supported by server")


def test_a_second_mail_keeps_its_distance_from_the_first(inbox, lead, template):
    mailing.queue(lead, template, by=None, at=TUESDAY)
    assert mailing.queue(lead, template, by=None, at=TUESDAY).due_at == datetime(2026, 10, 16, 10, tzinfo=BERLIN)


def test_who_unsubscribes_while_a_mail_waits_does_not_get_it(inbox, lead, template, monkeypatch):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    consenting.withdraw(lead.person, at=TUESDAY)
    run(TUESDAY, monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, inbox.messages) == (MailState.CANCELLED, [])
    assert "withdrawn" in mail.problem


def test_nobody_is_written_to_without_a_basis_or_an_address(lead, template):
    stranger = make_lead(name="Lee", email="lee@x.example", at=TUESDAY - timedelta(days=9))
    with pytest.raises(mailing.NoBasis):
        mailing.queue(stranger, template, by=None, at=TUESDAY)
    with pytest.raises(mailing.NobodyToWriteTo):
        mailing.queue(make_lead(name="No Address"), template, by=None, at=ago(0))
    assert not Mail.objects.exists() and not Job.objects.exists()


def test_a_worker_killed_between_sending_and_recording_leaves_a_mark(inbox, lead, template, monkeypatch, settings):
    """A real process, killed after the mail server has taken the mail and before it could say so."""
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    job = Job.objects.get()
    inbox.silent = True
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(job.pk), TUESDAY.isoformat()], env=environment(settings)
    )
    assert inbox.arrived.wait(60)
    worker.kill()
    worker.wait()
    mail.refresh_from_db()
    assert (mail.state, mail.may_be_twice, len(inbox.messages)) == (MailState.SENDING, False, 1)

    inbox.silent = False
    assert run(TUESDAY + timedelta(seconds=30), monkeypatch) == []  # the lease still stands
    assert run(TUESDAY + timedelta(minutes=5), monkeypatch) == ["done"]
    mail.refresh_from_db()
    assert (mail.state, mail.may_be_twice, len(inbox.messages)) == (MailState.SENT, True, 2)
    assert len({message["Message-ID"] for _to, message in inbox.messages}) == 1


WORKER = """
import sys
import django
django.setup()
from datetime import datetime
from django.utils import timezone
from pipeline_crm.jobs.domain import running
at = datetime.fromisoformat(sys.argv[2])
timezone.now = lambda: at
running.run(int(sys.argv[1]), clock=lambda: at)
"""


def environment(settings) -> dict:
    database = settings.DATABASES["default"]
    host, port = database["HOST"], database["PORT"] or "5432"
    user, password, name = database["USER"], database["PASSWORD"], database["NAME"]
    address = f"@/{name}?host={host}" if host.startswith("/") else f"@{host}:{port}/{name}"
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "pipeline_crm.settings",
        "DATABASE_URL": f"postgresql://{user}:{password}{address}",
        "EMAIL_HOST": settings.EMAIL_HOST,
        "EMAIL_PORT": str(settings.EMAIL_PORT),
        "EMAIL_USE_TLS": "0",
        "SITE_URL": settings.SITE_URL,
    }


@pytest.mark.parametrize(
    ("answer", "state", "problem"),
    [("451 later please", MailState.WAITING, "451 later please"), ("554 no", MailState.FAILED, "554 no")],
)
def test_what_the_server_refuses_is_tried_again_or_given_up(inbox, lead, template, monkeypatch, answer, state, problem):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    inbox.answer = answer
    run(TUESDAY, monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, mail.problem, mail.may_be_twice) == (state, problem, False)
    inbox.answer = "250 kept"
    if state == MailState.FAILED:
        mailing.send_again(mail, by=None, at=TUESDAY + timedelta(minutes=5))
    run(TUESDAY + timedelta(minutes=5), monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, len(inbox.messages)) == (MailState.SENT, 1)


def test_an_address_that_does_not_exist_is_given_up(inbox, lead, template, monkeypatch):
    lead.person.email = "nobody@juniper.example"
    lead.person.save()
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    run(TUESDAY, monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, mail.problem) == (MailState.FAILED, "550 no such user")
    with pytest.raises(mailing.ComesBack, match="come back: 550 no such user"):
        mailing.queue(lead, template, by=None, at=TUESDAY + timedelta(days=9))


@pytest.mark.parametrize(
    ("code", "words", "is_gone"),
    [
        (550, b"5.1.1 unknown", True), (553, b"no such mailbox", True), (550, b"5.7.1 we do not like you", False),
        (554, b"no", False), (450, b"4.2.2 full", False),
    ],
)  # fmt: skip
def test_only_what_speaks_of_the_address_closes_it(code, words, is_gone):
    assert mailing._refused_address(code, words).no_such_address is is_gone


def test_a_mail_server_that_is_away_delays_for_two_days_at_most(settings, lead, template, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    at, tries = TUESDAY, 0
    while mail.state == MailState.WAITING and tries < 30:
        run(at, monkeypatch)
        mail.refresh_from_db()
        at, tries = max(mail.due_at, at + timedelta(seconds=1)), tries + 1
    assert (mail.state, mail.tries) == (MailState.FAILED, mailing.MOST_TRIES)
    assert at - TUESDAY < timedelta(days=3)


@pytest.mark.parametrize(
    "name", ["Kim\r\nBcc: spy@x.example", "Kim\x00\x0bSato", "=?utf-8?q?Bcc=3A?= <a@b>", "K\u2028im"]
)
def test_a_name_cannot_bring_a_header_along(inbox, lead, template, monkeypatch, name):
    lead.organisation.name = name
    lead.owner.name = name
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    message = mailing.as_message(mail).message()
    assert message["Bcc"] is None and message["Cc"] is None
    assert "\n" not in str(message["Subject"]).replace("\n ", "") and "\x00" not in mail.subject
    assert mailing.as_message(mail).recipients() == ["kim@juniper.example"]


def test_a_waiting_mail_can_be_called_off_and_one_that_is_gone_cannot(inbox, lead, template, monkeypatch):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    mailing.cancel(mail, by=None, at=TUESDAY)
    run(TUESDAY, monkeypatch)
    assert (mail.state, inbox.messages) == (MailState.CANCELLED, [])
    with pytest.raises(mailing.CannotBeChanged):
        mailing.cancel(mail, by=None, at=TUESDAY)


def test_a_mail_that_waits_goes_to_the_address_as_it_was_corrected(inbox, lead, template, monkeypatch):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    describing.describe_person(mail.person, email="kim.sato@juniper.example", by=None, at=TUESDAY)
    run(TUESDAY, monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, mail.to) == (MailState.SENT, "kim.sato@juniper.example")


def test_a_mail_whose_reader_has_no_address_any_more_is_not_sent(lead, template):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    describing.describe_person(mail.person, email="", by=None, at=TUESDAY)
    assert not mailing.begin(mail, job=1, at=TUESDAY)
    assert (mail.state, mail.problem) == (MailState.CANCELLED, f"There is no e-mail address for {mail.person}.")


def test_what_the_mail_server_says_of_who_was_erased_meanwhile_is_not_kept(lead, template):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    assert mailing.begin(mail, job=1, at=TUESDAY)
    erasing.erase(lead.person, by=None, at=TUESDAY)
    said = mailing.Outcome(MailState.FAILED, "550 5.1.1 <kim@juniper.example> unknown", no_such_address=True)
    mailing.record(mail, said, at=TUESDAY)
    mail.refresh_from_db()
    assert (mail.state, mail.problem, Undeliverable.objects.count()) == (MailState.FAILED, "", 0)
