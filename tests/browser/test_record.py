"""The record in Chromium: last quarter is read, and what was said stands beside what came, as chart and as table."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics import caching
from deals.models import Pipeline
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import violations
from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in
from tests.factories import day_ago, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def record(tmp_path):
    """The address of the record of a pipeline as an old system knew it: a deal every third day for a year and a half,
    won after 20 to 29 days."""
    first, today = day_ago() - timedelta(days=560), day_ago()
    lines = []
    for number in range(185):
        begun = first + timedelta(days=3 * number)
        ended = begun + timedelta(days=20 + number % 10)
        stage, closed = ("Order", ended) if ended < today else ("Proposal", "")
        lines.append(f"{number},{stage},{1000 + 10 * number},{begun},{closed},,")
    outcome = bring_in(tmp_path / "deals.csv", PLAIN_HEAD + "\n".join(lines) + "\n", PLAIN, at=timezone.now())
    assert outcome.counts()["created"] == 185
    return f"/insight/record/?pipeline={Pipeline.objects.get(name=PLAIN['pipeline']['name']).pk}"


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
def test_last_quarter_is_read_beside_what_was_said_of_it(open_page, record, size, scheme):
    page = open_page(make_user(name="Ana"), record, size=size, scheme=scheme)
    work()
    page.locator("[data-figure=months] .main-svg").first.wait_for()
    page.locator("[data-figure=ways] .main-svg").first.wait_for()
    assert "was said on its eve" in page.inner_text("#quarters") and " came, " in page.inner_text("#quarters")
    assert "months lay inside the range" in page.inner_text("#finding")
    page.locator("[aria-controls=months-table]").click()
    rows = page.locator("#months-table tbody tr")
    assert rows.count() == 12 and "asked again" in rows.first.inner_text()
    page.locator("details.how summary").click()
    assert violations(page) + page.faults == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
