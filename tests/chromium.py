"""Finds a Chromium for the browser tests; run as a program it gets one: Debian's as root, else Playwright's own."""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def find() -> str | None:
    """The program's path: CHROMIUM, one on PATH, or the one Playwright has fetched; None when there is none."""
    if named := os.environ.get("CHROMIUM"):
        return named
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    return next(iter(sorted(glob.glob(f"{folder}/chromium*/chrome*/chrome"), reverse=True)), None)


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
