"""A manager's Monday in Chromium: from the finding to the deals that are stuck, for a team, as a file and on paper."""

import csv
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics import caching
from analytics.printing import paper
from deals.domain import closing, moving
from pipeline_crm.accounts.models import Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.browser.test_accessibility import violations
from tests.factories import make_deal, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def noon(days):
    return timezone.now().replace(hour=12, minute=0) - timedelta(days=days)


@pytest.fixture
def hugo():
    """Leads the team North; half of the deals are its own, and its newest ones stay in Proposal for long."""
    pipeline = make_pipeline("New business", is_default=True)
    north, south = make_team("North"), make_team("South")
    owners = [make_user(name="Ana", team=north), make_user(name="Ben", team=south)]
    reason = make_reason("Price")
    for number in range(120):
        began = 250 - 2 * number
        deal = make_deal(pipeline=pipeline, owner=owners[number % 2], team=(north, south)[number % 2], at=noon(began))
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=noon(began - 3))
        stays = 6 + number % 5 if number < 108 else 60
        if began - 3 - stays < 1:
            continue
        if number % 3:
            closing.win(deal, by=None, at=noon(began - 3 - stays))
        else:
            closing.lose(deal, reason=reason, by=None, at=noon(began - 3 - stays))
    return make_user(name="Hugo", team=north, role=Role.MANAGER)


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


def test_from_the_finding_to_the_stuck_deals_and_to_paper(open_page, hugo):
    page = open_page(hugo, "/insight/bottleneck/")
    work()
    page.locator(".find").wait_for()
    finding = page.locator(".find p").inner_text()
    assert finding

    page.locator("[aria-controls=stays-table]").click()
    row = page.locator("#stays-table tr", has_text="Proposal")
    row.wait_for()
    assert row.locator("td").first.inner_text().endswith("d")

    stuck = page.locator("section[aria-labelledby=queues] tbody tr", has_text="Proposal").locator("a").first
    number = int(stuck.inner_text())
    assert number > 0
    stuck.click()
    page.wait_for_url("**/insight/cards/?*")
    assert page.locator("h1").inner_text().startswith(f"{number} card")
    listed = page.locator("tbody tr:not(.total)").count()
    assert 0 < listed < number
    assert f"{number - listed} of them belong to others and are not listed." in page.locator("main").inner_text()
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/deals/*/")
    page.go_back()
    page.go_back()

    page.locator(".find").wait_for()
    page.get_by_role("button", name="Filter").click()
    page.locator("#filters [name=team]").select_option(label="North")
    page.locator("#filters").get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**team=*")
    work()
    page.locator(".find").wait_for()
    of_team = page.url
    narrowed = page.locator("section[aria-labelledby=stages] tbody tr", has_text="Proposal").locator("a").first
    entered = int(narrowed.inner_text())

    shared = open_page(hugo, of_team)
    shared.locator(".find").wait_for()
    assert shared.locator(".find p").inner_text() == page.locator(".find p").inner_text()
    assert shared.locator(".chosen").inner_text().strip().startswith("Team")

    with page.expect_download() as download:
        page.locator(".insight-head").get_by_role("link", name="CSV").click()
    with open(download.value.path(), newline="") as file:
        stages = {line["stage"]: line for line in csv.DictReader(file)}
    assert int(stages["Proposal"]["entered"]) == entered

    printed = page.request.get(page.get_by_role("link", name="PDF", exact=True).get_attribute("href"))
    assert printed.ok and (printed.body().startswith(b"%PDF-") or not paper.can_set())
    page.goto(of_team.replace("/bottleneck/", "/bottleneck/printed/"))
    assert "North" in page.locator("header.front").inner_text() and page.locator("svg.drawing").count() == 2
    assert violations(page) + page.faults + shared.faults == []


@pytest.mark.parametrize(
    ("name", "chart", "leads_to"),
    [
        ("cycle_time", "ageing", "**/deals/*/"),
        ("cycle_time", "cohorts-journey", "**/insight/cards/?*span=journey*"),
        ("losses", "months", "**/insight/cards/?*what=lost*"),
        ("compare", "days", "**/insight/cards/?*what=entered*"),
    ],
)
def test_a_mark_opens_what_it_was_counted_from(open_page, hugo, name, chart, leads_to):
    ada = make_user(name="Ada", is_superuser=True)  # sees the deals of both teams
    page = open_page(ada, f"/insight/{name}/")
    work()
    plot = page.locator(f"[data-figure={chart}]")
    plot.locator(".main-svg").first.wait_for()
    page.wait_for_function("name => 'follows' in document.querySelector(`[data-figure=${name}]`).dataset", arg=chart)
    plot.evaluate(
        """plot => {
            const marks = plot.data.flatMap((trace) => trace.customdata ?? []);
            const customdata = marks.find((mark) => mark?.what || mark?.address);
            plot.emit("plotly_click", { points: [{ customdata }] });
        }"""
    )
    page.wait_for_url(leads_to)
    page.locator("h1, .panelbody").first.wait_for()
    assert page.faults == []
