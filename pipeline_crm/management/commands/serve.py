"""`manage.py serve`: the whole product on this machine, with its own PostgreSQL and Valkey if none are named."""

import hashlib
import io
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from pipeline_crm import demo, embedded
from pipeline_crm.processes import Keeper, spawn
from pipeline_crm.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs web, worker and beat; migrates, collects files and loads the demo when that is still to do."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="begin with an empty company")

    def handle(self, *, host, port, no_demo, **options):
        began = time.monotonic()
        keeper = embedded.keeper() or Keeper(self._say)
        keeper.say = self._say
        supervisor = Supervisor(var=settings.VAR, host=host, port=port, keeper=keeper, say=self._say)
        supervisor.check_port()
        (settings.VAR / "log").mkdir(parents=True, exist_ok=True)
        collecting = self._collect_files()
        self._migrate()
        if not no_demo:
            self._load_demo()
        collecting.finish()
        connections.close_all()
        try:
            supervisor.start()
            self._welcome(supervisor, seconds=time.monotonic() - began)
            supervisor.wait()
            self._say("Stopping …")
        finally:
            supervisor.stop()

    def _migrate(self):
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)

    def _collect_files(self):
        """Begin to collect and compress the static files, beside the rest, unless nothing changed since last time."""
        stamp, digest = settings.STATIC_ROOT / ".collected", _digest_of_files()
        if stamp.exists() and stamp.read_text() == digest:
            return Collecting(None, stamp, digest)
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        log = settings.VAR / "log" / "collectstatic.log"
        return Collecting(spawn(command, log=log, cwd=settings.BASE_DIR), stamp, digest)

    def _load_demo(self):
        if not settings.EVALUATION or get_user_model().objects.exists():
            return
        self._say("Loading the demo company, once …")
        call_command("load_demo", stdout=io.StringIO())  # the sign-ins are said at the end

    def _welcome(self, supervisor, seconds):
        self._say(f"\nPipeline CRM runs at {supervisor.address} (ready after {seconds:.1f} s). Ctrl-C stops it.")
        for line in demo.sign_in_lines():
            self._say(f"  {line}")
        self._say(f"Data and logs are in {settings.VAR}.")

    def _say(self, sentence):
        self.stdout.write(sentence)
        self.stdout.flush()


@dataclass
class Collecting:
    """The collecting of static files, perhaps under way."""

    process: subprocess.Popen | None
    stamp: Path
    digest: str

    def finish(self) -> None:
        if self.process is None:
            return
        if self.process.wait():
            raise CommandError(f"The static files could not be collected: see {settings.VAR}/log/collectstatic.log.")
        self.stamp.write_text(self.digest)


def _digest_of_files() -> str:
    """Changes when any file changes that collectstatic would take."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            state = (storage.path(path), storage.size(path), storage.get_modified_time(path))
            digest.update(repr(state).encode())
    return digest.hexdigest()
