"""The servers out of wheels: alive with their owner, gone with their owner."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from django.core.exceptions import ImproperlyConfigured

from pipeline_crm import embedded
from pipeline_crm.processes import NotStarted, is_running

ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import signal, sys, time
from pathlib import Path
from pipeline_crm import embedded
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
servers = embedded.Servers(Path(sys.argv[1]), durable=False)
servers.start_or_join()
print("ready", flush=True)
try:
    time.sleep(60)
finally:
    servers.stop()
"""


@pytest.fixture
def folder(open_folder):
    return open_folder


@pytest.fixture
def servers(folder, monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "EVALUATION"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back what into_environment() overwrites
    servers = embedded.Servers(folder, durable=False)
    servers.start_or_join()
    yield servers
    servers.stop()


def pids_in(folder: Path) -> list[int]:
    """Every process whose command line names this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words[1:]) and words[0].endswith(("postgres", "valkey-server")):
            found.append(int(entry.name))
    return found


def until(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def owner_process(folder: Path) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout.readline() == "ready\n"
    return owner


def test_both_servers_answer_and_the_environment_names_them(servers):
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_database(), current_user").fetchone() == ("pipeline", "pipeline")
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        assert client.ping()


def test_the_extensions_that_search_needs_are_there(servers):
    with psycopg.connect(servers.address.database_url) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
    assert {"pg_trgm", "unaccent", "btree_gist"} <= names


def test_nothing_listens_on_the_network_and_the_sockets_are_private(servers):
    with psycopg.connect(servers.address.database_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    sockets = Path(servers.address.sockets)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    with redis.Redis.from_url(servers.address.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a privilege to drop")
def test_started_by_root_the_servers_run_as_nobody(servers, folder):
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids_in(folder)} == {embedded.Account.fitting().uid}
    assert embedded.Account.fitting().name == "nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")
def test_a_folder_that_nobody_cannot_enter_keeps_its_databases_elsewhere_and_finds_them_again(folder, monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "EVALUATION"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(embedded, "LIBRARY", folder / "library")
    (closed := folder / "closed").mkdir(mode=0o700)
    said = []
    for _ in range(2):
        servers = embedded.Servers(closed / "var", durable=False, say=said.append)
        servers.start_or_join()
        servers.stop()
    (home,) = (folder / "library").glob("data-*")
    assert (home / "postgres" / "PG_VERSION").exists()
    assert len(said) == 1 and str(home) in said[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_of_this_machine_is_not_let_in(servers):
    answer = subprocess.run(
        [sys.executable, "-c", "import sys, os; os.setuid(1); os.listdir(sys.argv[1])", servers.address.sockets],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "PermissionError" in answer.stderr


def test_a_second_process_joins_the_running_servers_and_leaves_them_running(servers, folder):
    second = embedded.Servers(folder)
    assert second.start_or_join() == servers.address
    second.stop()
    assert embedded.running(folder) == servers.address


def test_stopping_leaves_no_process_and_no_socket(servers, folder):
    sockets = Path(servers.address.sockets)
    servers.stop()
    assert (pids_in(folder), sockets.exists(), embedded.running(folder)) == ([], False, None)


def test_data_stay_between_starts(servers, folder):
    with psycopg.connect(servers.address.database_url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")
    servers.stop()
    servers.start_or_join()
    with psycopg.connect(servers.address.database_url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("here",)]


def test_a_server_that_dies_is_started_again(servers, folder):
    postgres = servers.programs[0]
    killed = postgres.process.pid
    os.kill(killed, signal.SIGKILL)
    assert until(lambda: postgres.process.pid != killed and embedded._answers_postgres(servers.address.database_url))


def test_when_the_owner_is_killed_its_servers_end_and_the_next_start_works(folder, monkeypatch):
    owner = owner_process(folder)
    address = embedded.running(folder)
    assert len(pids_in(folder)) >= 2
    owner.kill()
    owner.wait()
    assert until(lambda: pids_in(folder) == [], seconds=10)

    for name in ("DATABASE_URL", "REDIS_URL", "EVALUATION"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    heir = embedded.Servers(folder, durable=False)
    heir.start_or_join()
    try:
        assert not Path(address.sockets).exists()  # swept
        assert embedded._answers_postgres(heir.address.database_url)
    finally:
        heir.stop()


def test_two_folders_run_side_by_side(servers, folder):
    other_folder = folder / "other"
    other_folder.mkdir()
    owner = owner_process(other_folder)
    try:
        assert embedded.running(other_folder).database_url != servers.address.database_url
    finally:
        owner.terminate()
        owner.wait()


def test_data_of_another_major_version_are_refused_in_a_sentence(servers, folder):
    servers.stop()
    (folder / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ImproperlyConfigured, match="written by PostgreSQL 17, .* brings PostgreSQL 18.*pg_dump"):
        servers.start_or_join()
    assert pids_in(folder) == []


def test_a_server_that_cannot_start_says_where_its_own_words_are(servers, folder):
    servers.stop()
    with open(folder / "postgres" / "postgresql.conf", "a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(NotStarted, match="PostgreSQL .* while starting: see .*log/postgres.log"):
        servers.start_or_join()
    assert pids_in(folder) == []


def test_a_stale_pid_file_is_neither_believed_nor_does_its_stranger_come_to_harm(servers, folder):
    servers.stop()
    stranger = subprocess.Popen(["/bin/sleep", "30"])
    try:
        (folder / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{folder / 'postgres'}\n0\n5432\n\n\n0\n")
        servers.start_or_join()
        assert embedded._answers_postgres(servers.address.database_url)
        servers.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_address_left_by_a_dead_owner_is_not_believed(servers, folder):
    written = json.loads((folder / "servers.json").read_text()) | {"owner_started": "1"}
    (folder / "servers.json").write_text(json.dumps(written))
    assert is_running(os.getpid())
    assert embedded.running(folder) is None


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"EVALUATION": "1"}, True),
        ({}, False),
        ({"EVALUATION": "0"}, False),
        ({"EVALUATION": "1", "DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x/0"}, False),
        ({"EVALUATION": "1", "DATABASE_URL": "postgresql:///x"}, False),
    ],
)
def test_servers_are_embedded_only_in_an_evaluation_without_urls(environment, wanted, monkeypatch, tmp_path):
    for name in ("DATABASE_URL", "REDIS_URL", "EVALUATION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert embedded.is_wanted() is wanted


def test_an_environment_made_by_make_setup_is_an_evaluation_unless_told_otherwise(monkeypatch, tmp_path):
    for name in ("DATABASE_URL", "REDIS_URL", "EVALUATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / embedded.MARKER).touch()
    assert embedded.is_wanted() is True
    monkeypatch.setenv("EVALUATION", "0")
    assert embedded.is_wanted() is False


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
def test_without_evaluation_a_missing_url_refuses_to_start_with_a_sentence(missing):
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": "x" * 50, "EVALUATION": "0"}
    environment |= {"DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://localhost/0"}
    del environment[missing]
    answer = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{missing} is not set. Set DATABASE_URL and REDIS_URL")
    assert "Traceback" not in answer.stderr
