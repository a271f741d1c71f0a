"""The panel over the board: from card to card, the people, and the earlier tries."""

import pytest

from deals.domain import closing, opening
from deals.models import LostReason
from leads.domain import recycling
from leads.models import Lead
from tests.browser.places import card
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana = make_user(name="Ana Marin", team=team)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    return ana, team, pipeline


def shown(page):
    return int(page.locator("#panel .panelbox").get_attribute("data-id"))


def test_arrows_and_buttons_go_from_card_to_card(open_page, scene):
    ana, team, pipeline = scene
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n)) for n in range(3)]
    page = open_page(ana)
    ids = page.locator("#board .card").evaluate_all("all => all.map(one => Number(one.dataset.id))")
    assert len(ids) == len(deals)
    page.locator(f"#card-{ids[0]} .cardname").click()
    page.locator("#panel .panelbox").wait_for()
    earlier = page.get_by_role("button", name="Previous deal")
    assert earlier.get_attribute("aria-disabled") == "true"
    page.keyboard.press("ArrowDown")
    page.wait_for_function("id => document.querySelector('#panel .panelbox')?.dataset.id === id", arg=str(ids[1]))
    page.get_by_role("button", name="Next deal").click()
    page.wait_for_function("id => document.querySelector('#panel .panelbox')?.dataset.id === id", arg=str(ids[2]))
    assert page.get_by_role("button", name="Next deal").get_attribute("aria-disabled") == "true"
    page.keyboard.press("ArrowUp")
    page.wait_for_function("id => document.querySelector('#panel .panelbox')?.dataset.id === id", arg=str(ids[1]))
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{ids[1]}", (
        "focus is on the last shown"
    )
    assert not page.faults


def test_a_step_that_is_answered_late_does_not_bring_the_panel_back(open_page, scene):
    ana, team, pipeline = scene
    first, second = (make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n)) for n in range(2))
    page = open_page(ana, f"/sales/{pipeline.pk}/?deal={first.pk}")
    waiting = []
    page.route("**/stage/", lambda route: waiting.append(route), times=1)
    page.locator("#panel .stepper").get_by_role("button", name="Hearing").click()
    page.wait_for_timeout(200)
    page.keyboard.press("Escape")
    waiting.pop().continue_()
    page.locator(".toast", has_text="moved to Hearing").wait_for()
    page.wait_for_timeout(400)
    assert page.locator("#panel .panelbox").count() == 0

    page.locator(f"#card-{first.pk} .cardname").click()
    page.route("**/stage/", lambda route: route.fulfill(status=503, body="later"), times=1)
    page.locator("#panel .stepper").get_by_role("button", name="Proposal").click()
    failed = page.locator(".toast.bad", has_text="The server could not save that.")
    failed.wait_for()
    page.keyboard.press("Escape")
    page.locator(f"#card-{second.pk} .cardname").click()
    page.locator(f"#panel .panelbox[data-id='{second.pk}']").wait_for()
    failed.get_by_role("button", name="Try again").click()
    page.locator(".toast", has_text=f"{first.name} moved to Proposal").wait_for()
    page.wait_for_timeout(400)
    assert shown(page) == second.pk
    page.locator(".toast", has_text="moved to Proposal").get_by_role("button", name="Undo").click()
    page.get_by_text(f"{first.name} is back in Hearing.").wait_for(state="attached")


def test_messages_can_be_used_while_the_panel_is_open_and_outlive_it(open_page, scene):
    ana, team, pipeline = scene
    deal = make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9))
    page = open_page(ana, f"/sales/{pipeline.pk}/?deal={deal.pk}")
    stepper = page.locator("#panel .stepper")
    stepper.get_by_role("button", name="Hearing").click()
    stepper.locator(".now", has_text="Hearing").wait_for()
    page.locator(".toast", has_text="moved to Hearing").get_by_role("button", name="Undo").click()
    stepper.locator(".now", has_text="Inquiry").wait_for()
    assert page.evaluate("document.getElementById('say').closest('dialog')?.id") == "panel", "heard inside it only"
    stepper.get_by_role("button", name="Proposal").click()
    stepper.locator(".now", has_text="Proposal").wait_for()
    page.keyboard.press("Escape")
    page.locator(".toast", has_text="moved to Proposal").get_by_role("button", name="Undo").click()
    page.locator(f"#board .col:first-child #card-{deal.pk}").wait_for()
    assert page.evaluate("document.getElementById('say').parentElement === document.body")
    assert not page.faults


def test_people_can_be_called_and_tries_are_linked(open_page, scene):
    ana, team, pipeline = scene
    lead = make_lead(
        by=ana, owner=ana, team=team, name="Nina Kraus", email="nina@umber.example", phone="+49 30 1234", at=ago(40)
    )
    first = make_deal(pipeline=pipeline, lead=lead, by=ana, owner=ana, team=team, at=ago(30))
    closing.lose(first, reason=LostReason.objects.get(), by=ana, at=ago(20))
    lead = Lead.objects.get(pk=lead.pk)
    recycling.put_back(
        lead, contact_again_on=ago(10).date(), reason="Budget", amount=1000, currency="EUR", by=ana, at=ago(20)
    )
    second = opening.open_deal(lead=Lead.objects.get(pk=lead.pk), pipeline=pipeline, owner=ana, by=ana, at=ago(5))
    page = open_page(ana)
    card(page, second).locator(".cardname").click()
    panel = page.locator("#panel")
    people = panel.get_by_role("region", name="People")
    assert people.get_by_role("link", name="nina@umber.example").get_attribute("href") == "mailto:nina@umber.example"
    assert people.get_by_role("link", name="+49 30 1234").is_visible()
    tries = panel.get_by_role("region", name="Tries with this prospect")
    assert "Try 2, this one" in tries.inner_text()
    tries.get_by_role("link", name="Try 1").click()
    page.wait_for_function("id => document.querySelector('#panel .panelbox')?.dataset.id === id", arg=str(first.pk))
    assert "Try 1, this one" in panel.get_by_role("region", name="Tries with this prospect").inner_text()
    assert not page.faults
