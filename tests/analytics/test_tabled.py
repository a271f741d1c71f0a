"""Each table of a page is a file of its own, as CSV and as JSON, on the page and in the command."""

import csv
import io
import json
import re
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analytics import caching, tabled
from analytics.catalogue import REPORTS
from deals.domain import closing, moving
from deals.models import Pipeline
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_user, stage_of

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a href="([^"]+\.(?:csv|json)\b[^"]*)"')


@pytest.fixture
def pipeline():
    """Seventy deals of a year: won, lost for one of two reasons, and open."""
    pipeline = Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)
    reasons = [make_reason("Price"), make_reason("Silence")]
    for number in range(70):
        deal = make_deal(pipeline=pipeline, at=ago(360 - 5 * number), amount=1000 + number)
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=ago(350 - 5 * number))
        if number % 5 < 2:
            closing.win(deal, by=None, at=ago(348 - 5 * number))
        elif number % 5 < 4:
            closing.lose(deal, reason=reasons[number % 2], by=None, at=ago(349 - 5 * number))
    return pipeline


@pytest.fixture
def browser(client, pipeline):
    client.force_login(make_user(name="Ana"))
    return client


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_table_of_a_page_is_a_file_with_the_same_rows_in_both_forms(browser, name):
    address = f"/insight/{name}/?tries=first"
    browser.get(address)
    work()
    page = browser.get(address).content.decode()
    links = [unescape(link) for link in LINK.findall(page.partition('id="report"')[2])]
    assert len(links) == 2 * page.count('<table class="tbl"')
    for as_csv, as_json in zip(links[::2], links[1::2], strict=True):
        assert "tries=first" in as_csv and "tries=first" in as_json
        told, lines = browser.get(as_json), browser.get(as_csv)
        assert (told.status_code, lines.status_code) == (200, 200)
        if f"/{name}/" in as_json:
            rows = list(csv.DictReader(io.StringIO(lines.content.decode())))
            assert [list(row) for row in rows] == [list(row) for row in told.json()]
            assert not any(isinstance(value, list | dict) for row in told.json() for value in row.values())


def test_a_table_tells_what_its_page_tells(browser):
    browser.get("/insight/losses/")
    work()
    whole, months = (browser.get(f"/insight/losses{part}.json").json() for part in ("", "/months"))
    assert [month["lost"] for month in months] == [month["lost"] for month in whole["months"]]
    assert all(month["Price"] + month["Silence"] == month["lost"] for month in months) and months[3]["lost"]


def test_the_command_prints_a_table_by_itself(browser, pipeline, capsys):
    browser.get("/insight/forecast/")
    work()
    call_command("report", "forecast", "--table", "past")
    assert json.loads(capsys.readouterr().out) == browser.get("/insight/forecast/past.json").json()
    call_command("report", "forecast", "--table", "past", "--format", "csv")
    assert (
        capsys.readouterr().out.splitlines() == browser.get("/insight/forecast/past.csv").content.decode().splitlines()
    )
    with pytest.raises(CommandError, match="no table “weather” by itself; there is: targets, past, graded, grades"):
        call_command("report", "forecast", "--table", "weather")


@pytest.mark.parametrize("address", ["/insight/forecast/weather.csv", "/insight/weather/weeks.json"])
def test_an_unknown_table_is_not_found(browser, address):
    assert browser.get(address).status_code == 404


def test_a_table_that_is_not_there_yet_names_its_job(browser):
    answer = browser.get("/insight/coverage/weeks.csv")
    assert (answer.status_code, answer.json()["job"]) == (202, Job.objects.get().get_absolute_url())


def test_tables_are_of_reports_there_are():
    assert set(tabled.TABLES) <= set(REPORTS)
