"""Every page at both sizes in both colour schemes: no axe violation, no console error, no sideways scrolling."""

import pytest

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
    for path in ("/deals/new/", "/leads/new/", "/insight/bottleneck/", "/insight/forecast/"):
        page.goto(path)
        look(path)
    assert not faults + page.faults, "\n".join(faults + page.faults)


def violations(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": RULES, "preload": False}).response["violations"]
    return [f"{fault['help']} {[node['html'][:300] for node in fault['nodes'][:3]]}" for fault in found]
