"""Every way of moving a card, and what happens when a move fails."""

import pytest

from tests.browser.conftest import drag
from tests.browser.places import arrives, card, column, stage_now
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana, ben = make_user(name="Ana Marin", team=team), make_user(name="Ben Kraus", team=team, role="manager")
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n)) for n in range(3)]
    return ana, ben, pipeline, deals


def test_keys_pick_up_carry_and_put_down(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    for key in (" ", "ArrowRight", "ArrowRight", " "):
        page.keyboard.press(key)
    arrives(page, deal, "Proposal")
    page.locator(".toast", has_text="moved to Proposal").wait_for()
    assert stage_now(deal) == "Proposal"
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{deal.pk}", "focus stays on the card"

    page.keyboard.press("]")
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    page.keyboard.press("z")
    arrives(page, deal, "Proposal")
    page.get_by_text("Undone.").wait_for(state="attached")
    assert stage_now(deal) == "Proposal"
    assert not page.faults


def test_escape_restores_a_held_card(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    for key in (" ", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    arrives(page, deal, "Inquiry")
    page.get_by_text("Move cancelled.").wait_for(state="attached")
    assert stage_now(deal) == "Inquiry"


def test_the_menu_moves_by_click_and_within_the_column(open_page, scene):
    ana, _ben, _pipeline, deals = scene
    page = open_page(ana)
    first, second, _third = page.locator("#board .col").first.locator(".card").all()
    ids = [first.get_attribute("data-id"), second.get_attribute("data-id")]
    first.hover()
    first.locator(".more").click()
    page.get_by_role("menuitem", name="Down one place").click()
    page.wait_for_function(
        "id => document.querySelector('#board .col .card:nth-child(2):not(.saving)')?.dataset.id === id", arg=ids[0]
    )
    page.reload()
    assert page.locator("#board .col").first.locator(".card").nth(1).get_attribute("data-id") == ids[0]
    deal = deals[0]
    card(page, deal).hover()
    card(page, deal).locator(".more").click()
    page.get_by_role("menuitem", name="Estimate").click()
    arrives(page, deal, "Estimate")
    assert not page.faults


def test_dragging_within_a_column_keeps_the_order(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana)
    cards = page.locator("#board .col").first.locator(".card")
    order = cards.evaluate_all("all => all.map(one => one.dataset.id)")
    last = cards.nth(2).bounding_box()
    drag(page, cards.nth(0), cards.nth(2), to=(0.5, last["height"] - 8))
    wanted = [order[1], order[2], order[0]]
    page.wait_for_function(
        """ids => [...document.querySelectorAll('#board .col:first-child .card:not(.saving)')]
            .map(one => one.dataset.id).join() === ids""",
        arg=",".join(wanted),
    )
    page.reload()
    assert cards.evaluate_all("all => all.map(one => one.dataset.id)") == wanted


def test_lost_can_be_thought_over(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    drag(page, card(page, deal), page.locator("#tray [data-drop=lost]"))
    page.get_by_role("button", name="Keep it open").click()
    arrives(page, deal, "Inquiry")
    assert stage_now(deal) == "Inquiry"


def test_a_colleagues_move_appears_by_itself(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    mine, theirs = open_page(ana), open_page(ben)
    for page in (mine, theirs):
        page.locator(".live[data-live=on]").wait_for()
    drag(theirs, card(theirs, deal), column(theirs, deal, "Estimate"))
    arrives(mine, deal, "Estimate")
    assert mine.locator(".stagetabs").inner_text()
    assert not mine.faults + theirs.faults


def test_the_panel_moves_the_card_behind_it(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").click()
    page.locator("#panel .panelbox").wait_for()
    assert f"deal={deal.pk}" in page.url
    page.locator("#panel .stepper").get_by_role("button", name="Proposal").click()
    page.locator("#panel .stepper .now", has_text="Proposal").wait_for()
    arrives(page, deal, "Proposal")
    page.locator("#panel").get_by_label("Add a note").fill("Wants two invoices")
    page.locator("#panel .composer button").click()
    page.locator("#panel .timeline", has_text="Wants two invoices").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{deal.pk}"
    assert "deal=" not in page.url
    assert not page.faults


def test_a_new_deal_appears_as_a_card(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana)
    page.locator(".titlerow a[data-adds]").click()
    page.locator("#new").get_by_label("Company").fill("Birch Furniture")
    page.locator("#new").get_by_role("button", name="Add deal").click()
    page.locator("#board .card", has_text="Birch Furniture").wait_for()
    assert page.locator("#boardsum").inner_text().startswith("4")
    assert not page.faults


def test_the_filter_narrows_cards_and_totals_and_stays_in_the_address(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    page.keyboard.press("/")
    page.keyboard.type(deal.name)
    page.wait_for_function("() => document.querySelectorAll('#board .card').length === 1")
    assert page.locator("#boardsum").inner_text().startswith("1")
    assert "q=" in page.url
    assert "mine" not in page.url
    page.reload()
    assert page.locator("#board .card").count() == 1
    assert not page.faults


def test_without_javascript_links_and_forms_do_it_all(chrome, server, scene):
    from tests.browser.conftest import sign_in

    ana, _ben, _pipeline, (deal, *_others) = scene
    context = chrome.new_context(java_script_enabled=False, base_url=server)
    sign_in(context, ana, server)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name=deal.name, exact=True).click()
    page.locator(".stepper").get_by_role("button", name="Proposal").click()
    page.locator(".stepper .now", has_text="Proposal").wait_for()
    assert stage_now(deal) == "Proposal"
    page.get_by_role("button", name="Lost").click()
    page.get_by_role("radio", name="Budget").check()
    page.get_by_role("button", name="Mark as lost").click()
    page.locator(".stepper .now.lost").wait_for()
    assert stage_now(deal) == "Lost"
    context.close()
