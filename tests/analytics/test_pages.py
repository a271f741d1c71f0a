"""Insight pages: nothing there yet, on its way, there, stale, failed; and the same numbers in every form."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analytics import caching, norming
from analytics.catalogue import REPORTS
from analytics.forms import ReportFilter
from analytics.models import ReportRun
from deals.domain import closing, moving, revising
from deals.models import Pipeline
from leads.models import LeadStageNorm
from pipeline_crm.accounts.models import Membership
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import (
    ago,
    day_ago,
    make_deal,
    make_lead,
    make_pipeline,
    make_reason,
    make_team,
    make_user,
    stage_of,
)

pytestmark = pytest.mark.django_db
POLL = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def pipeline():
    return Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)


@pytest.fixture
def browser(client, pipeline):
    client.force_login(make_user(name="Ana"))
    return client


@pytest.fixture
def deals(pipeline):
    made = [make_deal(pipeline=pipeline, at=ago(60 - number)) for number in range(15)]
    for number, deal in enumerate(made[:12]):
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=ago(40 - number))
        closing.win(deal, by=None, at=ago(20 - number))
    return made


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


def test_a_stranger_signs_in_first(client):
    assert client.get("/insight/bottleneck/").status_code == 302


def test_insight_begins_with_the_whole_river(browser):
    assert browser.get("/insight/").url == "/insight/river/"


@pytest.mark.django_db(transaction=True)
def test_the_first_page_tells_in_one_sentence_what_the_others_found(browser, deals):
    """Its own figures come first; then the others' are computed meanwhile."""
    browser.get("/insight/river/")
    assert Job.objects.filter(kind=caching.KIND).count() == 1
    work()
    assert "One click below" not in browser.get("/insight/river/").content.decode()
    assert Job.objects.filter(kind=caching.KIND).count() == len(REPORTS)
    work()
    page = browser.get("/insight/river/?by=value").content.decode()
    assert "One click below" in page and page.count('class="findings"') == 1
    assert [name for name in REPORTS if f'<li><a href="/insight/{name}/?by=value"><svg' in page] == [
        name for name in REPORTS if name != "river"
    ]
    assert 'data-figure="period-value"' in page and 'data-figure="cohort-value"' in page


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_the_first_visit_has_a_job_that_computes_the_figures(browser, name, deals):
    page = browser.get(f"/insight/{name}/").content.decode()
    assert "The figures are on their way" in page and 'hx-trigger="every 1s"' in page
    assert Job.objects.filter(kind=caching.KIND).count() == 1
    browser.get(f"/insight/{name}/")
    assert Job.objects.filter(kind=caching.KIND).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(REPORTS))
def test_the_figures_come_when_they_are_there(browser, name, deals):
    browser.get(f"/insight/{name}/")
    waiting = browser.get(f"/insight/{name}/", **POLL)
    assert waiting.content.decode().strip().startswith('<div id="freshness"')
    work()
    there = browser.get(f"/insight/{name}/", **POLL)
    assert there["HX-Retarget"] == "#report" and 'id="report"' in there.content.decode()
    page = browser.get(f"/insight/{name}/").content.decode()
    assert "up to date" in page and 'hx-trigger="every' not in page
    assert "style=" not in page and "<script>" not in page


@pytest.mark.django_db(transaction=True)
def test_page_file_and_command_have_the_same_numbers(browser, pipeline, deals, capsys):
    browser.get("/insight/forecast/")
    work()
    as_file = json.loads(browser.get("/insight/forecast.json").content)
    call_command("report", "forecast", "--pipeline", pipeline.name)
    assert json.loads(capsys.readouterr().out) == as_file
    assert as_file["won_deals"] == 12 and len(as_file["periods"]) == 6
    rows = list(csv.DictReader(io.StringIO(browser.get("/insight/forecast.csv").content.decode())))
    assert [float(row["point"]) for row in rows] == [period["point"] for period in as_file["periods"]]


