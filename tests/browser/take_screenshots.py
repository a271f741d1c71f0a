"""The pictures of the README, taken from the demo that runs at an address:

.venv/bin/python -m tests.browser.take_screenshots http://127.0.0.1:8000 ada@lumenfield.example PASSWORD
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import chromium
from tests.browser.conftest import FLAGS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
PAGES = {"sales": "/", "bottleneck": "/insight/bottleneck/"}


def main(address: str, email: str, password: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/accounts/login/")
        page.fill("input[type=email]", email)
        page.fill("input[type=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/sales/**")
        for name, path in PAGES.items():
            page.goto(address + path, wait_until="networkidle" if "insight" in path else "load")
            page.wait_for_timeout(2500)
            page.screenshot(path=FOLDER / f"{name}.png")
            print(f"docs/screenshots/{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
