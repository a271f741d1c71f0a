"""Every page at both sizes in both colour schemes: no axe violation, no console error, no sideways scrolling."""

import pytest
from django.contrib.sessions.models import Session

from deals.models import Deal, Stage
from leads.domain import noting
from leads.models import DisqualifyReason
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import DESK, PHONE
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def scene():
    team = make_team("North")
    ada = make_user(name="Ada Lind", team=team, role=Role.ADMIN)
    pipeline = make_pipeline("New business", is_default=True)
    make_pipeline("Renewals")
    make_reason("Budget")
    DisqualifyReason.objects.create(name="No need")
    deals = [
        make_deal(pipeline=pipeline, by=ada, owner=ada, team=team, stage=name, at=ago(9), title="Fleet rollout")
        for name in ("Inquiry", "Proposal", "Estimate", "Order")
    ]
    leads = [make_lead(by=ada, owner=ada, team=team, name=f"Person {n}", value=500 * n) for n in range(3)]
    noting.plan(leads[0], kind="call", subject="Ask about the offer", due_on=ago(2).date(), by=ada, at=ago(5))
    noting.note(leads[0], text="Wants a demonstration.", by=ada, at=ago(4))
    return ada, pipeline, deals, leads


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_boards_panels_and_settings_are_accessible_and_quiet(open_page, scene, size, scheme):
    ada, pipeline, deals, leads = scene
    page = open_page(ada, f"/sales/{pipeline.pk}/", size=size, scheme=scheme)
    faults = []

    def look(what):
        page.wait_for_timeout(250)  # what slides in has arrived
        faults.extend(f"{what}: {fault}" for fault in violations(page))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{what} scrolls sideways")

    look("sales board")
    page.locator(f"#card-{deals[0].pk}").hover()
    page.locator(f"#card-{deals[0].pk} .more").click()
    look("menu")
    page.get_by_role("menuitem", name="Mark as lost").click()
    look("lost dialog")
    page.get_by_role("button", name="Keep it open").click()
    page.locator("a[data-adds].primary").click()
    page.locator("#new form").wait_for()
    look("new deal")
    page.locator("#new [data-cancels]").click()
    page.locator(f"#card-{deals[1].pk} .cardname").click()
    page.locator("#panel .panelbox").wait_for()
    look("deal panel")
    page.goto(f"/deals/{deals[2].pk}/")
    look("deal page")
    page.get_by_role("button", name="Lost").click()
    look("losing on the page")
    page.goto("/marketing/")
    look("marketing board")
    page.locator(f"#card-{leads[0].pk} .cardname").click()
    page.locator("#panel .panelbox").wait_for()
    look("lead panel")
    page.goto("/settings/pipelines/")
    page.locator(".stagerow summary").first.click()
    look("pipelines")
    for path in ("/deals/new/", "/leads/new/", "/insight/bottleneck/", "/insight/forecast/", "/settings/targets/"):
        page.goto(path)
        look(path)
    assert not faults + page.faults, "\n".join(faults + page.faults)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_state_of_the_board_is_accessible(open_page, scene, size, scheme):
    ada, pipeline, deals, _leads = scene
    Stage.objects.filter(name="Hearing", pipeline=pipeline).update(
        required_fields=["amount", "expected_close"], limit=1
    )
    Deal.objects.filter(pk=deals[0].pk).update(amount=None)
    page = open_page(ada, f"/sales/{pipeline.pk}/?owner={ada.pk}", size=size, scheme=scheme)
    name = page.locator(f"#card-{deals[0].pk} .cardname")
    faults = []

    def look(what):
        page.wait_for_timeout(250)
        faults.extend(f"{what}: {fault}" for fault in violations(page))
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{what} scrolls sideways")

    page.locator("#board .col").first.locator("[data-adds]").click()
    page.locator(".quickadd").wait_for()
    look("quick add")
    page.keyboard.press("Escape")
    name.focus()
    page.keyboard.press(" ")
    look("held by key")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.locator("#bulkbar").wait_for()
    look("chosen")
    page.keyboard.press("e")
    page.locator("#ownermenu:popover-open").wait_for()
    look("menu of people")
    page.keyboard.press("Escape")
    name.focus()
    page.keyboard.press("d")
    page.locator("#plan[open]").wait_for()
    look("next step")
    page.keyboard.press("Escape")
    page.locator("#bulkbar").get_by_role("button", name="Move").click()
    look("menu of stages")
    page.get_by_role("menuitem", name="Hearing").click()
    page.locator("#failures[open]").wait_for()
    look("left as they were")
    page.keyboard.press("Escape")
    name.focus()
    page.keyboard.press("]")
    page.locator("#missing[open]").wait_for()
    look("missing fields")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="Move with a date").click()
    look("with a date")
    page.keyboard.press("Escape")
    name.focus()
    page.keyboard.press("?")
    look("help")
    page.keyboard.press("Escape")
    if size == DESK:
        page.locator(".colhead").nth(1).hover()
        page.locator("[data-folds]").nth(1).click()
        look("folded")
    Session.objects.all().delete()
    page.locator(f"#card-{deals[1].pk} .cardname").focus()
    page.keyboard.press("]")
    page.locator("#signin[open]").wait_for()
    look("signed out")
    page.get_by_role("button", name="Not now").click()
    page.locator(".toast.bad", has_text="You are signed out.").wait_for()
    look("a step that was not taken")
    assert not faults, "\n".join(faults)


def violations(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": RULES, "preload": False}).response["violations"]
    return [f"{fault['help']} {[node['html'][:300] for node in fault['nodes'][:3]]}" for fault in found]
