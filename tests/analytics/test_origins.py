"""By what leads came, as sources reads it: the same numbers on the page, in its files and behind its cells."""

import csv
import io
import json
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from analytics import caching, catalogue, days, sources
from analytics.selection import Selection
from deals.domain import closing
from deals.models import Pipeline
from leads.domain import campaigning, touching
from leads.models import Source, Touch
from pipeline_crm.accounts.models import ExchangeRate
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_user
from tests.factories import day_ago as day

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline():
    return Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)


@pytest.fixture
def spring():
    fair = Source.objects.create(name="Fair")
    Source.objects.create(name="Web")
    return campaigning.keep(
        name="Spring", word="spring", source=fair, starts_on=day(60), ends_on=day(1), by=None, at=ago(60)
    )


@pytest.fixture
def leads(pipeline, spring):
    """Twelve came thirty days ago: two by the campaign's link, who bought; three by a page; seven said their source."""
    made = [make_lead(source="Referral", at=ago(30)) for _ in range(12)]
    for lead in made[:2]:
        touch(lead, 31, campaign={"utm_campaign": "SPRING"}, page="https://lamps.example/prices/?utm_campaign=SPRING")
        touch(lead, 28, campaign={"utm_source": "web", "utm_campaign": "autumn"})
        deal = make_deal(pipeline=pipeline, lead=lead, at=ago(20), amount=1000)
        touch(lead, 15, page="https://lamps.example/thanks")
        closing.win(deal, by=None, at=ago(10))
    for lead in made[2:5]:
        touch(lead, 30, page="https://lamps.example/contact")
    touch(make_lead(at=ago(200)), 20, page="https://lamps.example/contact")
    return made


def touch(lead, days_ago: int, **facts):
    """Known when it happened."""
    made = touching.touch(lead, kind="form", at=ago(days_ago), **facts)
    Touch.objects.filter(pk=made.pk).update(recorded_at=ago(days_ago))


def spend(campaign, days_ago: int, amount, currency="EUR", *, recorded: int | None = None):
    at = ago(days_ago if recorded is None else recorded)
    return campaigning.spend(campaign, on=day(days_ago), amount=Decimal(amount), currency=currency, by=None, at=at)


def facts(pipeline, **asked):
    return catalogue.compute("brings", Selection(pipeline.pk, sources.today(pipeline, timezone.now()), **asked))


def counted(groups):
    return {group["name"]: (group["leads"], group["orders"], group["revenue"], group["cost"]) for group in groups}


def test_first_and_last_touch_by_source_campaign_and_page(pipeline, spring, leads):
    spend(spring, 20, 500)
    found = facts(pipeline)
    assert (found["total"]["leads"], found["total"]["handed"], found["total"]["open"]) == (12, 2, 10)
    assert counted(found["first"]["source"]) == {"Fair": (2, 2, 2000, 500), "Referral": (10, 0, 0, 0)}
    assert counted(found["first"]["campaign"]) == {"Spring": (2, 2, 2000, 500), "": (10, 0, 0, 0)}
    assert counted(found["first"]["page"]) == {
        "lamps.example/prices": (2, 2, 2000, None),
        "lamps.example/contact": (3, 0, 0, None),
        "": (7, 0, 0, None),
    }
    assert counted(found["last"]["source"]) == {
        "Web": (2, 2, 2000, 0),
        "Fair": (0, 0, 0, 500),
        "Referral": (10, 0, 0, 0),
    }
    assert counted(found["last"]["campaign"])["autumn"] == (2, 2, 2000, 0)


def test_a_campaign_without_a_word_has_those_whom_its_source_brought_in_its_days(pipeline, leads):
    referral = Source.objects.get(name="Referral")
    campaigning.keep(name="Friends", source=referral, starts_on=day(30), ends_on=day(30), by=None, at=ago())
    assert counted(facts(pipeline)["first"]["campaign"])["Friends"] == (7, 0, 0, 0)


def test_costs_are_those_of_the_window_at_the_rate_of_their_day(pipeline, spring, leads):
    ExchangeRate.objects.create(currency="USD", on=day(50), rate=Decimal("0.5"))
    spend(spring, 40, 100, "USD")
    spend(spring, 20, 100, "GBP")
    spend(spring, 95, 4000)
    campaigning.take_back(spend(spring, 20, 7), by=None, at=ago(1))
    found = facts(pipeline)
    assert found["total"]["cost"] == 50 and {"code": "without_rate", "n": 1} in found["warnings"]


def test_a_cost_is_known_from_the_day_it_was_written_down_to_the_day_it_was_taken_back(pipeline, spring, leads):
    spend(spring, 30, 100, recorded=10)
    campaigning.take_back(spend(spring, 30, 40, recorded=25), by=None, at=ago(5))
    then, later, now = (
        catalogue.compute("brings", Selection(pipeline.pk, day(before), window_days=60)) for before in (20, 8, 0)
    )
    assert [found["total"]["cost"] for found in (then, later, now)] == [40, 140, 100]


