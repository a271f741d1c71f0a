"""Streams at /live/: who hears what, and when a stream ends. Streams run in a real event loop on a real PostgreSQL."""

import asyncio
import json
import os
import signal

import psycopg
import pytest
from django.db import connection, transaction

from pipeline_crm import embedded
from pipeline_crm.foundation import live
from pipeline_crm.foundation.live import Live, Viewer

ANA = Viewer(user_id=1, sees_everything=False, team_ids=frozenset({7}))
BEN = Viewer(user_id=2, sees_everything=False, team_ids=frozenset({8}))
ADA = Viewer(user_id=3, sees_everything=True, team_ids=frozenset())

pytestmark = pytest.mark.django_db(transaction=True)


class Client:
    """One EventSource: collects what the application sends."""

    def __init__(self, app, key):
        self.sent, self.gone = [], asyncio.Event()
        scope = {"type": "http", "path": "/live/", "headers": [], "key": key}
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def beats(self):
        return sum(message.get("body") == live.BEAT.encode() for message in self.sent)

    @property
    def events(self):
        lines = b"".join(message.get("body", b"") for message in self.sent[1:]).decode().splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


class House:
    """A Live application whose sessions are a dictionary."""

    def __init__(self, **sessions):
        self.sessions = sessions
        self.app = Live(_database_url(), lambda scope: scope["key"], self._viewers)

    async def _viewers(self, keys):
        return {key: self.sessions[key] for key in keys if key in self.sessions}

    async def open(self, key):
        client = Client(self.app, key)
        await until(lambda: client.task.done() or client.beats)
        return client

    async def listening(self):
        await until(lambda: _listeners() >= 1)


def _database_url():
    facts = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port"}
    return psycopg.conninfo.make_conninfo(**{name: value for name, value in facts.items() if name in names})


def _listeners():
    with psycopg.connect(_database_url()) as other:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()"
        return other.execute(query).fetchone()[0]


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def in_a_loop(story):
    """Run the coroutine, then end what it left running in the background."""

    async def whole():
        try:
            await story()
        finally:
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    asyncio.run(whole())


def say(**facts):
    """A nudge from another thread, as a page would send it."""

    def tell():
        live.nudge(**{"kind": "deal", "pk": 5, "version": 2, "teams": [7], "owners": []} | facts)
        connection.close()

    return asyncio.to_thread(tell)


def test_a_nudge_reaches_exactly_those_who_may_see_the_card():
    async def story():
        house = House(ana=ANA, ben=BEN, ada=ADA)
        ana, ben, ada = [await house.open(key) for key in ("ana", "ben", "ada")]
        await house.listening()
        await say()
        await say(pk=6, teams=[None], owners=[BEN.user_id, None])
        await until(lambda: len(ada.events) == 2 and ben.events)
        assert ana.events == [{"t": "deal", "id": 5, "v": 2, "src": ""}]
        assert [event["id"] for event in ben.events] == [6]
        assert [event["id"] for event in ada.events] == [5, 6]

    in_a_loop(story)


def test_a_nudge_in_a_transaction_is_said_at_its_commit_or_never():
    def rolled_back_then_committed():
        try:
            with transaction.atomic():
                live.nudge("deal", 1, 1, teams=[7], owners=[])
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        with transaction.atomic():
            live.nudge("deal", 2, 1, teams=[7], owners=[])
        connection.close()

    async def story():
        ana = await (house := House(ana=ANA)).open("ana")
        await house.listening()
        await asyncio.to_thread(rolled_back_then_committed)
        await until(lambda: ana.events)
        assert [event["id"] for event in ana.events] == [2]

    in_a_loop(story)


def test_without_a_valid_session_there_is_no_stream():
    async def story():
        house = House()
        assert (await house.open("")).status == 403
        assert (await house.open("forged")).status == 403

    in_a_loop(story)


def test_the_sixth_stream_of_a_person_is_told_to_poll_and_a_closed_one_makes_room():
    async def story():
        house = House(ana=ANA)
        first, *_ = [await house.open("ana") for _ in range(live.STREAMS_PER_PERSON)]
        assert (await house.open("ana")).status == 429
        first.gone.set()
        await first.task
        assert (await house.open("ana")).status == 200

    in_a_loop(story)


