"""asgi.py behind a real server: pages, uploads, live streams, and who listens."""

import http.client
import json
import socket
import threading
import time

import pytest
import uvicorn
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from pipeline_crm import listeners
from pipeline_crm.accounts.models import Membership, Team
from pipeline_crm.spooling import Spooled

pytestmark = pytest.mark.django_db(transaction=True)


def scope_with(cookie):
    return {"headers": [(b"cookie", cookie.encode())]}


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def ana():
    user = get_user_model().objects.create_user("ana@example.com", name="Ana")
    Membership.objects.create(user=user, team=Team.objects.create(name="North"), role="rep")
    return user


def test_the_session_key_is_read_from_the_cookies():
    assert listeners.session_key(scope_with(f"a=1; {settings.SESSION_COOKIE_NAME}=abc; b=2")) == "abc"
    assert listeners.session_key(scope_with("other=abc")) == ""
    assert listeners.session_key({"headers": []}) == ""


def test_a_listener_is_known_by_her_session_with_her_teams(ana):
    key = signed_in(ana)
    viewer = listeners.viewers_now([key, "forged"])[key]
    assert (viewer.user_id, viewer.sees_everything, viewer.team_ids) == (ana.pk, False, frozenset(ana.team_ids))


def test_a_disabled_user_is_no_listener(ana):
    key = signed_in(ana)
    get_user_model().objects.filter(pk=ana.pk).update(is_active=False)
    assert listeners.viewers_now([key]) == {}


def test_a_changed_password_ends_older_sessions(ana):
    key = signed_in(ana)
    ana.set_password("another-password")
    ana.save()
    assert listeners.viewers_now([key]) == {}


@pytest.fixture
def server():
    """The product's own front door on a free port, in a thread."""
    from pipeline_crm.asgi import application

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(application, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(timeout=10)


def ask(port, method, path, **facts):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, **facts)
    return connection.getresponse()


def test_pages_come_from_django_under_the_strict_policy(server):
    answer = ask(server, "GET", "/health/")
    assert (answer.status, json.loads(answer.read())) == (200, {"database": "here", "jobs": "flowing"})
    policy = set(answer.getheader("content-security-policy").split("; "))
    charts = settings.BASE_DIR / "static" / "vendor" / "plotly-basic.min.js"
    styles = "style-src 'self'" if charts.exists() else f"style-src 'self' {settings.WHEEL_CHARTS_STYLE}"
    assert policy == {
        "default-src 'none'", "script-src 'self'", styles, "img-src 'self' data:", "font-src 'self'",
        "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
    }  # fmt: skip


def test_live_is_closed_to_strangers_and_open_to_whoever_is_signed_in(server, ana):
    assert ask(server, "GET", "/live/").status == 403
    answer = ask(server, "GET", "/live/", headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={signed_in(ana)}"})
    assert (answer.status, answer.getheader("content-type")) == (200, "text/event-stream")
    assert answer.readline() == b"retry: 3000\n"


def test_slow_uploads_take_no_thread_from_pages(server):
    slow = []
    for _ in range(settings.WEB_THREADS + 2):
        upload = socket.create_connection(("127.0.0.1", server))
        upload.sendall(b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf")
        slow.append(upload)
    time.sleep(0.2)
    assert ask(server, "GET", "/health/").status == 200
    for upload in slow:
        upload.close()


async def echo(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": body})


def through_spool(pieces, largest=10**6, headers=((b"transfer-encoding", b"chunked"),)):
    import asyncio

    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(Spooled(echo, largest=largest)({"type": "http", "headers": list(headers)}, receive, send))
    return sent


def test_a_body_in_pieces_arrives_whole_and_with_its_length():
    start, body = through_spool([b"a" * 300_000, b"b" * 300_000])
    assert body["body"] == b"a" * 300_000 + b"b" * 300_000
    assert dict(start["headers"]) == {b"content-length": b"600000"}


def test_a_body_beyond_the_limit_is_refused():
    assert through_spool([b"a" * 60, b"a" * 60], largest=100)[0]["status"] == 413


def test_a_request_without_a_body_passes_at_once():
    assert through_spool([], headers=())[1]["body"] == b""
