"""Reports on paper: whole, with every table and chart; as PDF, or as a page that says why there is none."""

import re

import pytest
from django.conf import settings
from django.utils import timezone

from analytics import caching
from analytics.catalogue import REPORTS
from analytics.printing import paper
from deals.domain import closing, moving
from deals.models import Pipeline
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_user, stage_of

pytestmark = [pytest.mark.django_db(transaction=True)]
NEEDS_PANGO = pytest.mark.skipif(
    not paper.can_set(), reason="NOT TESTED: this system lacks Pango, so no PDF can be made"
)


@pytest.fixture
def browser(client):
    pipeline = Pipeline.objects.filter(is_default=True).first() or make_pipeline("New business", is_default=True)
    reason = make_reason("Price")
    for number in range(18):
        deal = make_deal(pipeline=pipeline, at=ago(60 - number))
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=ago(40 - number))
        if number < 12:
            closing.win(deal, by=None, at=ago(20 - number))
        elif number < 15:
            closing.lose(deal, reason=reason, by=None, at=ago(20 - number))
    client.force_login(make_user(name="Ana"))
    return client


def compute(browser, *names):
    for name in names:
        browser.get(f"/insight/{name}/")
    for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
        running.run(job.pk, clock=timezone.now)


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_report_on_paper_has_its_finding_its_tables_and_its_charts_drawn(browser, name):
    compute(browser, name)
    page = browser.get(f"/insight/{name}/").content.decode()
    printed = browser.get(f"/insight/{name}/printed/").content.decode()
    sentence = re.search(r'<div class="find">.*?<p>(.*?)</p>', page, re.DOTALL)[1]
    assert sentence in printed
    assert printed.count("<table") == page[page.index('id="report"') :].count("<table")
    plots = re.findall(r'data-figure="[^"]+"[^>]*>(<svg)?', printed)
    assert len(plots) == page.count("data-figure=") and all(plots)
    assert "style=" not in printed and "<script" not in printed and "<use" not in printed
    names = re.findall(r'\bid="([^"]+)"', printed)
    assert len(names) == len(set(names))


def test_before_there_are_figures_the_report_itself_is_shown(browser):
    assert browser.get("/insight/losses/printed/?by=value").url == "/insight/losses/?by=value"
    assert browser.get("/insight/printed/").url == "/insight/river/"
    assert browser.get("/insight/nonsense/printed/").status_code == 404
    assert browser.get("/insight/nonsense.pdf").status_code == 404


def test_what_all_found_comes_first_and_what_is_awaited_is_said(browser):
    compute(browser, "river", "losses")
    printed = browser.get("/insight/printed/").content.decode()
    assert printed.count("<li><b>") == 2 and printed.count('class="chapter"') == 2
    assert "Still being computed, and not in this document: Where deals get stuck" in printed


def test_where_no_pdf_can_be_made_the_page_for_printing_says_so(browser, monkeypatch):
    compute(browser, "losses")
    monkeypatch.setattr(paper, "can_set", lambda: False)
    assert browser.get("/insight/losses.pdf").url == "/insight/losses/printed/"
    assert browser.get("/insight/printed.pdf").url == "/insight/printed/"
    assert "lacks Pango" in browser.get("/insight/losses/printed/").content.decode()
    with pytest.raises(paper.NoPango):
        paper.pdf("<p>nothing</p>")


@NEEDS_PANGO
@pytest.mark.parametrize("address", ["/insight/losses.pdf", "/insight/printed.pdf"])
def test_the_pdf_is_one_and_names_itself(browser, address):
    compute(browser, "losses")
    answer = browser.get(address)
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert answer["Content-Disposition"].startswith("inline; filename=")
    assert "lacks Pango" not in browser.get("/insight/losses/printed/").content.decode()


@NEEDS_PANGO
def test_a_pdf_is_set_without_asking_anybody(monkeypatch):
    """Whatever a document names, only our own style sheets and font are read."""
    import socket

    asked = []
    monkeypatch.setattr(socket, "create_connection", lambda *address, **rest: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **rest: asked.append(address) or [])
    read = []
    monkeypatch.setattr(paper, "own_file", lambda url: read.append(url))
    document = paper.pdf(
        '<link rel="stylesheet" href="https://example.com/a.css"><img src="http://127.0.0.1:1/b.png">'
        '<img src="file:///etc/passwd"><link rel="stylesheet" href="/static/css/print.css"><p>said</p>'
    )
    assert document.startswith(b"%PDF-") and asked == []
    assert f"{settings.SITE_URL}/static/css/print.css" in read and "file:///etc/passwd" in read


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("{site}/static/css/print.css", True),
        ("{site}/static/css/print.0123456789ab.css", True),
        ("{site}/static/../manage.py", False),
        ("{site}/static/%2e%2e/manage.py", False),
        ("{site}/deals/", False),
        ("https://elsewhere.example/static/css/print.css", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_our_own_static_files_are_read(url, found):
    assert bool(paper.own_file(url.format(site=settings.SITE_URL))) == found
