"""A mailbox read through the job, from a real server on this machine."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import dumps
from urllib.parse import parse_qs

import pytest
from django.db import OperationalError
from django.utils import timezone

from leads.domain.contacting import fetching, filing
from leads.models import MailboxPlace, Reply
from pipeline_crm.jobs.domain import accepting, running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_lead
from tests.leads.letters import letter
from tests.leads.mailbox_server import mailbox_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = settings.VAR = tmp_path
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)
    make_lead(name="Kim Sato", email="kim@juniper.example", at=ago(9))
    with mailbox_server(settings) as box:
        yield box


def write(box, number: int, **words) -> None:
    box.mails[number] = letter(f"Mail {number}\n", message_id=f"<{number}@juniper.example>", **words).as_bytes()


def read() -> Job:
    """What the worker does every five minutes."""
    at = timezone.now()
    job = accepting.accept("leads.read_mailbox", key=f"now {at}", at=at)
    running.run(job.pk, clock=timezone.now)
    return Job.objects.get(pk=job.pk)


def texts() -> list[str]:
    return [*Reply.objects.order_by("id").values_list("text", flat=True)]


def test_new_mails_are_filed_once_and_nothing_in_the_mailbox_is_changed(box):
    write(box, 3)
    write(box, 4, sender="stranger@x.example")
    assert read().result == {"filed": 1, "stranger": 1, "problem": ""}
    assert read().result == {"problem": ""}
    write(box, 7)
    assert read().result == {"filed": 1, "problem": ""}
    assert texts() == ["Mail 3", "Mail 7"] and MailboxPlace.objects.get().last_uid == 7
    commands = {command.split(" ")[0] for command in box.asked}
    assert commands <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID", "LOGOUT"}
    assert not [command for command in box.asked if "STORE" in command or "BODY[" in command]


def test_a_mailbox_that_was_made_anew_is_read_anew_and_files_nothing_twice(box):
    write(box, 9)
    read()
    box.validity, box.mails = 2, {1: box.mails[9]}
    write(box, 2)
    assert read().result == {"known": 1, "filed": 1, "problem": ""}
    assert texts() == ["Mail 9", "Mail 2"]


def test_a_worker_that_ends_in_the_middle_goes_on_where_it_was(box, monkeypatch):
    for number in (1, 2, 3):
        write(box, number)
    real, seen = filing.file, []

    def ends(arrived, *, at):
        seen.append(arrived.text)
        if len(seen) == 2:
            raise SystemExit
        return real(arrived, at=at)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(filing, "file", ends)
        read()
    assert texts() == ["Mail 1"]
    running.run(Job.objects.get(kind=fetching.JOB).pk, clock=lambda: timezone.now() + timedelta(minutes=5))
    assert texts() == ["Mail 1", "Mail 2", "Mail 3"]


def test_a_mail_that_cannot_be_filed_does_not_stop_those_after_it(box, monkeypatch):
    real = filing.file

    def stumbles(arrived, *, at):
        if arrived.text == "Mail 1":
            raise RuntimeError("torn")
        return real(arrived, at=at)

    monkeypatch.setattr(filing, "file", stumbles)
    write(box, 1)
    box.mails[2] = b"\x00\xff not a mail"
    write(box, 3)
    assert read().result == {"trouble": 1, "stranger": 1, "filed": 1, "problem": ""}
    monkeypatch.setattr(fetching, "LARGEST_MAIL", 10)
    write(box, 4)
    assert read().result == {"too large": 1, "problem": ""}


def test_what_keeps_the_mailbox_closed_is_said_until_it_opens(box, settings, client, admin_user):
    box.password = "another"
    assert "Invalid credentials" in read().result["problem"]
    assert "Invalid credentials" in fetching.last_problem()
    client.force_login(admin_user)
    assert "Invalid credentials" in client.get("/marketing/answers/").content.decode()
    box.password = "let-me-in"
    read()
    assert fetching.last_problem() == ""
    settings.IMAP_PORT = 1
    assert "127.0.0.1" in read().result["problem"]


@pytest.fixture
def token_server(settings):
    """Sells access tokens for refresh tokens, and gives a new one of these each time."""

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            is_good = asked["refresh_token"][0] in self.server.good
            self.send_response(200 if is_good else 400)
            self.end_headers()
            self.wfile.write(
                dumps({"access_token": "access", "refresh_token": "refresh-2"} if is_good else {}).encode()
            )

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Shop)
    server.good = {"refresh-1", "refresh-2"}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_refresh_token_opens_the_mailbox_and_a_new_one_is_kept(box, settings, token_server, tmp_path):
    settings.IMAP_TOKEN_URL = f"http://127.0.0.1:{token_server.server_address[1]}/token"
    settings.IMAP_CLIENT_ID, settings.IMAP_CLIENT_SECRET, settings.IMAP_REFRESH_TOKEN = "id", "secret", "refresh-1"
    box.tokens = {"access"}
    write(box, 1)
    assert read().result == {"filed": 1, "problem": ""}
    kept = tmp_path / "imap_refresh_token"
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("refresh-2", 0o600)
    token_server.good = {"refresh-1"}
    assert "400" in read().result["problem"] and not kept.exists()
    assert read().result == {"problem": ""}
    box.tokens, token_server.good = set(), {"refresh-2"}
    assert "AUTHENTICATE failed" in read().result["problem"]


@pytest.mark.parametrize("trouble", [OSError("No space left on device"), OperationalError("deadlock detected")])
def test_what_is_not_the_mails_fault_loses_no_mail(box, monkeypatch, trouble):
    def stumbles(arrived, *, at):
        raise trouble

    write(box, 1)
    with monkeypatch.context() as patch:
        patch.setattr(filing, "file", stumbles)
        job = read()
    assert str(trouble) in job.last_error + job.result.get("problem", "") and texts() == []
    assert read().result == {"filed": 1, "problem": ""}