@pytest.mark.django_db(transaction=True)
def test_a_drag_is_seen_in_the_counts(browser, pipeline, deals):
    moving.move(deals[-1], to=stage_of(pipeline, "Estimate"), by=None, at=timezone.now())
    browser.get("/insight/bottleneck/")
    work()
    stages = {line["stage"]: line for line in json.loads(browser.get("/insight/bottleneck.json").content)["stages"]}
    assert stages["Estimate"]["open"] == stages["Estimate"]["entered"] == 1
    assert (stages["Inquiry"]["entered"], stages["Inquiry"]["open"]) == (15, 2)
    assert (stages["Proposal"]["entered"], stages["Proposal"]["open"]) == (12, 0)


@pytest.mark.django_db(transaction=True)
def test_after_a_step_the_old_figures_are_shown_as_old(browser, pipeline, deals):
    browser.get("/insight/bottleneck/")
    work()
    assert "up to date" in browser.get("/insight/bottleneck/").content.decode()
    moving.move(deals[-1], to=stage_of(pipeline, "Hearing"), by=None, at=timezone.now())
    page = browser.get("/insight/bottleneck/").content.decode()
    assert "updating" in page and "Stages side by side" in page
    work()
    assert "up to date" in browser.get("/insight/bottleneck/").content.decode()
    assert ReportRun.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_after_a_stage_is_renamed_the_old_figures_are_shown_as_old(browser, pipeline, deals):
    browser.get("/insight/bottleneck/")
    work()
    pipeline.stages.filter(name="Proposal").update(name="Offer")
    assert "updating" in browser.get("/insight/bottleneck/").content.decode()
    work()
    page = browser.get("/insight/bottleneck/").content.decode()
    assert "up to date" in page and "Offer" in page


@pytest.mark.django_db(transaction=True)
def test_while_nothing_happens_nothing_is_computed_again(browser, deals):
    for _ in range(3):
        browser.get("/insight/bottleneck/")
        work()
    assert ReportRun.objects.count() == Job.objects.filter(kind=caching.KIND).count() == 1


@pytest.mark.django_db(transaction=True)
def test_figures_that_are_no_longer_kept_are_computed_anew(browser, deals):
    browser.get("/insight/bottleneck/")
    work()
    ReportRun.objects.all().delete()
    assert "on their way" in browser.get("/insight/bottleneck/").content.decode()
    work()
    assert "up to date" in browser.get("/insight/bottleneck/").content.decode()


def test_a_report_rung_twice_is_computed_once(pipeline, deals, rf):
    standing = caching.standing("bottleneck", caching.Selection(pipeline.pk, day_ago()), is_dated=False, by=None)
    for _ in range(2):
        args = dict(standing.job.args)
        caching.refresh(
            args.pop("name"),
            asked=args.pop("question"),
            selection=caching.Selection.from_arguments(**args),
            job=standing.job,
            at=timezone.now(),
        )
    assert ReportRun.objects.count() == 1


def test_a_job_given_up_is_said(browser, deals):
    browser.get("/insight/bottleneck/")
    Job.objects.update(state="dead", finished_at=timezone.now())
    assert "could not be computed" in browser.get("/insight/bottleneck/").content.decode()


def test_a_file_that_is_not_there_yet_names_its_job(browser, deals):
    answer = browser.get("/insight/bottleneck.json")
    assert answer.status_code == 202 and answer.json()["job"].startswith("/jobs/")


@pytest.mark.django_db(transaction=True)
def test_a_filtered_page_has_its_own_figures_and_tells_what_it_shows(browser, pipeline, deals):
    ana = make_user(name="Bea")
    revising.revise(deals[-1], by=None, at=timezone.now(), owner=ana)
    browser.get(f"/insight/bottleneck/?owner={ana.pk}")
    work()
    stages = json.loads(browser.get(f"/insight/bottleneck.json?owner={ana.pk}").content)["stages"]
    assert {line["stage"]: line["open"] for line in stages if line["open"]} == {"Inquiry": 1}
    page = browser.get(f"/insight/bottleneck/?owner={ana.pk}").content.decode()
    assert "<b>Bea" in page and f"/insight/cards/?owner={ana.pk}&amp;what=open" in page


