"""Finds a Chromium for the browser tests; run as a program it gets one: Debian's as root, else Playwright's own."""

import glob
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def find() -> str | None:
    """The program's path: CHROMIUM, one on PATH, or one Playwright has fetched and that starts; else None."""
    if named := os.environ.get("CHROMIUM"):
        return named
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    fetched = sorted(glob.glob(f"{folder}/chromium*/chrome*/chrome"), reverse=True)
    return next(filter(starts, fetched), None)


@cache
def starts(path: str) -> bool:
    """Whether the program runs here: a fetched one may lack libraries of this system."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def get() -> str | None:
    """`find()`, after trying to install one. Never raises: tests without a browser are reported, not broken."""
    if path := find():
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's Chromium for the browser tests …", flush=True)
        _try(["apt-get", "update", "-qq"])
        _try(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    if not find():
        print("Fetching Playwright's Chromium for the browser tests …", flush=True)
        _try([sys.executable, "-m", "playwright", "install", "chromium"])
    return find()


def _try(command: list[str]) -> None:
    try:
        subprocess.run(command, check=False, timeout=300, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        pass


if __name__ == "__main__":
    path = get()
    print(f"Browser tests use {path}." if path else "NO CHROMIUM: the browser tests will not run.", flush=True)
    sys.exit(path is None)