def test_costs_are_not_set_against_another_pipeline(spring, leads):
    spend(spring, 20, 500)
    other = make_pipeline()
    make_deal(pipeline=other, at=ago(20))
    found = facts(other)
    assert found["total"]["cost"] is None and {"code": "costs_of_a_part"} in found["warnings"]


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


@pytest.fixture
def browser(client, pipeline):
    client.force_login(make_user(name="Ana"))
    return client


@pytest.mark.django_db(transaction=True)
def test_page_files_and_command_have_the_same_numbers(browser, pipeline, spring, leads, capsys):
    spend(spring, 20, 500)
    browser.get("/insight/brings/")
    work()
    page = browser.get("/insight/brings/").content.decode()
    assert "Fair brought most orders: 2 of 2" not in page and "No source clearly brings most orders" in page
    assert (
        "Of the 12 that came in the window, 2 were handed over and brought 2 orders (€2k) so far; 10 are still" in page
    )
    assert "€42 a lead, €250 an order so far" in page
    assert 'data-figure="sources-first"' in page
    last = browser.get("/insight/brings/?touch=last").content.decode()
    assert 'data-figure="sources-last"' in last and "autumn" in last
    as_file = json.loads(browser.get("/insight/brings.json").content)
    call_command("report", "brings", "--pipeline", pipeline.name)
    assert json.loads(capsys.readouterr().out) == as_file
    rows = list(csv.DictReader(io.StringIO(browser.get("/insight/brings.csv").content.decode())))
    of_fair = next(row for row in rows if (row["touch"], row["by"], row["name"]) == ("first", "source", "Fair"))
    assert (of_fair["leads"], of_fair["orders"], float(of_fair["cost_per_order"])) == ("2", "2", 250.0)


@pytest.mark.parametrize(
    ("asked", "words", "rows"),
    [
        ("outcome=leads", "12 leads that came", 1),
        ("outcome=orders&way=campaign&key={spring}", "2 orders, first touch: Spring", 1),
        ("outcome=leads&way=page&key=", "7 leads that came, first touch: not said", 1),
        ("outcome=orders&way=campaign&key=utm:autumn&touch=last", "2 orders, last touch: autumn", 1),
        ("outcome=open&way=campaign&key={spring}", "0 leads still open, first touch: Spring", 0),
    ],
)
def test_the_cards_behind_a_cell_are_listed(browser, spring, leads, asked, words, rows):
    browser.force_login(make_user(is_superuser=True))
    listed = browser.get(f"/insight/cards/?what=brought&{asked.format(spring=spring.pk)}").content.decode()
    assert f"<h1>{words}</h1>" in listed and listed.count("<table") == rows


@pytest.mark.parametrize("wrong", ["way=person", "outcome=all", "touch=middle"])
def test_what_the_page_does_not_know_is_refused(browser, leads, wrong):
    assert browser.get(f"/insight/cards/?what=brought&{wrong}").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_cost_makes_these_figures_old_and_no_others(browser, spring, leads):
    for name in ("brings", "losses"):
        browser.get(f"/insight/{name}/")
    work()
    spend(spring, 20, 500)
    assert "updating" in browser.get("/insight/brings/").content.decode()
    assert "up to date" in browser.get("/insight/losses/").content.decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda spring, lead: touching.touch(lead, kind="form", at=ago(3), page="https://lamps.example/"),
        lambda spring, lead: campaigning.take_back(spend(spring, 3, 5), by=None, at=ago()),
        lambda spring, lead: Source.objects.filter(name="Fair").update(name="Trade fair"),
        lambda spring, lead: campaigning.keep(
            spring, name="Spring", word="lamps", starts_on=day(60), by=None, at=ago()
        ),
    ],
)
def test_the_head_moves_with_all_that_the_figures_depend_on(spring, leads, change):
    before = sources.origins_head()
    assert sources.origins_head() == before
    change(spring, leads[5])
    assert sources.origins_head() != before


def test_a_day_is_one_where_the_pipeline_is(pipeline):
    """Half past midnight in Berlin is the day before in Greenwich."""
    pipeline.time_zone = "Europe/Berlin"
    pipeline.save()
    night = datetime.combine(day(30), time(0, 30), ZoneInfo("Europe/Berlin"))
    lead = make_lead(at=ago(35))
    made = touching.touch(lead, kind="form", at=night, page="https://lamps.example/prices")
    Touch.objects.filter(pk=made.pk).update(recorded_at=night)
    touches = sources.river(Selection(pipeline.pk, day(0))).origins().touches
    assert touches.rows() == [(lead.pk, days.number(day(30)), "", "", "lamps.example/prices")]
