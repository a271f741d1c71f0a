"""Everything an evaluation runs, under one process: databases, web, worker, beat. What dies is started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from functools import partial
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from pipeline_crm.processes import Keeper, Program, spawn

# Health is asked as the proxy asks, so that neither the site's name nor a redirect to https gets in the way.
AS_THE_PROXY = {"X-Forwarded-Proto": "https", "Host": "localhost"}

LOOKS_EVERY = 15.0  # seconds between two looks at /health/
NEEDS_TO_START = 150.0  # a worker younger than this cannot be blamed for jobs that wait
STOPS_WITHIN = 5.0  # seconds for web, worker and beat; the databases follow with what is left of ten


class Supervisor:
    """Runs the programs that serve the product at http://host:port until it is told to stop."""

    def __init__(self, *, var: Path, host: str, port: int, keeper: Keeper, say):
        self.var, self.host, self.port, self.keeper, self.say = var, host, port, keeper, say
        self.programs: tuple[Program, ...] = ()
        self._end = threading.Event()

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}/"

    def check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError:
                raise ImproperlyConfigured(
                    f"Port {self.port} of {self.host} is taken. Choose another: make run PORT={self.port + 1}"
                ) from None

    def start(self) -> None:
        """Start web, worker and beat; return when the web server answers. It goes first: people wait for it."""
        web, worker, beat = self.programs = (self._web(), self._worker(), self._beat())
        self.keeper.keep(web)
        self.keeper.keep(worker, beat)

    def wait(self) -> None:
        """Until Ctrl-C or SIGTERM. A worker that lives but does no job is ended; the keeper starts another."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._end.set())
        while not self._end.wait(timeout=LOOKS_EVERY):
            worker = self.programs[1]
            if self._health().get("jobs") == "stuck" and time.monotonic() - worker.started_at > NEEDS_TO_START:
                self.say("Jobs wait and nobody does them; ending the worker.")
                worker.kill_group()

    def stop(self) -> None:
        self.keeper.stop(*self.programs, within=STOPS_WITHIN)

    def _web(self) -> Program:
        command = [
            "uvicorn", "pipeline_crm.asgi:application", f"--host={self.host}", f"--port={self.port}",
            "--no-access-log", "--log-level=warning", "--timeout-graceful-shutdown=3", "--no-server-header",
        ]  # fmt: skip
        start = partial(self._run, "web", command)
        return Program("The web server", start, self._log("web"), is_ready=self._answers, patience=60)

    def _worker(self) -> Program:
        command = ["celery", "-A", "pipeline_crm", "worker", "-Q", "fast,bulk", "--concurrency=2", "--loglevel=warning",
                   "--without-gossip", "--without-mingle", "-n", f"worker-{self.port}@%h"]  # fmt: skip
        start = partial(self._run, "worker", command, dies_by=signal.SIGKILL, REMAP_SIGTERM="SIGQUIT")
        return Program("The worker", start, self._log("worker"))

    def _beat(self) -> Program:
        command = ["celery", "-A", "pipeline_crm", "beat", "--loglevel=warning", "--pidfile=",
                   f"--schedule={self.var / 'beat'}"]  # fmt: skip
        return Program("Beat", partial(self._run, "beat", command), self._log("beat"))

    def _run(self, role: str, command: list[str], *, dies_by=signal.SIGTERM, **environment: str) -> subprocess.Popen:
        home = Path(__file__).resolve().parent.parent
        return spawn(
            [sys.executable, "-m", *command],
            dies_by=dies_by,
            log=self._log(role),
            cwd=home,
            env=os.environ | {"ROLE": role, "PYTHONUNBUFFERED": "1"} | environment,
        )

    def _log(self, role: str) -> Path:
        return self.var / "log" / f"{role}.log"

    def _answers(self) -> bool:
        return bool(self._health())

    @property
    def _here(self) -> str:
        """Where this machine finds its own web server."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 (compared, not bound)

    def _health(self) -> dict:
        """What /health/ says; nothing while the web server does not answer well."""
        try:
            request = urllib.request.Request(f"http://{self._here}:{self.port}/health/", headers=AS_THE_PROXY)
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 (http, and ours)
                return json.load(answer)
        except (OSError, ValueError):
            return {}
