"""A director's Monday in Chromium: the chance of the target, how many leads are missing and by when, two sliders and a
scenario, what changed since Monday, and last quarter's record."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics import caching, catalogue, sources, targeting
from analytics.models import Scenario
from analytics.selection import Selection
from deals.models import Pipeline
from pipeline_crm.accounts.models import Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import violations
from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in
from tests.factories import day_ago, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
DAYS_AHEAD = 90


@pytest.fixture
def pipeline(tmp_path):
    """As an old system knew it: a deal every third day for a year and a half, won after 20 to 29 days; its target for
    the next 90 days is a tenth more than is expected."""
    first, now = day_ago() - timedelta(days=560), timezone.now()
    lines = []
    for number in range(186):
        begun = first + timedelta(days=3 * number)
        ended = begun + timedelta(days=20 + number % 10)
        stage, closed = ("Order", ended) if ended < day_ago() else ("Proposal", "")
        lines.append(f"{number},{stage},{1000 + 10 * number},{begun},{closed},,")
    bring_in(tmp_path / "deals.csv", PLAIN_HEAD + "\n".join(lines) + "\n", PLAIN, at=now)
    pipeline = Pipeline.objects.get(name=PLAIN["pipeline"]["name"])
    today = sources.today(pipeline, now)
    period = {"starts_on": today + timedelta(days=1), "ends_on": today + timedelta(days=DAYS_AHEAD)}
    targeting.set_target(pipeline, **period, amount=1, by=None, at=now - timedelta(hours=2))
    expected = catalogue.compute("what_if", Selection(pipeline.pk, today))["stretches"][-1]["point"]
    targeting.set_target(pipeline, **period, amount=round(expected * 1.1), by=None, at=now - timedelta(hours=1))
    return pipeline


@pytest.fixture
def director():
    return make_user(name="Dora", team=make_team("Lead"), role=Role.ADMIN)


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


def chance_in(words):
    return int(re.search(r"(\d+)\s*%", words)[1])


def test_from_the_chance_of_the_target_to_a_scenario_and_to_the_record(open_page, pipeline, director):
    page = open_page(director, f"/insight/forecast/?pipeline={pipeline.pk}")
    work()
    page.locator("section[aria-labelledby=targets] tbody tr").wait_for()
    told = page.inner_text("#targets")
    assert "chance to reach" in told and "short" in told
    chance = chance_in(told)
    assert 0 < chance < 90

    page.get_by_role("link", name="Is it enough").click()
    page.wait_for_url("**/insight/coverage/*")
    work()
    page.locator(".find").wait_for()
    assert re.search(r"\d+ more leads? (is|are) needed", page.inner_text("#finding"))
    assert chance_in(page.inner_text(".find p")) == chance
    assert "New ones can help until" in page.inner_text(".find small")

    page.get_by_role("link", name="What if").click()
    page.wait_for_url("**/insight/what-if/*")
    work()
    page.locator("#sliders").wait_for()
    assert chance_in(page.inner_text(".find p")) == chance
    said = {"inflow=30", "value=20"}
    with page.expect_response(lambda got: "/exactly/" in got.url and all(part in got.url for part in said)):
        page.locator("#sliders [name=inflow]").focus()
        for _step in range(6):
            page.keyboard.press("ArrowRight")
        page.locator("#sliders [name=value]").focus()
        for _step in range(4):
            page.keyboard.press("ArrowRight")
    assert page.locator(".slider output").first.inner_text() == "+30 %"
    work()
    page.locator("#answer[data-exact=yes]").wait_for()
    assert page.inner_text("#finding") == "Supposed, not the forecast"
    then, now = map(int, re.search(r"would be (\d+)\s*% instead of (\d+)", page.inner_text(".find p")).groups())
    assert then > now == chance
    assert all(part in page.url for part in said)

    page.get_by_label("Keep what the sliders say as").fill("More and larger")
    page.get_by_role("button", name="Keep").click()
    row = page.locator(".scenarios tbody tr", has_text="More and larger")
    row.wait_for()
    assert Scenario.objects.get().name == "More and larger"
    as_it_is = page.locator(".scenarios tbody tr", has_text="As it is")
    chances = [chance_in(one.locator("td").nth(2).inner_text()) for one in (as_it_is, row)]
    assert chances[0] == chance < chances[1]
    assert violations(page) + page.faults == []

    page.get_by_role("link", name="What changed").click()
    page.wait_for_url("**/insight/movement/*")
    work()
    page.get_by_role("link", name="since Monday").click()
    page.wait_for_url("**/insight/movement/*from=*")
    work()
    page.locator("[aria-current=true]", has_text="since Monday").wait_for()
    steps = page.locator("section[aria-labelledby=steps] tbody tr")
    assert steps.count() > 2 and page.locator("section[aria-labelledby=steps] tr.total").count() == 2

    month_ago = (timezone.localdate() - timedelta(days=30)).isoformat()
    page.get_by_label("First day").fill(month_ago)
    page.locator("section[aria-labelledby=steps]").get_by_role("button", name="Show").click()
    page.wait_for_url(f"**/insight/movement/*from={month_ago}*")
    work()
    page.locator("[data-figure=pipeline] .main-svg").first.wait_for()
    mark = page.locator("[data-figure=pipeline] .point").nth(1)
    mark.scroll_into_view_if_needed()
    bar = mark.bounding_box()
    page.mouse.click(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.wait_for_url("**/insight/cards/*what=changed*")
    page.go_back()

    page.goto(f"/insight/record/?pipeline={pipeline.pk}")
    work()
    page.locator("#quarters").wait_for()
    assert "was said on its eve" in page.inner_text("#quarters") and " came, " in page.inner_text("#quarters")
    assert page.faults == []


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "dark"), (PHONE, "light")], ids=["desk", "phone"])
def test_what_if_is_looked_at_by_axe(open_page, pipeline, director, size, scheme):
    page = open_page(director, f"/insight/what-if/?pipeline={pipeline.pk}&inflow=50", size=size, scheme=scheme)
    work()
    page.locator("[data-figure=supposed] .main-svg").first.wait_for()
    page.locator("[aria-controls=supposed-table]").click()
    assert page.locator("#supposed-table tbody tr").count() == 6
    page.locator("details.how summary").click()
    assert violations(page) + page.faults == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
