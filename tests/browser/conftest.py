"""A real server and a real browser: pages as people get them, live updates included."""

import threading
import time
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests import chromium

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "a long password"
DESK, PHONE = (1440, 900), (390, 844)


@pytest.fixture(scope="session")
def serving(django_db_setup, django_db_blocker):
    """The address and the server of the ASGI application with its live updates, on the test database."""
    import uvicorn
    from django.conf import settings
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    with django_db_blocker.unblock():
        from pipeline_crm import asgi, listeners
        from pipeline_crm.foundation.live import Live

        asgi.live = Live(test_database_url(settings), listeners.session_key, listeners.viewers)
        config = uvicorn.Config(asgi.application, port=0, log_level="error", timeout_graceful_shutdown=1)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.05)
        port = running.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", running
        running.should_exit = True
        thread.join(5)


@pytest.fixture(scope="session")
def server(serving) -> str:
    return serving[0]


def test_database_url(settings) -> str:
    parts = urlsplit(settings.DATABASE_URL)
    return urlunsplit(parts._replace(path="/" + settings.DATABASES["default"]["NAME"]))


test_database_url.__test__ = False


@pytest.fixture(scope="module")
def chrome(server):
    """Chromium. Playwright keeps a loop running in this thread, which Django would take for an asynchronous caller."""
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chrome, serving):
    """Sign somebody in: `open_page(user, path)` answers a page that collects its own faults."""
    contexts = []
    server, running = serving

    def opened(user, path="/", *, size=DESK, scheme="light", touch=False):
        context = chrome.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, has_touch=touch, base_url=server
        )
        contexts.append(context)
        sign_in(context, user, server)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.faults = []
        page.on("console", lambda message: message.type in ("error", "warning") and page.faults.append(message.text))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    answered(running)


def answered(running, patience=10):
    """Wait until what the pages still asked for is answered, so that nothing is written after the test is over."""
    until = time.monotonic() + patience
    while running.server_state.tasks and time.monotonic() < until:
        time.sleep(0.01)


def sign_in(context, user, server):
    """A session without the form, which has a test of its own."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": server}])


def place_of(element) -> dict:
    """Where it is; one that is being replaced by its newer self this very moment is asked again."""
    while not (box := element.bounding_box()):
        element.page.wait_for_timeout(20)
    return box


def drag(page, card, target, *, to=(0.5, 40)):
    """Press on the card, travel, let go over the target."""
    start, end = place_of(card), place_of(target)
    page.mouse.move(start["x"] + 60, start["y"] + 14)
    page.mouse.down()
    page.mouse.move(start["x"] + 80, start["y"] + 30, steps=3)
    page.wait_for_selector(".lifted")
    if target.evaluate("element => element.matches('#tray [data-drop]')"):
        page.wait_for_timeout(300)  # the tray slides up
        end = target.bounding_box()
    page.mouse.move(end["x"] + end["width"] * to[0], end["y"] + to[1], steps=8)
    page.wait_for_timeout(60)
    page.mouse.up()
