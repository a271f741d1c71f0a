"""What people expect, said on a phone and overridden at a desk; and a deal's chance with what moves it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.models import Judgement
from deals.domain import norming, revising
from leads.domain.recycling import local_date
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import violations
from tests.factories import ago, make_deal, make_pipeline, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana, ben = make_user(name="Ana Brenn", team=team), make_user(name="Ben Leading", team=team, role=Role.MANAGER)
    deal = make_deal(pipeline=make_pipeline("New business", is_default=True), owner=ana, team=team, by=ana, at=ago(20))
    return ana, ben, deal


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_figure_is_said_and_overridden(open_page, scene, size, scheme):
    ana, ben, _deal = scene
    page = open_page(ana, "/insight/judgement/", size=size, scheme=scheme)
    page.locator("[name=commit]").fill("40 000")
    page.locator("[name=best_case]").fill("60000")
    page.get_by_role("button", name="Say it").click()
    page.get_by_text("You said so").wait_for()
    faults = violations(page)
    own = Judgement.objects.get()
    assert (own.commit, own.best_case, own.owner) == (40_000, 60_000, ana)

    page = open_page(ben, "/insight/judgement/", size=size, scheme=scheme)
    page.locator("[name=whose]").select_option(label="North")
    page.locator("#over_commit").fill("30000")
    page.locator("#over_reason").fill("Two of them wait for January")
    page.get_by_role("button", name="Override").click()
    row = page.locator("tr", has=page.get_by_role("rowheader", name="North", exact=True))
    row.get_by_text("Ben: Two of them wait for January").first.wait_for()
    assert "€40k–€60k" in row.inner_text()
    page.locator("details.how summary").click()
    faults += violations(page)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert faults + page.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_chance_and_what_moves_it_are_read_on_card_and_panel(open_page, scene, size, scheme):
    ana, _ben, deal = scene
    today = local_date(timezone.now())
    for days in (-9, -5, -2):
        revising.revise(deal, expected_close=today + timedelta(days), by=ana, at=timezone.now())
    reasons = [{"key": "age", "points": -0.12, "of": 20}, {"key": "pushed", "points": -0.05, "of": 2}]
    days = {"early_on": today + timedelta(5), "likely_on": today + timedelta(20), "late_on": today + timedelta(60)}
    found = norming.Expected(deal.pk, deal.stage_id, 0.4, 0.25, 0.55, reasons=reasons, **days)
    norming.write_chances(deal.pipeline, [found], closed=200, head="", as_of=timezone.now())
    page = open_page(ana, f"/sales/{deal.pipeline_id}/", size=size, scheme=scheme)
    card = page.locator(f"#card-{deal.pk}")
    assert "40 %" in " ".join(card.inner_text().split()) and "Date passed" in card.inner_text()
    faults = violations(page)
    card.locator(".cardname").click()
    panel = page.locator("#panel .panelbox")
    panel.get_by_text("20 days in Inquiry").wait_for()
    assert panel.get_by_text("put off 2×").is_visible()
    faults += violations(page)
    assert faults + page.faults == []