def test_behind_a_number_stand_the_cards_one_may_see(client, pipeline, deals):
    north = make_team()
    ana = make_user(name="Ana", team=north)
    make_deal(pipeline=pipeline, at=ago(3), owner=ana, lead=make_lead(owner=ana, team=north))
    client.force_login(ana)
    inquiry = stage_of(pipeline, "Inquiry")
    page = client.get(f"/insight/cards/?what=open&stage=deal-{inquiry.pk}").content.decode()
    assert "4 open cards in Inquiry" in page and "3 of them belong to others" in page
    assert page.count('<th scope="row"><a href="/deals/') == 1


@pytest.mark.parametrize(
    ("query", "status"), [("", 422), ("?what=stolen", 422), ("?what=open&stage=deal-0", 404), ("?what=open", 200)]
)
def test_only_what_there_is_can_be_listed(browser, deals, query, status):
    assert browser.get(f"/insight/cards/{query}").status_code == status


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (["--as-of", "2999-01-01"], "--as-of: That day has not come yet"),
        (["--as-of", "1899-12-31"], "--as-of: Days before 1900"),
        (["--as-of", "yesterday"], "--as-of: Enter a valid date"),
        (["--from", "2026-02-01", "--to", "2026-01-01"], "--from: The first day comes after the last"),
        (["--from", "2020-01-01", "--to", "2026-01-01"], "--from: At most 730 days"),
        (["--least", "5", "--most", "4"], "--least: The lowest value is above the highest"),
        (["--landmark", "Nowhere"], "--landmark: The pipeline has no such open stage"),
        (["--team", "Nowhere"], "There is no team “Nowhere”"),
    ],
)
def test_the_command_refuses_what_the_page_refuses(pipeline, asked, problem):
    with pytest.raises(CommandError, match=problem):
        call_command("report", "bottleneck", *asked)


def test_the_command_narrows_as_the_page_does(pipeline, deals, capsys):
    north = make_team("North")
    ana = make_user(team=north)
    make_deal(pipeline=pipeline, at=ago(3), owner=ana, lead=make_lead(owner=ana, team=north))
    call_command("report", "bottleneck", "--team", "north", "--from", "2020-06-01", "--to", "2020-06-30")
    assert json.loads(capsys.readouterr().out)["window"] == ["2020-06-01", "2020-06-30"]
    call_command("report", "bottleneck", "--team", str(north.pk))
    assert sum(line["open"] for line in json.loads(capsys.readouterr().out)["stages"]) == 1


@pytest.mark.parametrize(
    "query", ["?colour=red", "?as_of=2999-01-01", "?as_of=0001-01-01", "?pipeline=999999", "?as_of=yesterday"]
)
def test_a_question_that_makes_no_sense_is_refused(browser, query):
    assert browser.get(f"/insight/bottleneck/{query}").status_code == 422


def test_a_day_has_come_when_it_has_come_where_the_pipeline_is(pipeline):
    def problems(day):
        late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
        return ReportFilter({"as_of": day}, user=make_user(), at=late).errors.get("as_of", [])

    Pipeline.objects.update(time_zone="Europe/Berlin")
    assert problems("2026-11-24") == []
    assert problems("2026-11-25") == ["That day has not come yet."]
    Pipeline.objects.update(time_zone="America/New_York")
    assert problems("2026-11-24") == ["That day has not come yet."]
    assert problems("1899-12-31") == ["Days before 1900 are not known here."]


def test_an_unknown_report_is_not_found(browser):
    assert browser.get("/insight/astrology/").status_code == 404


def test_without_any_pipeline_the_page_says_so(browser):
    Pipeline.objects.update(archived_at=timezone.now(), is_default=False)
    assert "There is no pipeline yet" in browser.get("/insight/forecast/").content.decode()


def test_the_command_names_the_pipelines_there_are(pipeline):
    with pytest.raises(CommandError, match="There is no pipeline “Nowhere”"):
        call_command("report", "bottleneck", "--pipeline", "Nowhere")


def test_norms_come_down_to_the_stages(pipeline, deals):
    norming.learn(at=timezone.now())
    inquiry, proposal = (stage_of(pipeline, name).norm for name in ("Inquiry", "Proposal"))
    assert (inquiry.n, proposal.n) == (12, 12)
    assert inquiry.median_days >= 15 and 0.5 < proposal.chance <= 1
    assert LeadStageNorm.objects.filter(stage="generation").exists()