def test_a_disabled_persons_stream_ends_and_lost_rights_count_at_once(monkeypatch):
    monkeypatch.setattr(live, "RECHECK", 0.05)

    async def story():
        house = House(ana=ANA, ben=BEN)
        ana, ben = await house.open("ana"), await house.open("ben")
        await house.listening()
        del house.sessions["ana"]
        house.sessions["ben"] = Viewer(BEN.user_id, False, frozenset({7}))
        await asyncio.wait_for(ana.task, 2)
        await say()
        await until(lambda: len(ben.events) == 2)
        assert ana.events == []
        assert [event["t"] for event in ben.events] == ["rights", "deal"]

    in_a_loop(story)


def test_a_quiet_stream_breathes_and_ends_after_its_longest_time(monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    monkeypatch.setattr(live, "LONGEST", 0.3)

    async def story():
        ana = await House(ana=ANA).open("ana")
        await asyncio.wait_for(ana.task, 2)
        assert ana.beats >= 4

    in_a_loop(story)


def test_after_a_gap_in_listening_everyone_is_told_to_look_again():
    async def story():
        ana = await (house := House(ana=ANA)).open("ana")
        await house.listening()
        with psycopg.connect(_database_url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
                          " AND datname = current_database()")  # fmt: skip
        await until(lambda: ana.events)
        assert ana.events[0]["t"] == "all"
        assert ana.beats == 2, "it says again that it hears"

    in_a_loop(story)


@pytest.mark.slow
def test_postgresql_killed_and_started_again_costs_a_look_and_no_stream(open_folder, monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "EVALUATION"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back what the servers overwrite
    servers = embedded.Servers(open_folder, durable=False)
    servers.start_or_join()
    url, postgres = servers.address.database_url, servers.programs[0]
    nudge = json.dumps({"t": "deal", "id": 5, "v": 2, "src": "", "teams": [7], "owners": []})

    async def story():
        house = House(ana=ANA)
        house.app.database_url = url
        ana = await house.open("ana")
        os.kill(postgres.process.pid, signal.SIGKILL)
        await until(lambda: ana.events, seconds=30)
        assert (ana.events[0]["t"], ana.beats) == ("all", 2)
        assert not ana.task.done()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
            await other.execute("SELECT pg_notify(%s, %s)", [live.CHANNEL, nudge])
        await until(lambda: len(ana.events) == 2)
        assert ana.events[1] == {"t": "deal", "id": 5, "v": 2, "src": ""}

    try:
        in_a_loop(story)
    finally:
        servers.stop()


def test_a_stream_does_not_say_that_it_hears_while_postgresql_is_away(monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.02)

    async def story():
        house = House(ana=ANA)
        house.app.database_url = "postgresql://nobody@127.0.0.1:1/none"
        ana = Client(house.app, "ana")
        await until(lambda: len(ana.sent) >= 2)
        await asyncio.sleep(0.2)
        assert ana.beats == 0
        house.app.database_url = _database_url()
        await until(lambda: ana.beats > 1)

    in_a_loop(story)


def test_who_does_not_read_is_left_alone_and_makes_room(monkeypatch):
    monkeypatch.setattr(live, "PATIENCE", 0.1)

    async def story():
        house = House(ana=ANA)
        ana = await house.open("ana")

        async def takes_the_first_line_only(message):
            if message["type"] != "http.response.start":
                await asyncio.Event().wait()

        async def stays():
            await asyncio.Event().wait()

        scope = {"type": "http", "headers": [], "key": "ana"}
        await asyncio.wait_for(house.app(scope, stays, takes_the_first_line_only), 2)
        assert len(house.app._all()) == 1
        assert not ana.task.done()

    in_a_loop(story)


def test_a_reader_too_far_behind_is_sent_away():
    async def story():
        stream = live.Stream("ana", ANA, asyncio.Queue(3))
        for n in range(3):
            stream.offer({"id": n})
        assert not stream.is_over
        stream.offer({"id": 4})
        assert stream.is_over

    in_a_loop(story)
