"""The board in a real browser: how smooth a drag over 500 cards is, how soon the page paints, how heavy it comes."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from tests import chromium
from tests.browser.conftest import DESK, FLAGS

MOVES, STARTS = 140, 9
LINE = "{:<58} {:>18}"

# Put in before the page's own modules: notes each frame, each long task, and how long our work takes, in handlers of
# pointermove and in animation frames. The piece of work that lifts the card is the start of the drag.
RECORDER = """(() => {
  const bench = (window.bench = { frames: [], long: [], work: [], start: null });
  new PerformanceObserver((list) => bench.long.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
  const isLifted = () => document.querySelector(".lifted") !== null;
  const timed = (act) => function (...facts) {
    const was = isLifted(), began = performance.now();
    act.apply(this, facts);
    const took = performance.now() - began;
    bench.work.push(took);
    if (!was && isLifted()) bench.start = took;
  };
  const nextFrame = window.requestAnimationFrame.bind(window);
  let last = performance.now();
  const frame = (now) => (bench.frames.push(now - last), (last = now), nextFrame(frame));
  nextFrame(frame);
  window.requestAnimationFrame = (act) => nextFrame(timed(act));
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (kind, act, ...more) {
    const heard = kind === "pointermove" && typeof act === "function" ? timed(act) : act;
    return listen.call(this, kind, heard, ...more);
  };
})()"""


def main(address: str, cookies: list[dict], crowded: str, small: str) -> None:
    """Print the figures; `crowded` and `small` are the paths of a board of 500 and of one of 40 cards."""
    if not chromium.find():
        print("NOT MEASURED: the board in a browser, because no Chromium was found.")
        return
    with browser() as chrome:

        def page_of(path: str):
            context = chrome.new_context(viewport={"width": DESK[0], "height": DESK[1]}, base_url=address)
            context.add_cookies(cookies)
            page = context.new_page()
            return page, context.new_cdp_session(page), path

        report("BOARD IN CHROMIUM", "")
        weigh(*page_of(small))
        paint("first paint, 40 cards", *page_of(small))
        paint("first paint, 500 cards in the columns", *page_of(crowded))
        for slower in (1, 4):
            drag(*page_of(crowded), slower=slower)


@contextmanager
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield chrome
        chrome.close()


def weigh(page, cdp, path: str) -> None:
    """A first visit with nothing in the browser's cache: bodies as compressed, by kind, and all bytes with headers."""
    bodies: dict[str, float] = {}
    wire = []
    cdp.send("Network.enable")

    def answered(event):
        kind, size = event["type"].lower(), event["response"]["headers"].get("content-length", 0)
        bodies[kind] = bodies.get(kind, 0) + int(size) / 1000

    cdp.on("Network.responseReceived", answered)
    cdp.on("Network.loadingFinished", lambda event: wire.append(event["encodedDataLength"] / 1000))
    page.goto(path)
    page.wait_for_timeout(1500)
    cards = page.locator("#board .card").count()
    report(f"page weight, {cards} cards, kB compressed", f"{sum(bodies.values()):.1f}")
    for kind, size in sorted(bodies.items(), key=lambda pair: -pair[1]):
        report(f"    {kind}", f"{size:.1f}")
    report(f"    with the headers of {len(wire)} answers", f"{sum(wire):.1f}")


def paint(name: str, page, _cdp, path: str, *, times: int = 5) -> None:
    found = []
    for _ in range(times):
        page.goto(path)
        page.wait_for_timeout(300)
        found.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    report(f"{name}, median of {times}, ms", f"{statistics.median(found):.0f}")


def drag(page, cdp, path: str, *, slower: int) -> None:
    """Pick a card up some times, then carry it over the whole board; Escape puts it back."""
    page.add_init_script(RECORDER)
    page.goto(path)
    for column in page.locator(".col").all():
        while column.locator(".further").count():
            column.locator(".further a").click()
            column.locator(".htmx-request").wait_for(state="detached")
    cards = page.locator("#board .card").count()
    card = page.locator("#board .card").first
    card.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    box = card.bounding_box()
    x, y = box["x"] + 60, box["y"] + 14
    starts = []
    for _ in range(STARTS):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 10, y + 10)
        page.wait_for_timeout(100)
        starts.append(page.evaluate("bench.start"))
        page.keyboard.press("Escape")
        page.mouse.up()
        page.wait_for_timeout(300)
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(100)
    page.evaluate("(bench.frames.length = bench.long.length = bench.work.length = 0)")
    for step in range(MOVES):
        page.mouse.move(x + step * 8, y + 300 * (step % 35) / 35 + 10)
    page.wait_for_timeout(100)
    found = page.evaluate("bench")
    page.keyboard.press("Escape")
    page.mouse.up()
    frames, work = found["frames"], found["work"]
    cpu = "" if slower == 1 else f", CPU {slower}x slower"
    where = f"drag over {cards} cards{cpu}"
    p95 = statistics.quantiles(frames, n=20)[-1]
    report(f"{where}: frames p50 / p95 / max, ms", f"{statistics.median(frames):.1f} / {p95:.1f} / {max(frames):.0f}")
    report(f"{where}: long tasks over 50 ms", f"{len(found['long'])}")
    report(f"{where}: start / later steps, ms", f"{statistics.median(starts):.1f} / {statistics.median(work):.2f}")


def report(what: str, figure: str) -> None:
    print(LINE.format(what, figure), flush=True)
