"""The whole river in a browser: to Proposal, to Order, to Lost, back to nurturing, and awake again."""

import pytest

from analytics import catalogue as reports
from analytics.selection import Selection
from deals.models import Deal
from leads.models import Lead
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import drag
from tests.factories import ago, day_ago, make_deal, make_pipeline, make_reason, make_team, make_user, stage_of

STEPPED_INTO = {"Proposal": 1, "Waiting": 1, "Nurturing": 1}
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ada = make_user(name="Ada Lind", team=team, role=Role.ADMIN)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    make_reason("Timing", days=30)
    deals = [
        make_deal(
            pipeline=pipeline, by=ada, owner=ada, team=team, at=ago(9 - n), title=f"Deal {n}", amount=1000 * (n + 1)
        )
        for n in range(3)
    ]
    return ada, pipeline, deals


def selection_of(pipeline):
    return Selection(pipeline=pipeline.pk, as_of=day_ago())


def card(page, subject):
    return page.locator(f"#board #card-{subject.pk}")


def column(page, pipeline, name):
    return page.locator(f"#col-{stage_of(pipeline, name).pk}")


def saved(page, subject):
    page.wait_for_function(
        "id => !document.querySelector(`#board #card-${id}:is(.saving, .away)`)",
        arg=subject.pk,
    )


def test_a_deal_goes_to_order_and_another_is_lost_recycled_and_woken(open_page, scene):
    ada, pipeline, (won, lost, _rest) = scene
    page = open_page(ada)

    drag(page, card(page, won), column(page, pipeline, "Proposal"))
    page.get_by_text("Press Z to undo").wait_for(state="attached")
    saved(page, won)
    drag(page, card(page, won), column(page, pipeline, "Order"))
    page.locator(".toast", has_text="won").wait_for()
    saved(page, won)
    assert column(page, pipeline, "Order").locator(".count").inner_text() == "1"

    drag(page, card(page, lost), page.locator("#tray [data-drop=lost]"))
    page.get_by_role("dialog", name="Why was it lost?").wait_for()
    lost.refresh_from_db()
    assert lost.stage.is_open, "nothing is saved before the reason is known"
    page.get_by_role("radio", name="Timing").check()
    page.get_by_role("button", name="Mark as lost").click()
    page.locator(".toast", has_text="back to nurturing").wait_for()
    assert card(page, lost).count() == 0

    won, lost = Deal.objects.get(pk=won.pk), Deal.objects.get(pk=lost.pk)
    assert (won.stage.name, lost.stage.kind) == ("Order", "lost")
    lead = Lead.objects.get(pk=lost.lead_id)
    assert (lead.stage, lead.attempt) == ("waiting", 2)

    page.goto("/marketing/")
    card(page, lead).get_by_role("button", name="Nurture").click()
    page.locator("#col-nurturing").locator(f"#card-{lead.pk}").wait_for()
    saved(page, lead)
    lead.refresh_from_db()
    assert lead.stage == "nurturing"

    page.goto(f"/deals/{lost.pk}/")
    assert page.locator(".timeline").get_by_text("lost it: Timing").count() == 1
    page.goto(f"/deals/{won.pk}/")
    assert page.locator(".timeline").get_by_text("moved it from Inquiry to Proposal").count() == 1
    assert page.locator(".timeline").get_by_text("won it: Order").count() == 1
    page.goto(f"/leads/{lead.pk}/")
    for words in ["sent it back after a lost deal (Timing)", "moved it from Waiting to Nurturing"]:
        assert page.locator(".timeline").get_by_text(words).count() == 1
    assert not page.faults

    stages = reports.compute("bottleneck", selection_of(pipeline))["stages"]
    entered = {line["stage"]: line["entered"] for line in stages}
    assert {name: entered[name] for name in STEPPED_INTO} == STEPPED_INTO
