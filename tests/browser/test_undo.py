"""Taking steps back: how long the offer stays, how far back it goes, and when it is too late."""

import pytest

from deals.domain import moving
from tests.browser.places import arrives, card, stage_now
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana = make_user(name="Ana Marin", team=team)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n)) for n in range(3)]
    return ana, deals


def step(page, deal, name, key="]"):
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press(key)
    page.locator(".toast", has_text=f"moved to {name}").wait_for()
    arrives(page, deal, name)


def test_the_offer_stays_while_it_is_pointed_at_or_focused(open_page, scene):
    ana, (deal, *_others) = scene
    page = open_page(ana)
    step(page, deal, "Hearing")
    toast = page.locator(".toast", has_text="moved to Hearing")
    toast.hover()
    page.wait_for_timeout(8500)
    assert toast.is_visible()
    toast.get_by_role("button", name="Undo").focus()
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)
    toast.get_by_role("button", name="Undo").press("Enter")
    arrives(page, deal, "Inquiry")
    assert stage_now(deal) == "Inquiry"
    step(page, deal, "Hearing")
    page.locator(".toast", has_text="moved to Hearing").wait_for(state="detached", timeout=9_500)


def test_z_goes_back_over_several_cards_and_over_a_change_of_order(open_page, scene):
    ana, (first, second, _third) = scene
    page = open_page(ana)
    step(page, first, "Hearing")
    step(page, second, "Hearing")
    step(page, first, "Proposal")
    card(page, first).locator(".cardname").focus()
    for key in (" ", "ArrowUp", "Escape"):
        page.keyboard.press(key)
    for deal, name in ((first, "Hearing"), (second, "Inquiry"), (first, "Inquiry")):
        page.keyboard.press("z")
        arrives(page, deal, name)
        page.get_by_text(f"{deal.name} is back in {name}.").wait_for(state="attached")
    assert {stage_now(deal) for deal in (first, second)} == {"Inquiry"}
    page.keyboard.press("z")
    page.get_by_text("Nothing to undo.").wait_for(state="attached")
    assert not page.faults


def test_undo_puts_the_card_exactly_where_it_was(open_page, scene):
    ana, (_first, middle, _last) = scene
    page = open_page(ana)
    cards = page.locator("#board .col").first.locator(".card")
    order = cards.evaluate_all("all => all.map(one => one.dataset.id)")
    assert order[1] == str(middle.pk)
    step(page, middle, "Hearing")
    page.keyboard.press("z")
    arrives(page, middle, "Inquiry")
    assert cards.evaluate_all("all => all.map(one => one.dataset.id)") == order
    page.reload()
    assert cards.evaluate_all("all => all.map(one => one.dataset.id)") == order


def test_a_new_place_in_the_stage_does_not_forbid_to_undo_the_step(open_page, scene):
    ana, (first, second, _third) = scene
    page = open_page(ana)
    step(page, second, "Hearing")
    step(page, first, "Hearing")
    card(page, first).locator(".cardname").focus()
    for key in (" ", "ArrowDown", " "):
        page.keyboard.press(key)
    page.get_by_text("position 2 of 2").wait_for(state="attached")
    page.wait_for_function("() => !document.querySelector('#board .card.saving')")
    page.keyboard.press("z")
    arrives(page, first, "Inquiry")
    assert stage_now(first) == "Inquiry"


def test_trying_again_undoes_the_step_it_is_about_and_not_a_later_one(open_page, scene):
    ana, (first, second, _third) = scene
    page = open_page(ana)
    step(page, first, "Hearing")
    page.route("**/undoing/", lambda route: route.abort(), times=1)
    page.keyboard.press("z")
    failed = page.locator(".toast.bad", has_text="No answer from the server.")
    failed.wait_for()
    step(page, second, "Hearing")
    failed.get_by_role("button", name="Try again").click()
    arrives(page, first, "Inquiry")
    assert (stage_now(first), stage_now(second)) == ("Inquiry", "Hearing")


def test_after_a_slip_and_after_undo_in_the_panel_z_takes_the_step_before_back(open_page, scene):
    ana, (deal, *_others) = scene
    page = open_page(ana)
    step(page, deal, "Hearing")
    step(page, deal, "Proposal")
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("[")
    page.get_by_text("the slip is not counted").wait_for(state="attached")
    arrives(page, deal, "Hearing")
    step(page, deal, "Proposal")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo the last step").click()
    page.locator("#panel .stepper .now", has_text="Hearing").wait_for()
    page.keyboard.press("Escape")
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("z")
    arrives(page, deal, "Inquiry")
    page.keyboard.press("z")
    page.get_by_text("Nothing to undo.").wait_for(state="attached")
    assert stage_now(deal) == "Inquiry"


def test_what_somebody_changed_since_is_not_undone_and_the_history_is_named(open_page, scene):
    ana, (deal, *_others) = scene
    page = open_page(ana)
    page.route("**/live/**", lambda route: route.abort())
    page.reload()
    step(page, deal, "Hearing")
    deal.refresh_from_db()
    moving.move(deal, to=stage_of(deal.pipeline, "Proposal"), by=make_user(name="Ben Kraus"), at=ago(0))
    page.keyboard.press("z")
    toast = page.locator(".toast.bad", has_text="That move can no longer be undone.")
    toast.get_by_text("Ben Kraus changed").wait_for()
    arrives(page, deal, "Proposal")
    toast.get_by_role("link", name="History").click()
    page.wait_for_url(f"**/deals/{deal.pk}/#timeline-title")
    assert stage_now(deal) == "Proposal"