def test_deals_are_looked_at_where_the_command_says(pipeline, deals, capsys):
    call_command("report", "drivers", "--landmark", "proposal")
    found = json.loads(capsys.readouterr().out)
    assert (found["landmark"]["stage"], found["tests"]) == ("Proposal", 0)
    assert "Not enough yet" in found["warnings"][0]


@pytest.mark.django_db(transaction=True)
def test_what_only_some_reports_ask_for_is_not_computed_anew_for_the_others(browser, pipeline, deals):
    stage = stage_of(pipeline, "Proposal")
    browser.get("/insight/bottleneck/")
    work()
    assert "up to date" in browser.get(f"/insight/bottleneck/?landmark=deal-{stage.pk}").content.decode()
    browser.get(f"/insight/drivers/?landmark=deal-{stage.pk}")
    work()
    page = browser.get(f"/insight/drivers/?landmark=deal-{stage.pk}").content.decode()
    assert "up to date" in page and 'aria-current="true">Proposal' in page
    assert browser.get("/insight/drivers/?landmark=deal-0").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_two_selections_stand_side_by_side_each_with_its_own_cards(client, pipeline):
    north, south = make_team("North"), make_team("South")
    ana = make_user(name="Ana", team=north)
    Membership.objects.create(user=ana, team=south)
    for number in range(5):
        team = south if number < 3 else north
        make_deal(pipeline=pipeline, at=ago(10), owner=ana, team=team, lead=make_lead(owner=ana, team=team, at=ago(12)))
    client.force_login(ana)
    asked = f"team={north.pk}&vs_team={south.pk}"
    client.get(f"/insight/compare/?{asked}")
    work()
    page = client.get(f"/insight/compare/?{asked}").content.decode()
    assert "North beside South" in page and "up to date" in page
    inquiry = next(
        pair for pair in client.get(f"/insight/compare.json?{asked}").json()["stages"] if pair["stage"] == "Inquiry"
    )
    assert (inquiry["a"]["entered"], inquiry["b"]["entered"]) == (2, 3)
    links = re.findall(rf'<a href="([^"]+stage={inquiry["key"]})">', page)
    heads = [re.search("<h1>([^<]+)", client.get(unescape(link)).content.decode())[1] for link in links]
    assert heads == [
        "2 stays begun in Inquiry",
        "2 cards were in Inquiry at the end",
        "3 stays begun in Inquiry",
        "3 cards were in Inquiry at the end",
    ]
    assert "up to date" not in client.get(f"/insight/compare/?team={north.pk}").content.decode()


@pytest.mark.django_db(transaction=True)
def test_behind_each_cell_of_losses_are_as_many_deals_as_it_says(client, pipeline):
    north = make_team("North")
    ana = make_user(name="Ana", team=north)
    price, timing = make_reason("Price"), make_reason("Timing")
    for number in range(6):
        deal = make_deal(
            pipeline=pipeline, at=ago(80 - number), owner=ana, lead=make_lead(owner=ana, team=north, at=ago(90))
        )
        closing.lose(deal, reason=price if number % 2 else timing, by=None, at=ago(70 - 12 * number))
    client.force_login(ana)
    client.get("/insight/losses/")
    work()
    page = client.get("/insight/losses/").content.decode()
    cells = re.findall(r'<td><a href="(/insight/cards/[^"]+what=lost[^"]*)">(\d+)</a>', page)
    assert len({address for address, _n in cells}) >= 6
    for address, n in cells:
        title = re.search("<h1>([^<]+)", client.get(unescape(address)).content.decode())[1]
        assert title.startswith(f"{n} deal"), address


@pytest.mark.parametrize("days_long", [1, 90])
def test_what_changed_is_asked_between_any_two_days(browser, pipeline, deals, days_long):
    first, last = day_ago(19 + days_long), day_ago(20)
    address = f"/insight/movement/?from={first}&to={last}"
    browser.get(address)
    work()
    html = browser.get(address).content.decode()
    assert f'name="from" value="{first}"' in html and f'name="to" value="{last}"' in html
