"""The product's own web program, started as `make run` starts it, and people who are signed in to it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = "b" * 32


@contextmanager
def web(var: Path) -> Iterator[int]:
    """Run the web server in a process of its own, on the database of this one; gives its port."""
    from pipeline_crm.processes import Keeper
    from pipeline_crm.supervisor import Supervisor

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (var / "log").mkdir(parents=True, exist_ok=True)
    keeper = Keeper()
    supervisor = Supervisor(var=var, host="127.0.0.1", port=port, keeper=keeper, say=print)
    program = supervisor._web()
    keeper.keep(program)
    try:
        yield port
    finally:
        keeper.stop(program, within=5.0)


def signed_in(user) -> str:
    """The cookies of a new session of the person."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={TOKEN}"


def use_database_of(var: Path):
    """Let Django run in this process on what DATABASE_URL and REDIS_URL name."""
    import django

    os.environ |= {"EVALUATION": "1", "VAR": str(var), "DJANGO_SETTINGS_MODULE": "pipeline_crm.settings"}
    django.setup()
