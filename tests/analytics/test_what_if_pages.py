"""What if: on its way, there, quick, exact; scenarios kept, removed and brought back; the forecast untouched."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from analytics import caching, sources, targeting
from analytics.models import ReportRun, Scenario
from analytics.selection import Selection
from deals.domain import closing, moving
from deals.models import Pipeline
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = pytest.mark.django_db
PAGE = "/insight/what-if/"
FRAGMENT = {"HTTP_HX_REQUEST": "true"}
ASKED = f"{PAGE}?inflow=100&conversion=20"


@pytest.fixture
def pipeline():
    return Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)


@pytest.fixture
def browser(client, pipeline):
    client.force_login(make_user(name="Ana"))
    return client


@pytest.fixture
def deals(pipeline):
    """Twenty, of which ten were won and four lost; a target that may be missed."""
    made = [make_deal(pipeline=pipeline, at=ago(120 - 4 * number), amount=1000) for number in range(20)]
    for number, deal in enumerate(made[:14]):
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=ago(80 - 4 * number))
    reason = make_reason()
    for number, deal in enumerate(made[:10]):
        closing.win(deal, by=None, at=ago(60 - 4 * number))
    for deal in made[10:14]:
        closing.lose(deal, reason=reason, by=None, at=ago(1))
    today = sources.today(pipeline, timezone.now())
    targeting.set_target(
        pipeline,
        starts_on=today + timedelta(days=1),
        ends_on=today + timedelta(days=90),
        amount=12_000,
        by=None,
        at=ago(2),
    )


def work():
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


def there(browser, address=PAGE):
    """The page, once its curves are computed."""
    browser.get(PAGE)
    work()
    return unescape(browser.get(address).content.decode())


def keep(browser, *, asked="inflow=20", name="More leads", **more):
    return browser.post(f"{PAGE}scenarios/", {"asked": asked, "name": name, **more})


def test_without_a_pipeline_and_with_too_few_deals_it_says_so(client):
    Pipeline.objects.all().delete()
    client.force_login(make_user())
    assert "There is no pipeline yet" in client.get(PAGE).content.decode()
    make_deal(pipeline=make_pipeline(is_default=True), at=ago(3))
    page = there(client)
    assert "Too early to suppose" in page and 'id="sliders"' not in page


def test_the_curves_are_computed_once_and_then_the_sliders_are_there(browser, deals):
    assert "The figures are on their way" in browser.get(PAGE).content.decode()
    assert "sliders" not in browser.get(PAGE, **FRAGMENT).content.decode()
    work()
    answer = browser.get(PAGE, **FRAGMENT)
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#report", "outerHTML")
    assert 'id="sliders"' in answer.content.decode() and "hx-swap-oob" not in answer.content.decode()
    assert "Nothing is supposed yet" in there(browser)
    assert Job.objects.filter(kind=caching.KIND).count() == 1


def test_a_move_of_a_slider_is_answered_from_the_curves_alone(browser, deals):
    there(browser)
    answer = browser.get(f"{PAGE}answer/?inflow=100", **FRAGMENT)
    said = unescape(answer.content.decode())
    assert answer["HX-Replace-Url"] == f"{PAGE}?inflow=100"
    assert "Supposed, not the forecast" in said and "Quick answer" in said and 'data-exact="no"' in said
    assert 'name="asked" value="inflow=100" hx-swap-oob="true"' in said
    assert "<html" not in said and Job.objects.filter(kind=caching.KIND).count() == 1
    assert "<html" in browser.get(f"{PAGE}answer/?inflow=100").content.decode()


def test_the_exact_answer_is_computed_behind_and_replaces_the_quick_one(browser, deals):
    stage = sources.landmarks(Pipeline.objects.get(is_default=True))
    asked = f"?inflow=100&stage={next(iter(stage))}&conversion=10"
    there(browser)
    waiting = browser.get(f"{PAGE}exactly/{asked}", **FRAGMENT)
    assert waiting["HX-Retarget"] == "#exactness" and "being computed" in waiting.content.decode()
    assert Job.objects.filter(kind=caching.KIND).count() == 2
    browser.get(f"{PAGE}exactly/{asked}", **FRAGMENT)
    assert Job.objects.filter(kind=caching.KIND).count() == 2
    work()
    exact = browser.get(f"{PAGE}exactly/{asked}", **FRAGMENT)
    assert not exact.has_header("HX-Retarget") and 'data-exact="yes"' in exact.content.decode()
    assert "Exact: every open deal was asked anew" in there(browser, PAGE + asked)


def test_when_the_exact_answer_fails_the_quick_one_stays_and_says_so(browser, deals, monkeypatch):
    there(browser)
    browser.get(f"{PAGE}exactly/?inflow=50", **FRAGMENT)
    Job.objects.filter(state="waiting").update(state="dead")
    failed = browser.get(f"{PAGE}exactly/?inflow=50", **FRAGMENT).content.decode()
    assert "could not be computed" in failed and "hx-get" not in failed


def test_nothing_supposed_asks_for_no_exact_answer(browser, deals):
    there(browser)
    browser.get(f"{PAGE}exactly/?delay=9", **FRAGMENT)
    assert Job.objects.filter(kind=caching.KIND).count() == 1


def test_what_no_slider_says_is_refused(browser):
    for wrong in ("inflow=201", "inflow=x", "delay=-1", "conversion=41", "surprise=1"):
        assert browser.get(f"{PAGE}?{wrong}").status_code == 422, wrong


def test_the_tabs_lead_to_pages_that_know_what_they_are_asked(browser, deals):
    page = there(browser, f"{ASKED}&team=")
    tabs = re.search(r'<nav id="tabs".*?</nav>', page, re.S)[0]
    assert "inflow" not in tabs


def test_what_is_supposed_is_kept_compared_removed_and_brought_back(browser, pipeline, deals):
    there(browser)
    answer = keep(browser, asked="inflow=100&delay=7", name=" Twice the leads ", is_shared="on")
    assert answer.url == f"{PAGE}?inflow=100&delay=7"
    scenario = Scenario.objects.get()
    today = sources.today(pipeline, timezone.now())
    assert (scenario.name, scenario.inflow, scenario.is_shared) == ("Twice the leads", 100, True)
    assert scenario.starts_on == today + timedelta(days=8)
    page = there(browser)
    row = re.search(r'<tr><th scope="row"><a href="([^"]+)">Twice the leads</a>.*?</tr>', page, re.S)
    assert parse_qs(urlsplit(row[1]).query) == {"inflow": ["100"], "delay": ["7"]}
    assert "inflow +100" in row[0] and "shared" in row[0]
    gone = browser.post(f"{PAGE}scenarios/{scenario.pk}/removal/")
    assert "Twice the leads</a>" not in there(browser) and "is removed" in browser.get(gone.url).content.decode()
    browser.post(f"{PAGE}scenarios/{scenario.pk}/return/")
    assert "Twice the leads</a>" in there(browser)


def test_a_scenario_keeps_its_first_day_while_days_go_by(browser, pipeline, deals):
    there(browser)
    keep(browser, asked="inflow=100&delay=7")
    Scenario.objects.update(starts_on=sources.today(pipeline, timezone.now()) - timedelta(days=3))
    address = re.search(r'<th scope="row"><a href="([^"]+)">More leads', there(browser))[1]
    assert parse_qs(urlsplit(address).query) == {"inflow": ["100"]}


def test_what_cannot_be_kept_is_refused_with_a_sentence(browser):
    for wrong in (
        {"name": ""},
        {"name": "x" * 81},
        {"asked": ""},
        {"asked": "inflow=900"},
        {"asked": "stage=gone&delay=3"},
    ):
        assert keep(browser, **wrong).status_code == 422, wrong
    assert not Scenario.objects.exists()


def test_scenarios_of_a_team_stand_with_its_deals(browser, pipeline, deals):
    team = make_team("North")
    there(browser)
    keep(browser, asked=f"inflow=20&pipeline={pipeline.pk}")
    browser.get(f"{PAGE}?team={team.pk}")
    work()
    assert "More leads</a>" not in browser.get(f"{PAGE}?team={team.pk}").content.decode()
    assert "More leads</a>" in there(browser)


def test_a_colleague_sees_what_is_shared_and_removes_nothing(browser, client, pipeline, deals):
    there(browser)
    keep(browser, name="Mine alone")
    keep(browser, name="For all", is_shared="on")
    client.force_login(make_user(name="Ben"))
    page = there(client)
    assert "For all</a>" in page and "Mine alone" not in page and "removal" not in page
    statuses = {
        scenario.name: client.post(f"{PAGE}scenarios/{scenario.pk}/removal/").status_code
        for scenario in Scenario.objects.all()
    }
    assert statuses == {"Mine alone": 404, "For all": 403}


def test_the_forecast_and_its_files_know_nothing_of_what_is_supposed(browser, pipeline, deals):
    def forecast():
        browser.get("/insight/forecast/")
        work()
        return browser.get("/insight/forecast.json").content, browser.get("/insight/forecast.csv").content

    before = forecast()
    there(browser, ASKED)
    browser.get(f"{PAGE}exactly/?inflow=100", **FRAGMENT)
    work()
    keep(browser)
    assert forecast() == before
    assert browser.get("/insight/forecast/?inflow=100").status_code == 422


def test_what_was_supposed_once_is_forgotten_and_the_curves_are_kept(browser, pipeline, deals):
    there(browser)
    browser.get(f"{PAGE}exactly/?inflow=100", **FRAGMENT)
    work()
    ReportRun.objects.update(computed_at=ago(3))
    selection = Selection(pipeline.pk, sources.today(pipeline, timezone.now()))
    asked = caching.question(selection, is_dated=False)
    assert ReportRun.objects.filter(report="what_if").count() == 2
    caching.forget_superseded("what_if", asked, at=timezone.now())
    assert [bool(run.result["curves"]) for run in ReportRun.objects.filter(report="what_if")] == [True]
