"""Programs that belong to one owner: they are started again when they die, and they die with their owner (Linux)."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
FIRST_PAUSE, LONGEST_PAUSE, CALM = 0.2, 10.0, 30.0  # seconds
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(command: list[str], *, dies_by=signal.SIGTERM, log: Path | None = None, **popen) -> subprocess.Popen:
    """Start a program in a session of its own. The kernel sends it `dies_by` when the calling *thread* ends.

    Call it from a thread that lives as long as the owner: the main thread, or a Keeper.
    """
    owner = os.getpid()
    with open(log, "ab") if log else open(os.devnull, "ab") as output:
        out = output if log else None
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            preexec_fn=lambda: die_with(owner, dies_by), **popen,
        )  # fmt: skip


def die_with(owner: int, by: signal.Signals) -> None:
    """From now on the kernel sends this process the signal when its parent, `owner`, dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
    if os.getppid() != owner:  # it died before the call
        os._exit(1)


class NotStarted(Exception):
    """A program could not be started; says which, and where its own words are."""


@dataclass
class Program:
    """One thing to keep running. `is_ready` is asked until it is true; `stops_by` is tried first, then SIGKILL."""

    name: str
    start: Callable[[], subprocess.Popen]
    log: Path
    is_ready: Callable[[], bool] = lambda: True
    stops_by: signal.Signals = signal.SIGTERM
    patience: float = 30.0
    process: subprocess.Popen | None = field(default=None, repr=False)
    pause: float = FIRST_PAUSE
    started_at: float = 0.0
    again_at: float = 0.0
    restarts: int = 0

    def begin(self) -> None:
        self.process, self.started_at = self.start(), time.monotonic()

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.patience
        while not self.is_ready():
            if self.has_died():
                raise NotStarted(f"{self.name} ended (code {self.process.returncode}) while starting: see {self.log}")
            if time.monotonic() > deadline:
                raise NotStarted(f"{self.name} was not ready after {self.patience:.0f} seconds: see {self.log}")
            time.sleep(0.03)

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.stops_by)

    def end(self, within: float) -> None:
        """Wait, then kill whatever is left of its process group."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(within, 0.1))
        except subprocess.TimeoutExpired:
            pass
        self.kill_group()
        self.process.wait()

    def kill_group(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


class Keeper(threading.Thread):
    """The thread that starts programs in order, restarts what dies (pausing 0.2 s, doubling to 10 s), and stops all.

    It never ends before its process does, because PR_SET_PDEATHSIG follows the thread that forked.
    """

    def __init__(self, say: Callable[[str], None] = lambda sentence: None):
        super().__init__(daemon=True, name="keeper")
        self.say = say
        self._programs: list[Program] = []
        self._asked: list[tuple[list[Program], threading.Event, list[BaseException]]] = []
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._stopping = False

    def keep(self, *programs: Program) -> None:
        """Start these side by side and return when all are ready; what cannot start raises NotStarted."""
        if not self.is_alive():
            self.start()
        done: threading.Event = threading.Event()
        errors: list[BaseException] = []
        self._asked.append((list(programs), done, errors))
        self._wake.set()
        done.wait()
        if errors:
            raise errors[0]
        for program in programs:
            program.wait_until_ready()

    def stop(self, *programs: Program, within: float = 8.0) -> None:
        """Stop these (all, if none is named), the last kept first asked; return when they are gone."""
        with self._lock:
            chosen = [program for program in reversed(self._programs) if not programs or program in programs]
            self._programs = [program for program in self._programs if program not in chosen]
        for program in chosen:
            program.ask_to_stop()
        deadline = time.monotonic() + within
        for program in chosen:
            program.end(deadline - time.monotonic())

    def run(self) -> None:
        while True:
            self._wake.wait(timeout=0.2)
            self._wake.clear()
            while self._asked:
                self._begin(*self._asked.pop(0))
            with self._lock:
                for program in self._programs:
                    self._look_after(program)

    def _begin(self, programs, done, errors) -> None:
        try:
            with self._lock:
                for program in programs:
                    program.begin()
                    self._programs.append(program)
        except BaseException as error:  # handed to the thread that asked
            errors.append(error)
        finally:
            done.set()

    def _look_after(self, program: Program) -> None:
        now = time.monotonic()
        if program.again_at:
            if now >= program.again_at:
                program.again_at = 0.0
                self._restart(program, now)
        elif program.has_died():
            if now - program.started_at > CALM:
                program.pause = FIRST_PAUSE
            program.kill_group()
            program.again_at = now + program.pause
            self.say(f"{program.name} ended (code {program.process.returncode}); starting it again.")

    def _restart(self, program: Program, now: float) -> None:
        program.pause = min(program.pause * 2, LONGEST_PAUSE)
        program.restarts += 1
        try:
            program.begin()
        except Exception as error:  # the keeper outlives any one failure; it tries again after the pause
            self.say(f"{program.name} could not be started: {error}")
            program.again_at = now + program.pause


def is_running(pid: int, started: str | None = None) -> bool:
    """Whether this process lives; with `started` (see start_time), whether it is still the same process."""
    now = start_time(pid)
    return now is not None and (started is None or now == started)


def start_time(pid: int) -> str | None:
    """The kernel's start stamp of a process, which tells a reused process number; None if there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else after_name[19]
