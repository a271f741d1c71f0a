"""Browser tests find a Chromium, or say that they did not run."""

import subprocess
import sys
from pathlib import Path

from tests import chromium

ROOT = Path(__file__).resolve().parents[2]


def test_a_named_chromium_is_taken_before_any_other(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/somewhere/chromium")
    assert chromium.find() == "/somewhere/chromium"


def test_one_fetched_by_playwright_is_found(monkeypatch, tmp_path):
    program = tmp_path / "chromium-1234" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert chromium.find() == str(program)


def test_one_that_does_not_start_here_is_left_alone(monkeypatch, tmp_path):
    program = tmp_path / "chromium-1234" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert chromium.find() is None


def test_without_a_chromium_the_run_says_loudly_what_it_left_out(monkeypatch, tmp_path):
    """A run in a process of its own, where no Chromium can be found."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/browser/test_journey.py"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout
    assert "NOT EVERYTHING WAS TESTED" in answer.stdout
    assert "there is no Chromium here" in answer.stdout
