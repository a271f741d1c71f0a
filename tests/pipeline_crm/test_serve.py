"""`manage.py serve`, as a person would run it: it answers, mends itself, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Product:
    """One `manage.py serve` in a process of its own, on a free port and in a data folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self):
        environment = {"PATH": os.environ["PATH"], "EVALUATION": "1", "VAR": str(self.folder), "LANG": "C.UTF-8"}
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--no-demo", f"--port={self.port}"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if "Data and logs" in line:
                break
        self.took = time.monotonic() - self.began

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=3) as answer:
                return answer.status == 200
        except OSError:
            return False

    def pids(self, word: str = "") -> list[int]:
        """Every process that serves this folder and port, the supervisor included."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (entry / "environ").read_bytes().decode(errors="replace")
                is_alive = ") Z " not in (entry / "stat").read_text()
            except OSError:
                continue
            ours = str(self.folder) in line or f"VAR={self.folder}\0" in environment
            if ours and is_alive and word in line:
                found.append(int(entry.name))
        return found


def until(condition, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not condition():
        time.sleep(0.1)
    return condition()


@pytest.mark.slow
def test_it_serves_mends_itself_and_leaves_nothing_behind(open_folder):
    product = Product(open_folder)
    try:
        assert any(f"http://127.0.0.1:{product.port}/" in line for line in product.said), product.said
        assert product.answers()
        assert product.pids("celery -A pipeline_crm worker") and product.pids("celery -A pipeline_crm beat")

        for word in ("uvicorn", "celery -A pipeline_crm worker", "celery -A pipeline_crm beat", "bin/postgres"):
            killed = product.pids(word)
            os.kill(min(killed), signal.SIGKILL)
            assert until(lambda word=word, killed=killed: set(product.pids(word)) - set(killed), 15), word
        assert until(product.answers, 20)

        second = subprocess.run(
            [sys.executable, "manage.py", "showmigrations", "--plan"], cwd=ROOT, capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "EVALUATION": "1", "VAR": str(open_folder)},
        )  # fmt: skip
        assert re.search(r"\[X\]  accounts", second.stdout), second.stderr  # it used the running servers

        asked = time.monotonic()
        product.process.send_signal(signal.SIGINT)
        product.process.wait(timeout=10)
        assert product.pids() == []
        assert time.monotonic() - asked < 10

        product.start()
        assert product.answers()
        assert product.took < 20, product.said  # 2 to 3 s on an idle machine; here the other tests compete
        product.process.kill()
        product.process.wait()
        assert until(lambda: product.pids() == [], 10), product.pids()
    finally:
        if product.process.poll() is None:
            product.process.kill()


def test_a_taken_port_is_said_in_a_sentence(open_folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = subprocess.run(
            [sys.executable, "manage.py", "serve", f"--port={port}"], cwd=ROOT, capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "EVALUATION": "1", "VAR": str(open_folder)}, timeout=30,
        )  # fmt: skip
    assert answer.returncode == 1
    assert f"Port {port} of 127.0.0.1 is taken" in answer.stderr
    assert "Traceback" not in answer.stderr
