"""Insight in Chromium: figures that arrive by themselves, a table behind each chart, and pages without the charts."""

import pytest
from django.utils import timezone

from analytics import caching
from deals.domain import closing, moving
from pipeline_crm.accounts.models import Membership, Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import violations
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ana():
    pipeline = make_pipeline("New business", is_default=True)
    reason = make_reason("Price")
    for number in range(24):
        deal = make_deal(pipeline=pipeline, at=ago(80 - number))
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=ago(60 - number))
        if number < 18:
            closing.win(deal, by=None, at=ago(40 - number))
        elif number > 20:
            closing.lose(deal, reason=reason, by=None, at=ago(30 - number))
    return make_user(name="Ana")


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


@pytest.mark.parametrize(
    ("name", "chart"),
    [
        ("river", "period"),
        ("cycle_time", "cohorts"),
        ("losses", "reasons"),
        ("bottleneck", "stays"),
        ("forecast", "periods"),
        ("brings", "sources"),
    ],
)
def test_the_figures_arrive_and_each_chart_has_its_table(open_page, ana, name, chart):
    page = open_page(ana, f"/insight/{name}/")
    assert "on their way" in page.inner_text("#report")
    work()
    plot, table = page.locator(f"[data-figure^={chart}]"), page.locator(f"#{chart}-table")
    plot.locator(".main-svg").first.wait_for()
    assert "up to date" in page.inner_text("#freshness") and not table.is_visible()
    page.locator(f"[aria-controls={chart}-table]").click()
    assert table.is_visible() and not plot.is_visible()
    page.locator(f"[aria-controls={chart}-table]").click()
    plot.locator(".main-svg").first.wait_for()
    assert page.faults == []


def test_without_the_chart_library_the_tables_stand_in(open_page, ana):
    page = open_page(ana, "/insight/forecast/")
    page.route("**/*plotly*.js", lambda route: route.abort())
    work()
    page.locator("#periods-table").wait_for()
    assert page.locator("#parts-table").is_visible() and not page.locator("[data-figure=periods]").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_reports_are_accessible_and_quiet(open_page, ana, size, scheme):
    page = open_page(ana, "/insight/bottleneck/", size=size, scheme=scheme)
    faults = []
    for name in ("river", "cycle_time", "losses", "bottleneck", "forecast", "drivers", "compare", "brings"):
        page.goto(f"/insight/{name}/")
        work()
        page.locator(".main-svg, #shares").first.wait_for()
        page.locator("details.how summary").click()
        faults += [f"{name}: {fault}" for fault in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{name} scrolls sideways")
    assert faults + page.faults == []


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
def test_a_manager_writes_down_what_is_done_and_reads_what_came_of_it(open_page, ana, size, scheme):
    Membership.objects.create(user=ana, team=make_team(), role=Role.MANAGER)
    page = open_page(ana, "/insight/improve/", size=size, scheme=scheme)
    work()
    page.locator("#improving").wait_for()
    page.locator("[name=stage]").select_option(label="Proposal")
    page.locator("[name=what]").fill("Templates for offers")
    page.locator("[name=starts_on]").fill("2026-01-05")
    page.get_by_role("button", name="Write it down").click()
    page.get_by_text("Written down.").wait_for()
    work()
    page.locator("#outcomes").wait_for()
    assert "too early to tell" in page.inner_text("#report") or "since 5 Jan 2026" in page.inner_text("#report")
    assert violations(page) + page.faults == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
