"""`make bench`: how fast the pages of the demo company are here, beside how fast this machine is.

Runs the product's own web server against servers of its own, asks each page by HTTP on one connection, and prints
milliseconds. Machines differ and are shared: compare ratios to the calibration line, and only runs side by side.
"""

import http.client
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 60
COLUMNS = "{:<34} {:>8} {:>8} {:>9}"


def main() -> None:
    folder = tempfile.mkdtemp(prefix="pipeline-bench-")
    os.chmod(folder, 0o755)
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {"VAR": folder, "EVALUATION": "1", "ROLE": "web", "DJANGO_SETTINGS_MODULE": "pipeline_crm.settings"}
    from pipeline_crm import embedded
    from tests.bench import insight

    servers = embedded.Servers(Path(folder))
    servers.start_or_join()
    try:
        prepare()
        port, cookies = serve()
        measure(port, cookies)
        in_browser(port, cookies)
        among_many(Path(folder))
        woken()
        insight.main()
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


def prepare() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("load_demo")


def serve() -> tuple[int, str]:
    """Start the web server in a thread; answer its port and the cookies of somebody signed in."""
    import uvicorn
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from pipeline_crm.asgi import application

    client = Client()
    client.force_login(get_user_model().objects.filter(memberships__role="admin").first())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    token = "b" * 32
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    return port, cookies


def measure(port: int, cookies: str) -> None:
    from deals.models import Deal, Pipeline
    from leads.models import Lead

    pipeline = Pipeline.objects.first()
    deal = Deal.objects.filter(pipeline=pipeline, stage__kind="open").order_by("id").first()
    lead = Lead.objects.order_by("-id").first()
    board = f"/sales/{pipeline.pk}/"
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(path: str) -> Callable[[], int]:
        return lambda: ask(connection, "GET", path, {"Cookie": cookies})

    print(COLUMNS.format("", "p50 ms", "p95 ms", "bytes"))
    report("this machine: 1,000,000 additions", lambda: sum(range(1_000_000)) and 0)
    report("health", get("/health/"))
    report("sales board", get(board))
    report("marketing board", get("/marketing/"))
    report("a deal's panel", get(f"/deals/{deal.pk}/"))
    report("a lead's panel", get(f"/leads/{lead.pk}/"))
    report("what if: a slider moved", slider(connection, pipeline, cookies))
    report("a move with its log", mover(connection, deal, cookies))


def in_browser(port: int, cookies: str) -> None:
    """A board of 500 cards and one of 40, in Chromium."""
    from tests.bench import board

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps a loop running in this thread
    address = f"http://127.0.0.1:{port}"
    pairs = [pair.split("=", 1) for pair in cookies.split("; ")]
    jar = [{"name": name, "value": value, "url": address} for name, value in pairs]
    board.main(address, jar, crowded=pipeline_of(500), small=pipeline_of(40))


def among_many(folder: Path) -> None:
    """Two hundred open boards, and sixteen people at one deal, on a web server in a process of its own."""
    from tests.bench import crowd, served, streams

    with served.web(folder) as port:
        streams.main(port)
        crowd.main(port)


def woken() -> None:
    """Late, for it leaves a hundred thousand leads behind."""
    from tests.bench import waking

    waking.main()


def pipeline_of(deals: int) -> str:
    """The address of the board of a new pipeline with so many deals, spread over its five open stages."""
    from deals.domain import opening, shaping
    from tests.factories import ago, make_user

    pipeline = shaping.create_pipeline(f"{deals} deals", by=None)
    stages = list(pipeline.stages.filter(kind="open"))
    rep = make_user(name=f"Rep of {deals}")
    for n in range(deals):
        opening.new_deal(
            organisation=f"Bench {deals} {n} Industries", person=f"Person {n}", title="Fleet rollout", owner=rep,
            amount=1000 + 37 * n, pipeline=pipeline, stage=stages[n % len(stages)], by=rep, at=ago(n % 90),
        )  # fmt: skip
    return f"/sales/{pipeline.pk}/"


def slider(connection, pipeline, cookies) -> Callable[[], int]:
    """Moves one slider after the other, so that no answer is like the one before; all of it begins in four weeks."""
    from itertools import count

    from django.utils import timezone

    from analytics import caching, sources
    from analytics.selection import Selection

    selection, number = Selection(pipeline.pk, sources.today(pipeline, timezone.now())), count()
    asked = caching.question(selection, is_dated=False)
    run = caching.refresh("what_if", selection, asked=asked, job=None, at=timezone.now())
    connection.close()  # the server has let go of it meanwhile
    page = f"/insight/what-if/answer/?pipeline={pipeline.pk}&stage={run.result['stages'][-1]['key']}&delay=28"

    def move() -> int:
        place = next(number)
        said = f"&inflow={place % 40 * 5}&stage_time={place % 30 - 15}&conversion={place % 20}"
        return ask(connection, "GET", page + said, {"Cookie": cookies, "HX-Request": "true"})

    return move


def mover(connection, deal, cookies) -> Callable[[], int]:
    """Moves the deal to and fro between two open stages."""
    from django.db import connection as database

    stages = list(deal.pipeline.stages.filter(kind="open", required_fields=[]).values_list("pk", flat=True)[:2])

    def move() -> int:
        deal.refresh_from_db()
        to = next(pk for pk in stages if pk != deal.stage_id)
        database.close()
        headers = {
            "Cookie": cookies, "X-CSRFToken": "b" * 32, "HX-Request": "true",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        return ask(connection, "POST", f"/deals/{deal.pk}/stage/", headers, f"to={to}&version={deal.version}")

    return move


def ask(connection, method: str, path: str, headers: dict, body: str | None = None) -> int:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        sys.exit(f"{method} {path} answered {answer.status}: {content[:300]!r}")
    return len(content)


def report(name: str, act: Callable[[], int]) -> None:
    act()
    times, size = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        size = act()
        times.append((time.perf_counter() - began) * 1000)
    p95 = statistics.quantiles(times, n=20)[-1]
    p50 = statistics.median(times)
    print(COLUMNS.format(name, f"{p50:.1f}", f"{p95:.1f}", f"{size:,}" if size else ""), flush=True)


if __name__ == "__main__":
    main()
