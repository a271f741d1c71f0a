"""Sign-in, profile and settings in a real browser: no axe violation, no console error, no sideways scrolling."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipeline_crm.accounts.domain import company, membership
from pipeline_crm.accounts.models import User
from pipeline_crm.jobs.models import Job
from tests import chromium
from tests.accounts.people import four_people

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def browser(monkeypatch):
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps a loop running in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def scene(settings):
    settings.ACCOUNT_RATE_LIMITS = False
    ana, _ben, cleo, dora = four_people()
    membership.invite(email="fay@example.org", name="Fay", team=ana.memberships.get().team, role="rep", by=dora, at=AT)
    membership.deactivate(cleo, by=dora, at=AT)
    company.set_rate("USD", on=date(2026, 1, 1), rate=Decimal("0.92"), by=dora, at=AT)
    facts = {"kind": "jobs.tidy", "by": dora, "accepted_at": AT, "due_at": AT}
    Job.objects.create(idem_key="1", state="dead", attempts=5, finished_at=AT, last_error="the file is torn", **facts)
    Job.objects.create(idem_key="2", state="done", finished_at=AT, result={"url": "/profile/"}, **facts)
    return dora


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_every_page_of_accounts_is_accessible_and_quiet(browser, scene, live_server, width, height, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
    faults: list[str] = []
    page.on("console", lambda message: message.type == "error" and faults.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))

    def look(path: str = "") -> None:
        if path:
            page.goto(live_server.url + path)
        for violation in Axe().run(page, options={"runOnly": RULES, "preload": False}).response["violations"]:
            faults.append(f"{page.url}: {violation['help']} {[node['html'] for node in violation['nodes']]}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{page.url} scrolls sideways")

    look("/accounts/password/reset/")
    look("/accounts/login/?next=/profile/")
    page.get_by_label("Email").fill(scene.email)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("are not correct").wait_for()
    look()
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")
    person = User.objects.get(email="fay@example.org").pk
    jobs = list(Job.objects.order_by("pk").values_list("pk", flat=True))
    for path in [
        "/profile/", "/accounts/password/change/", "/accounts/2fa/", "/settings/company/", "/settings/team/",
        f"/settings/team/people/{person}/", f"/settings/team/people/{scene.pk}/", "/jobs/dead/",
        f"/jobs/{jobs[0]}/", f"/jobs/{jobs[1]}/",
    ]:  # fmt: skip
        look(path)
    assert not faults, "\n".join(sorted(set(faults)))


def test_a_profile_is_changed_with_the_keyboard_alone(browser, scene, live_server):
    page = browser.new_page()
    page.goto(f"{live_server.url}/accounts/login/?next=/profile/")
    page.keyboard.press("Tab")
    page.keyboard.type(scene.email)
    page.keyboard.press("Tab")
    page.keyboard.type("a long password")
    page.keyboard.press("Enter")
    page.get_by_label("Appearance").focus()
    page.keyboard.type("Da")
    page.keyboard.press("Tab")
    page.get_by_label("Name").press("Enter")
    page.get_by_text("Your profile is saved.").wait_for()
    assert page.locator("html").get_attribute("data-theme") == "dark"
