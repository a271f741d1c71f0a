"""How soon a colleague's move is seen by two hundred people who have the board open, each with a stream of their own.

Every one of them does what the browser does: hears the nudge, waits while nudges are gathered, asks for the
card and the heads under their own rights, and has seen the move when that answer is there.
"""

import asyncio
import json
import statistics
import time
from contextlib import suppress
from urllib.parse import urlencode

from tests.bench.served import TOKEN, signed_in

GATHERING = 0.06  # seconds; TOGETHER in static/js/board/live.js
LATEST = 30.0  # seconds after which a move that somebody has not seen is lost


class Watcher:
    """One person with the board open."""

    def __init__(self, port: int, cookies: str, board: str):
        self.port, self.cookies, self.board = port, cookies, board
        self.heard: dict[int, float] = {}
        self.seen: dict[int, float] = {}

    async def listen(self, opened: asyncio.Event) -> None:
        reader, _writer = await asyncio.open_connection("127.0.0.1", self.port)
        _writer.write(f"GET /live/ HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookies}\r\n\r\n".encode())
        asked = None
        while line := await reader.readline():
            if line.startswith(b"event: beat"):
                opened.set()
            if not line.startswith(b"data: {"):
                continue
            nudge = json.loads(line[6:])
            self.heard[nudge["v"]] = time.perf_counter()
            if asked is None or asked.done():
                asked = asyncio.create_task(self._look(nudge["id"]))

    async def _look(self, pk: int) -> None:
        await asyncio.sleep(GATHERING)
        version = max(self.heard)
        await get(self.port, f"{self.board}cards/?ids={pk}", self.cookies, self.board)
        self.seen[version] = time.perf_counter()


async def get(port: int, path: str, cookies: str, page: str = "/") -> bytes:
    """A fragment, on a connection that the server closes."""
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookies}\r\nHX-Request: true\r\n"
        f"HX-Current-URL: http://localhost{page}\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    return await _exchange(port, head.encode())


async def post(port: int, path: str, cookies: str, fields: dict) -> bytes:
    body = urlencode(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookies}\r\nHX-Request: true\r\n"
        f"X-CSRFToken: {TOKEN}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return await _exchange(port, head.encode() + body)


async def _exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer[:300].decode())
    return answer


def watch(port: int, *, streams: int = 200, team_of: int = 200, moves: int = 20, every: float = 3.0) -> dict:
    """Open so many streams of different people, in teams of `team_of`; a colleague moves a deal of the first team."""
    from tests.factories import ago, make_deal, make_pipeline, make_team, make_user

    teams = [make_team() for _ in range(-(-streams // team_of))]
    people = [make_user(name=f"Watcher {n}", team=teams[n // team_of]) for n in range(streams)]
    mover = make_user(name="Mover", team=teams[0], role="manager")
    pipeline = make_pipeline()
    deals = [make_deal(pipeline=pipeline, team=teams[0], owner=mover, by=mover, at=ago(n)) for n in range(40)]
    stages = list(pipeline.stages.filter(kind="open").values_list("pk", flat=True))
    board = f"/sales/{pipeline.pk}/"
    watchers = [Watcher(port, signed_in(person), board) for person in people]
    seeing = watchers[:team_of]
    return asyncio.run(_story(port, watchers, seeing, signed_in(mover), deals[0], stages, moves, every))


async def _story(port, watchers, seeing, cookies, deal, stages, moves, every) -> dict:
    opened = [asyncio.Event() for _ in watchers]
    tasks = [asyncio.create_task(watcher.listen(one)) for watcher, one in zip(watchers, opened, strict=True)]
    await asyncio.gather(*(one.wait() for one in opened))
    began, version = {}, deal.version
    for n in range(moves):
        to = stages[(n + 1) % len(stages)]
        began[version + 1] = time.perf_counter()
        await post(port, f"/deals/{deal.pk}/stage/", cookies, {"to": to, "version": version})
        version += 1
        until = began[version] + LATEST
        while time.perf_counter() < until and not all(version in watcher.seen for watcher in seeing):
            await asyncio.sleep(0.005)
        await asyncio.sleep(max(0.0, began[version] + every - time.perf_counter()))
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    heard = [watcher.heard[v] - began[v] for watcher in seeing for v in began if v in watcher.heard]
    seen = [watcher.seen[v] - began[v] for watcher in seeing for v in began if v in watcher.seen]
    return {
        "streams": len(watchers),
        "seeing": len(seeing),
        "moves": moves,
        "lost": len(seeing) * moves - len(seen),
        "heard_ms": _middle_and_late(heard),
        "seen_ms": _middle_and_late(seen),
    }


def _middle_and_late(seconds: list[float]) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    return 1000 * statistics.median(seconds), 1000 * statistics.quantiles(seconds, n=20)[-1]


def main(port: int) -> None:
    """Print how soon a move is seen when every one of 200 people sees it, and when the 20 of its team do."""
    for team_of in (20, 200):
        figures = watch(port, team_of=team_of)
        print(
            f"{figures['streams']} people have a board open, {figures['seeing']} of them see the deal that moves: "
            f"nudged after {figures['heard_ms'][0]:.0f} ms (p95 {figures['heard_ms'][1]:.0f}), "
            f"seen after {figures['seen_ms'][0]:.0f} ms (p95 {figures['seen_ms'][1]:.0f}), {figures['lost']} lost",
            flush=True,
        )
