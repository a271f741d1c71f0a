"""The open panel follows colleagues and disturbs nobody who is writing in it."""

import pytest

from deals.domain import closing, moving, revising
from deals.models import Deal
from leads.domain import noting
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(open_page):
    team = make_team("North")
    ana, ben = make_user(name="Ana Marin", team=team), make_user(name="Ben Kraus", team=team, role="manager")
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deal = make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9), title="Roof", amount=1000)
    page = open_page(ana)
    page.locator(".live[data-live=on]").wait_for()
    page.locator(f"#board #card-{deal.pk} .cardname").click()
    page.locator("#panel .panelbox").wait_for()
    return page, ana, ben, deal


def fresh(deal):
    return Deal.objects.get(pk=deal.pk)


def fact(page, names):
    return page.locator(f'#panel .fact[data-name="{names}"]')


def test_notes_next_steps_and_moves_of_a_colleague_appear(scene):
    page, _ana, ben, deal = scene
    noting.note(fresh(deal), text="Wants two invoices", by=ben, at=ago(0))
    page.locator("#panel .timeline", has_text="Wants two invoices").wait_for()
    noting.plan(fresh(deal), kind="call", due_on=ago(-2).date(), subject="Ring again", by=ben, at=ago(0))
    page.locator("#panel .nextstep", has_text="Ring again").wait_for()
    moving.move(fresh(deal), to=stage_of(deal.pipeline, "Proposal"), by=ben, at=ago(0))
    page.locator("#panel .stepper .now", has_text="Proposal").wait_for()
    closing.win(fresh(deal), by=ben, at=ago(0))
    page.locator("#panel .stepper .now.won").wait_for()
    assert page.locator("#panel").get_by_role("button", name="Reopen").count() == 1
    assert page.evaluate("document.activeElement.id") == "panel-title", "the keyboard is where it was"
    assert not page.faults


def test_the_stepper_knows_the_new_version_after_a_colleagues_note(scene):
    page, _ana, ben, deal = scene
    noting.note(fresh(deal), text="Wants two invoices", by=ben, at=ago(0))
    page.locator("#panel .timeline", has_text="Wants two invoices").wait_for()
    page.locator("#panel .stepper").get_by_role("button", name="Proposal").click()
    page.locator("#panel .stepper .now", has_text="Proposal").wait_for()
    assert fresh(deal).stage.name == "Proposal"


def test_what_is_being_written_stays_while_the_rest_follows(scene):
    page, _ana, ben, deal = scene
    note = page.locator("#panel").get_by_label("Add a note")
    note.fill("Half a thou")
    fact(page, "title").locator("summary").click()
    title = page.locator("#panel #fact_title")
    title.fill("Roof and wa")
    revising.revise(fresh(deal), amount=12000, by=ben, at=ago(0))
    page.locator("#panel .fact", has_text="12").filter(has_text="€12").first.wait_for()
    assert title.input_value() == "Roof and wa"
    assert note.input_value() == "Half a thou"
    assert page.evaluate("document.activeElement.id") == "fact_title"
    title.press("End")
    title.type("lls")
    fact(page, "title").get_by_role("button", name="Save").click()
    page.locator("#panel .fact[data-name=title]", has_text="Roof and walls").wait_for()
    assert (fresh(deal).title, fresh(deal).amount) == ("Roof and walls", 12000)
    assert note.input_value() == "Half a thou", "saving one thing does not lose another"
    assert not page.faults


def test_the_same_fact_theirs_or_mine(scene):
    page, _ana, ben, deal = scene
    fact(page, "amount currency").locator("summary").click()
    amount = page.locator("#panel #fact_amount")
    amount.fill("7000")
    revising.revise(fresh(deal), amount=12000, by=ben, at=ago(0))
    page.locator("#panel .contested", has_text="A colleague changed this to €12").wait_for()
    assert amount.input_value() == "7000"
    fact(page, "amount currency").get_by_role("button", name="Save").click()
    page.locator("#panel .contested", has_text="Ben Kraus changed this to €12").wait_for()
    assert amount.input_value() == "7000"
    assert fresh(deal).amount == 12000
    fact(page, "amount currency").get_by_role("button", name="Keep mine").click()
    page.locator('#panel .fact[data-name="amount currency"]', has_text="€7").wait_for()
    assert fresh(deal).amount == 7000

    fact(page, "title").locator("summary").click()
    page.locator("#panel #fact_title").fill("Cellar")
    revising.revise(fresh(deal), title="Walls", by=ben, at=ago(0))
    fact(page, "title").get_by_role("button", name="Save").click()
    page.locator("#panel .contested", has_text="Ben Kraus changed this to Walls").wait_for()
    fact(page, "title").get_by_role("link", name="Take theirs").click()
    page.locator("#panel .fact[data-name=title]:not([open])", has_text="Walls").wait_for()
    assert fresh(deal).title == "Walls"
    assert [fault for fault in page.faults if "409" not in fault] == []


def test_a_deal_that_is_taken_away_closes_its_panel(scene):
    page, _ana, ben, deal = scene
    revising.revise(fresh(deal), owner=make_user(), team=make_team(), by=ben, at=ago(0))
    page.locator(".toast.bad", has_text="is not yours to see any more").wait_for()
    assert page.locator("#panel[open]").count() == 0
    page.locator(f"#board #card-{deal.pk}").wait_for(state="detached")


def test_the_panel_of_a_lead_follows_in_the_same_way(open_page):
    team = make_team()
    ana, ben = make_user(name="Ana Marin", team=team), make_user(name="Ben Kraus", team=team, role="manager")
    lead = make_lead(owner=ana, by=ana)
    page = open_page(ana, f"/marketing/?lead={lead.pk}")
    page.locator(".live[data-live=on]").wait_for()
    page.locator("#panel .panelbox").wait_for()
    page.locator("#panel").get_by_label("Add a note").fill("Half a thou")
    noting.note(lead, text="Came by", by=ben, at=ago(0))
    page.locator("#panel .timeline", has_text="Came by").wait_for()
    assert page.locator("#panel").get_by_label("Add a note").input_value() == "Half a thou"
    assert not page.faults
