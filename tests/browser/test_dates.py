"""When a step happened: today, unless somebody says another day; and how it is corrected later."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deals.models import Deal
from tests.browser.places import arrives, card, stage_now
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana = make_user(name="Ana Marin", team=team)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    return ana, pipeline, make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9))


def day(ago):
    return timezone.localdate() - timedelta(days=ago)


def stepped_on(deal):
    return timezone.localtime(deal.events.latest("seq").occurred_at).date()


def test_the_menu_moves_with_a_date(open_page, scene):
    ana, _pipeline, deal = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="Move with a date…").click()
    dialog = page.get_by_role("dialog", name="Move with a date")
    assert dialog.get_by_label("To").locator("option:checked").inner_text() == "Hearing", "the next one is proposed"
    dialog.get_by_label("When").fill(day(3).isoformat())
    dialog.get_by_role("button", name="Move").click()
    arrives(page, deal, "Hearing")
    assert stepped_on(deal) == day(3)
    assert card(page, deal).locator(".stay .num").inner_text() in ("2 d", "3 d"), "full days since the noon of that day"
    assert not page.faults


def test_a_lost_deal_takes_a_date_on_the_board_too(open_page, scene):
    ana, _pipeline, deal = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="Mark as lost…").click()
    dialog = page.get_by_role("dialog", name="Why was it lost?")
    dialog.get_by_label("Budget").check()
    dialog.get_by_label("When").fill(day(2).isoformat())
    dialog.get_by_role("button", name="Mark as lost").click()
    page.locator(".toast", has_text="back to nurturing").wait_for()
    assert (stage_now(deal), stepped_on(deal)) == ("Lost", day(2))


def test_the_panel_moves_on_another_day_and_wins_on_one(open_page, scene):
    ana, _pipeline, deal = scene
    page = open_page(ana, f"/sales/{deal.pipeline_id}/?deal={deal.pk}")
    panel = page.locator("#panel")
    panel.get_by_text("Move with a date…").click()
    panel.locator(".dated select").select_option(label="Proposal")
    panel.locator(".dated [name=at]").fill(day(4).isoformat())
    panel.locator(".dated button").click()
    panel.locator(".stepper .now", has_text="Proposal").wait_for()
    assert stepped_on(deal) == day(4)
    panel.get_by_role("button", name="Won").click()
    page.locator("#winning [name=at]").fill(day(1).isoformat())
    page.get_by_role("button", name="Mark as won").click()
    panel.locator(".stepper .now.won").wait_for()
    assert (stage_now(deal), stepped_on(deal)) == ("Order", day(1))
    assert not page.faults


def test_a_correction_shows_both_days_and_who_made_it(open_page, scene):
    ana, _pipeline, deal = scene
    page = open_page(ana, f"/deals/{deal.pk}/")
    page.locator(".stepper").get_by_role("button", name="Hearing").click()
    page.locator(".stepper .now", has_text="Hearing").wait_for()
    step = page.locator(".timeline li", has_text="moved it from Inquiry to Hearing")
    step.get_by_text("Correct this step").click()
    step.get_by_label("On", exact=True).fill(day(5).isoformat())
    step.get_by_label("Reason").fill("Noted late")
    step.get_by_role("button", name="Correct").click()
    step = page.locator(".timeline li", has_text="moved it from Inquiry to Hearing")
    step.get_by_text("Noted late").wait_for()
    assert "Ana Marin" in step.inner_text()
    assert step.locator("del time").count() == 1, "the day it was told at first"
    assert Deal.objects.get(pk=deal.pk).stage_entered_at.date() == day(5)

    step.get_by_text("Correct this step").click()
    step.get_by_label("What was wrong").select_option(label="It never happened")
    step.get_by_label("Reason").fill("Wrong card")
    step.get_by_role("button", name="Correct").click()
    page.locator(".stepper .now", has_text="Inquiry").wait_for()
    step = page.locator(".timeline li.void", has_text="moved it from Inquiry to Hearing")
    assert "Taken back by Ana Marin: Wrong card" in step.inner_text()
