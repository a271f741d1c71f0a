"""Live updates: a nudge says that a card changed, and whoever may see it asks for it under their own rights.

`nudge` speaks through PostgreSQL NOTIFY. Each web process listens once and passes nudges on to its open streams, which
are plain ASGI: a stream costs a coroutine, not a thread. Who may listen and see is decided by functions handed in.
"""

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import psycopg
from django.db import DatabaseError, connection

from .tabs import tab

CHANNEL = "pipeline_live"
HEARTBEAT = 15.0  # seconds
# Says that what changes is heard. A comment would be nothing to the browser's EventSource, and silence is suspicious.
BEAT = "event: beat\ndata: 1\n\n"
PATIENCE = 30.0  # seconds until a reader that takes nothing is left alone
RECHECK = 4.0  # a disabled person's stream ends within five seconds
LONGEST = 15 * 60.0
STREAMS_PER_PERSON = 5
WAITING_NUDGES = 200  # a reader slower than this is sent away and comes back fresh
log = logging.getLogger(__name__)


def nudge(kind: str, pk: int, version: int, *, teams: Iterable[int | None], owners: Iterable[int | None]) -> None:
    """Tell the open boards of these teams and owners that a card has a new version; those it was taken from hear of it
    too. Inside a transaction it is said when that commits, or never."""
    facts = {"t": kind, "id": pk, "v": version, "src": tab(), "teams": _known(teams), "owners": _known(owners)}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(facts)])
    except DatabaseError:
        if connection.in_atomic_block:
            raise
        log.warning("A nudge was lost; boards see %s %s at their next look.", kind, pk, exc_info=True)


def nudge_many(cards: Iterable[tuple[str, int, int, Iterable[int | None], Iterable[int | None]]]) -> None:
    """Nudge for each (kind, id, version, teams, owners) at once, when the transaction commits."""
    facts = [
        json.dumps({"t": kind, "id": pk, "v": version, "src": tab(), "teams": _known(teams), "owners": _known(owners)})
        for kind, pk, version, teams, owners in cards
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, said) FROM unnest(%s::text[]) AS said", [CHANNEL, facts])


def _known(ids: Iterable[int | None]) -> list[int]:
    return sorted({pk for pk in ids if pk is not None})


@dataclass(frozen=True)
class Viewer:
    """What a stream needs to know about the person behind it."""

    user_id: int
    sees_everything: bool
    team_ids: frozenset[int]

    def sees(self, facts: dict) -> bool:
        return self.sees_everything or self.user_id in facts["owners"] or not self.team_ids.isdisjoint(facts["teams"])


@dataclass(eq=False)
class Stream:
    """One open stream; `waiting` holds what is still to be sent, and None at the end."""

    session_key: str
    viewer: Viewer
    waiting: asyncio.Queue = field(default_factory=lambda: asyncio.Queue(WAITING_NUDGES))
    is_over: bool = False

    def offer(self, event: dict) -> None:
        self.put(f"data: {json.dumps(event)}\n\n")

    def put(self, text: str) -> None:
        try:
            self.waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.end()

    def is_now(self, viewer: Viewer | None) -> None:
        """The person's rights as they are now; without any the stream ends, with others the board is read anew."""
        if viewer is None:
            self.end()
        elif viewer != self.viewer:
            self.viewer = viewer
            self.offer({"t": "rights", "id": 0, "v": 0, "src": ""})

    def end(self) -> None:
        self.is_over = True
        if not self.waiting.full():
            self.waiting.put_nowait(None)


class Live:
    """The ASGI application at /live/.

    `session_key(scope)` answers the key in the request's cookies; `viewers(keys)` answers, for those keys whose session
    is valid and whose user is active, who they are. Both come from asgi.py, since this floor knows no users.
    """

    def __init__(
        self,
        database_url: str,
        session_key: Callable[[dict], str],
        viewers: Callable[[list[str]], Awaitable[dict[str, Viewer]]],
    ):
        self.database_url, self.session_key, self.viewers = database_url, session_key, viewers
        self.streams: dict[int, set[Stream]] = defaultdict(set)
        self._background: list[asyncio.Task] = []
        self._hears = False

    async def __call__(self, scope, receive, send) -> None:
        key = self.session_key(scope)
        viewer = (await self.viewers([key])).get(key) if key else None
        if viewer is None:
            await _answer(send, 403, "Sign in first.")
        elif len(self.streams[viewer.user_id]) >= STREAMS_PER_PERSON:
            await _answer(send, 429, "Too many boards are open at once; this one updates every half minute.")
        else:
            await self._serve(Stream(key, viewer), receive, send)

    async def _serve(self, stream: Stream, receive, send) -> None:
        self._listen()
        theirs = self.streams[stream.viewer.user_id]
        theirs.add(stream)
        left = asyncio.create_task(_disconnected(receive, stream))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            await _write(send, "retry: 3000\n\n")
            if self._hears:
                stream.put(BEAT)
            await self._pass_on(stream, send)
            await send({"type": "http.response.body", "body": b""})
        except (OSError, TimeoutError):
            pass  # the reader went away in the middle of a line, or does not read
        finally:
            left.cancel()
            theirs.discard(stream)

    async def _pass_on(self, stream: Stream, send) -> None:
        ends_at = time.monotonic() + LONGEST
        while not stream.is_over and (left := ends_at - time.monotonic()) > 0:
            try:
                event = await asyncio.wait_for(stream.waiting.get(), timeout=min(HEARTBEAT, left))
            except TimeoutError:
                event = BEAT if self._hears else None
            if event is not None:
                await _write(send, event)

    def _listen(self) -> None:
        """Begin, with the first stream, the two things every stream of this process shares."""
        if not any(not task.done() for task in self._background):
            self._background = [asyncio.create_task(self._hear()), asyncio.create_task(self._recheck())]

    async def _hear(self) -> None:
        """Listen to PostgreSQL for ever; after a gap everyone is told to look again."""
        is_first = True
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANNEL}")
                    self._hears = True
                    for stream in self._all():
                        stream.put(BEAT)
                        if not is_first:
                            stream.offer({"t": "all", "id": 0, "v": 0, "src": ""})
                    is_first = False
                    async for notice in listening.notifies():
                        self._spread(json.loads(notice.payload))
            except (psycopg.Error, OSError) as error:
                log.warning("Live updates lost PostgreSQL (%s); trying again.", error)
            self._hears = False
            await asyncio.sleep(1)

    def _spread(self, facts: dict) -> None:
        event = {name: facts[name] for name in ("t", "id", "v", "src")}
        for stream in self._all():
            if stream.viewer.sees(facts):
                stream.offer(event)

    async def _recheck(self) -> None:
        """Ask again, in one go, who the listeners are: teams change, sessions end, people are disabled."""
        while True:
            await asyncio.sleep(RECHECK)
            streams = self._all()
            if not streams:
                continue
            try:
                viewers = await self.viewers(list({stream.session_key for stream in streams}))
            except Exception:
                log.warning("Live updates could not check who is listening.", exc_info=True)
                continue
            for stream in streams:
                stream.is_now(viewers.get(stream.session_key))

    def _all(self) -> list[Stream]:
        return [stream for streams in self.streams.values() for stream in streams]


_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


async def _disconnected(receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()


async def _write(send, text: str) -> None:
    body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
    await asyncio.wait_for(send(body), timeout=PATIENCE)


async def _answer(send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})
