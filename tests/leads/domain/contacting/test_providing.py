"""Mails handed to a provider that django-anymail knows, over real HTTP to a server on this machine."""

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from zoneinfo import ZoneInfo

import pytest

from leads.domain.contacting import consenting, mailing, returning, wording
from leads.models import Mail, MailState
from tests.factories import make_lead, make_user

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 10, 13, 10, tzinfo=ZoneInfo("Europe/Berlin"))


class Provider(BaseHTTPRequestHandler):
    """Takes what it is sent, or answers as the test says."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken += asked if isinstance(asked, list) else [asked]
        if self.server.answer is None:  # takes it, and the line breaks before it can say so
            self.close_connection = True
            return
        status, words = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(words).encode())

    def log_message(self, *args):
        pass


TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-e38e", "To": "kim@juniper.example"}


@pytest.fixture
def provider(settings):
    server = HTTPServer(("127.0.0.1", 0), Provider)
    server.taken, server.answer = [], (200, TAKEN)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SITE_URL, settings.EMAIL_REPLIES = "https://crm.example", "answers@crm.example"
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_address[1]}/",
        "REQUESTS_TIMEOUT": 5,
    }
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def mail():
    mina = make_user(name="Mina Sol", email="mina@lumenfield.example")
    lead = make_lead(name="Kim", email="kim@juniper.example", owner=mina, at=TUESDAY - timedelta(9))
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=TUESDAY - timedelta(9))
    template = wording.keep("Prices", subject="Prices", body="Here they are.", purpose="offers", by=None, at=TUESDAY)
    return mailing.queue(lead, template, by=None, at=TUESDAY)


def send(mail: Mail) -> Mail:
    assert mailing.begin(mail, job=1, at=TUESDAY)
    mailing.record(mail, mailing.hand_over(mail), at=TUESDAY)
    return Mail.objects.get(pk=mail.pk)


def test_a_provider_takes_the_mail_with_all_its_headers_and_its_name_for_it_is_kept(provider, mail):
    sent = send(mail)
    assert (sent.state, sent.provider_id) == (MailState.SENT, "b7bc2f4a-e38e")
    [taken] = provider.taken
    headers = {header["Name"]: header["Value"] for header in taken["Headers"]}
    assert headers["Message-ID"] == mailing.message_id(mail)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (taken["To"], taken["ReplyTo"]) == ("kim@juniper.example", "mina@lumenfield.example, answers@crm.example")
    assert mailing.mail_of("b7bc2f4a-e38e@mtasv.example") == sent
    assert returning.of_provider("b7bc2f4a-e38e", "kim@juniper.example") == sent


@pytest.mark.parametrize(
    ("status", "words", "state"),
    [
        (500, {"Message": "trouble"}, MailState.WAITING),
        (429, {"Message": "slower"}, MailState.WAITING),
        (422, {"ErrorCode": 300, "Message": "Invalid 'From' address"}, MailState.FAILED),
        (401, {"ErrorCode": 10, "Message": "wrong token"}, MailState.FAILED),
        (200, {"unexpected": True}, MailState.FAILED),
    ],
)
def test_what_a_provider_refuses_is_tried_again_or_given_up(provider, mail, status, words, state):
    provider.answer = (status, words)
    kept = send(mail)
    assert (kept.state, kept.may_be_twice) == (state, False) and kept.problem


def test_a_provider_that_breaks_off_may_have_taken_it_and_one_that_is_away_has_not(provider, mail, settings):
    provider.answer = None
    kept = send(mail)
    assert (kept.state, kept.may_be_twice, len(provider.taken)) == (MailState.WAITING, True, 1)
    Mail.objects.filter(pk=mail.pk).update(may_be_twice=False)
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": "http://127.0.0.1:1/"}
    away = send(Mail.objects.get(pk=mail.pk))
    assert (away.state, away.may_be_twice) == (MailState.WAITING, False)
