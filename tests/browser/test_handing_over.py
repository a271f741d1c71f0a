"""Handing a lead over to sales in the browser: what is missing is asked for, and goes along with the step."""

import pytest

from leads.domain import checking, moving
from leads.models import Asks, Lead
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import drag
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    """Mina nurtures Kim; sales must know of the need, which must be a yes, and of the budget."""
    team = make_team("North")
    mina = make_user(name="Mina Otto", team=team, role=Role.MARKETER)
    asked = [checking.create(name, asks=asks, by=None, at=ago(9)) for name, asks in
             (("Need", Asks.MET), ("Budget", Asks.KNOWN))]  # fmt: skip
    lead = make_lead(name="Kim Sato", owner=mina, team=team, by=mina)
    moving.move(lead, to="qualification", by=mina, at=ago(5))
    return mina, lead, asked


def test_a_drag_to_sales_asks_for_what_the_checklist_lacks(open_page, scene):
    mina, lead, (need, budget) = scene
    page = open_page(mina, "/marketing/")
    drag(page, page.locator(f"#board #card-{lead.pk}"), page.locator("#col-ready"))
    dialog = page.get_by_role("dialog", name="Before it goes on")
    dialog.wait_for()
    dialog.get_by_role("group", name="Need").get_by_label("Yes").check()
    budget_row = dialog.get_by_role("group", name="Budget")
    budget_row.get_by_label("No", exact=True).check()
    budget_row.get_by_label("Note on Budget").fill("from May on")
    dialog.get_by_role("button", name="Save and move").click()
    page.locator(f"#col-ready #card-{lead.pk}:not(.saving)").wait_for()
    page.locator(".toast", has_text="Kim Sato is handed over to sales.").wait_for()
    assert Lead.objects.get(pk=lead.pk).stage == "ready"
    assert list(lead.answers.values_list("criterion", "said", "note")) == [
        (need.pk, "yes", ""), (budget.pk, "no", "from May on"),
    ]  # fmt: skip
    assert [fault for fault in page.faults if "422" not in fault] == []


def test_thought_over_the_lead_stays_where_it_was(open_page, scene):
    mina, lead, _asked = scene
    page = open_page(mina, "/marketing/")
    drag(page, page.locator(f"#board #card-{lead.pk}"), page.locator("#col-ready"))
    page.get_by_role("dialog", name="Before it goes on").wait_for()
    page.get_by_role("button", name="Leave it where it was").click()
    page.locator(f"#col-qualification #card-{lead.pk}:not(.saving)").wait_for()
    assert not lead.answers.exists()


def test_the_checklist_is_answered_on_the_panel(open_page, scene):
    mina, lead, (need, _budget) = scene
    page = open_page(mina, f"/leads/{lead.pk}/")
    page.get_by_text("Answer the checklist").click()
    page.get_by_role("group", name="Need").get_by_label("Yes").check()
    page.locator("[data-part=qualification]").get_by_role("button", name="Save").click()
    page.locator(".checklist li.yes", has_text="Need").wait_for()
    assert lead.answers.get().criterion == need
    assert page.faults == []
