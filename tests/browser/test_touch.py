"""Fingers, pens and mice: what begins a drag, what does not, and what ends it."""

import pytest

from tests.browser.conftest import PHONE, drag
from tests.browser.places import arrives, card, column, stage_now
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana = make_user(name="Ana Marin", team=team)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(20 - n)) for n in range(12)]
    return ana, pipeline, deals[::-1]  # as they stand, the newest on top


class Finger:
    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)

    def __call__(self, kind, *points):
        points = [{"x": x, "y": y} for x, y in points]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture
def phone(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana, size=PHONE, touch=True)
    page.evaluate("navigator.vibrate = (ms) => ((window.felt = ms), true)")
    return page, Finger(page)


def first_card(page):
    box = page.locator("#board .col").first.locator(".card").first.bounding_box()
    return box["x"] + 60, box["y"] + 30


def scrolled(page):
    return page.evaluate("document.querySelector('#board .col [data-list]').scrollTop")


def test_an_early_swipe_scrolls_and_picks_nothing_up(phone):
    page, touch = phone
    touch("touchStart", (150, 600))
    for y in range(590, 400, -20):
        touch("touchMove", (150, y))
    touch("touchEnd")
    page.wait_for_function("() => document.querySelector('#board .col [data-list]').scrollTop > 60")
    page.wait_for_timeout(400)
    assert page.locator(".lifted").count() == 0
    assert not page.faults


def test_a_hold_picks_up_with_a_tick_and_then_nothing_scrolls(phone, scene):
    page, touch = phone
    x, y = first_card(page)
    touch("touchStart", (x, y))
    page.wait_for_timeout(150)
    assert page.locator(".lifted").count() == 0, "not before it was held"
    page.locator(".lifted").wait_for()
    assert page.evaluate("window.felt") == 8
    snap = "getComputedStyle(document.getElementById('board')).scrollSnapType"
    assert page.evaluate(snap) == "none", "nothing snaps under a drag"
    for step in range(1, 8):
        touch("touchMove", (x, y + 12 * step))
    assert scrolled(page) == 0
    touch("touchCancel")
    page.wait_for_function("() => !document.querySelector('.lifted')")
    assert "x" in page.evaluate(snap)
    assert not page.faults


def test_holding_at_the_side_brings_the_next_stage_and_the_drop_lands_there(phone, scene):
    page, touch = phone
    _ana, _pipeline, deals = scene
    x, y = first_card(page)
    pk = int(page.locator("#board .card").first.get_attribute("data-id"))
    deal = next(one for one in deals if one.pk == pk)
    touch("touchStart", (x, y))
    page.locator(".lifted").wait_for()
    for step in range(1, 10):
        touch("touchMove", (x + (PHONE[0] - 10 - x) * step / 9, y + 40))
    page.locator("#stagetabs a[aria-current]", has_text="Hearing").wait_for()
    touch("touchMove", (PHONE[0] / 2, y + 40))
    page.wait_for_timeout(1200)  # away from the side nothing moves on
    name = page.locator("#board .col.over").get_attribute("data-name")
    assert name != "Inquiry"
    touch("touchEnd")
    arrives(page, deal, name)
    page.locator(".toast", has_text=f"moved to {name}").wait_for()
    assert stage_now(deal) == name
    assert not page.faults


def test_a_finger_at_the_lower_edge_scrolls_the_list_under_the_card(phone):
    page, touch = phone
    x, y = first_card(page)
    box = page.locator("#board .col [data-list]").first.bounding_box()
    touch("touchStart", (x, y))
    page.locator(".lifted").wait_for()
    for step in range(1, 6):
        touch("touchMove", (x, y + (box["y"] + box["height"] - 20 - y) * step / 5))
    page.wait_for_function("() => document.querySelector('#board .col [data-list]').scrollTop > 80")
    touch("touchCancel")


def test_the_browser_taking_the_pointer_away_restores_the_card(open_page, scene):
    ana, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    box = card(page, deal).bounding_box()
    place = column(page, deal, "Proposal").bounding_box()
    for event in ("pointercancel", "blur"):
        page.mouse.move(box["x"] + 50, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(place["x"] + 80, place["y"] + 120, steps=5)
        page.locator(".lifted").wait_for()
        page.evaluate("name => window.dispatchEvent(name === 'blur' ? new Event(name) : new PointerEvent(name))", event)
        assert page.locator(".lifted").count() == 0
        page.mouse.up()
        page.wait_for_timeout(250)
        arrives(page, deal, "Inquiry")
    assert stage_now(deal) == "Inquiry"
    assert page.locator(".dragging, .over, .source, .dropline").count() == 0


def test_escape_restores_a_dragged_card_and_the_click_opens_nothing(open_page, scene):
    ana, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    box, target = card(page, deal).bounding_box(), column(page, deal, "Proposal").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(target["x"] + 80, target["y"] + 120, steps=5)
    page.locator(".lifted").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".lifted").count() == 0
    page.mouse.up()
    arrives(page, deal, "Inquiry")
    page.get_by_text("Move cancelled.").wait_for(state="attached")
    drag(page, card(page, deal), column(page, deal, "Hearing"))
    arrives(page, deal, "Hearing")
    assert page.locator("#panel[open]").count() == 0
    assert stage_now(deal) == "Hearing"


def test_the_right_button_and_a_small_tremble_drag_nothing(open_page, scene):
    ana, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    box = card(page, deal).bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 60)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 150, box["y"] + 160, steps=5)
    assert page.locator(".lifted").count() == 0
    page.mouse.up(button="right")
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 50, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 53, box["y"] + 62)
    assert page.locator(".lifted").count() == 0
    page.mouse.up()
    page.locator("#panel .panelbox").wait_for()  # it was a click


def test_what_follows_the_pointer_happens_in_frames(open_page, scene):
    """The handler of a movement only notes where the pointer is, however many come before the next frame."""
    ana, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    box = card(page, deal).bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 30)
    page.locator(".lifted").wait_for()
    drawn, at_once, later = page.evaluate(
        """async ([x, y]) => {
            const frame = () => new Promise(requestAnimationFrame);
            const place = () => document.querySelector('.lifted').style.transform;
            const go = (n) => window.dispatchEvent(
                new PointerEvent('pointermove', { pointerId: 1, clientX: x + n, clientY: y + n }));
            await frame();
            const drawn = place();
            for (let n = 1; n <= 50; n += 1) go(n);
            const atOnce = place();
            await frame();
            await frame();
            return [drawn, atOnce, place()];
        }""",
        [box["x"] + 70, box["y"] + 30],
    )
    page.keyboard.press("Escape")
    page.mouse.up()
    assert at_once == drawn
    assert later != drawn
