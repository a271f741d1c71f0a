"""What a column offers: adding, folding, an order, and the stages its cards go on to."""

import pytest

from deals.domain import closing
from deals.models import Deal, LostReason, Stage
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import drag
from tests.browser.places import arrives, card, column, stage_now
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana = make_user(name="Ana Marin", team=team)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deals = [
        make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n), amount=1000 * (n + 1))
        for n in range(3)
    ]
    return ana, pipeline, deals


def in_order(page, deal, name):
    return column(page, deal, name).locator(".card").evaluate_all("all => all.map(one => Number(one.dataset.id))")


def test_quick_add_stays_open_for_the_next(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    page = open_page(ana)
    column(page, deal, "Inquiry").get_by_role("link", name="Add to Inquiry").click()
    for name, value in (("Birch Furniture", "12 000"), ("Cobalt Mining", "")):
        page.wait_for_function("() => document.activeElement.name === 'organisation'")
        page.keyboard.type(name)
        page.locator(".quickadd [name=amount]").fill(value)
        page.keyboard.press("Enter")
        page.locator("#board .card", has_text=name).wait_for()
        page.wait_for_function("() => document.activeElement.value === ''")
    page.keyboard.press("Escape")
    assert page.locator(".quickadd").count() == 0
    assert page.locator("#boardsum").inner_text().startswith("5")
    added = Deal.objects.order_by("-pk")[:2]
    assert [(one.name, one.amount, one.stage.name, one.owner) for one in added] == [
        ("Cobalt Mining", None, "Inquiry", ana), ("Birch Furniture", 12000, "Inquiry", ana),
    ]  # fmt: skip
    assert not page.faults


def test_n_adds_in_the_stage_of_the_card_and_more_fields_take_along_what_was_typed(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    make_deal(pipeline=pipeline, stage="Proposal", by=ana, owner=ana, team=deal.team)
    page = open_page(ana)
    column(page, deal, "Proposal").locator(".cardname").focus()
    page.keyboard.press("n")
    page.keyboard.type("Birch Furniture")
    page.get_by_role("button", name="More fields").click()
    dialog = page.locator("#new")
    assert dialog.get_by_label("Company").input_value() == "Birch Furniture"
    dialog.get_by_label("Person").fill("Nina Kraus")
    dialog.get_by_role("button", name="Add deal").click()
    column(page, deal, "Proposal").locator(".card", has_text="Birch Furniture").wait_for()
    assert Deal.objects.latest("pk").person.name == "Nina Kraus"


def test_what_the_stage_asks_of_a_new_deal_is_asked_in_the_dialog(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    Stage.objects.filter(pk=stage_of(pipeline, "Proposal").pk).update(required_fields=["expected_close"])
    page = open_page(ana)
    column(page, deal, "Proposal").get_by_role("link", name="Add to Proposal").click()
    page.keyboard.type("Birch Furniture")
    page.keyboard.press("Enter")
    dialog = page.locator("#new")
    dialog.get_by_label("Expected close").fill("2031-05-01")
    assert dialog.get_by_label("Company").input_value() == "Birch Furniture"
    dialog.get_by_role("button", name="Add deal").click()
    column(page, deal, "Proposal").locator(".card", has_text="Birch Furniture").wait_for()


def test_leads_are_added_quickly_too(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana, "/marketing/")
    page.get_by_role("link", name="Add to Generation").click()
    page.keyboard.type("Nina Kraus")
    page.keyboard.press("Enter")
    page.locator("#col-generation .card", has_text="Nina Kraus").wait_for()
    page.wait_for_function("() => document.activeElement.name === 'name'")
    assert not page.faults


def test_a_folded_column_is_remembered_and_takes_cards(open_page, scene):
    ana, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    place = column(page, deal, "Estimate")
    place.locator(".colhead").hover()
    place.get_by_role("button", name="Fold Estimate").click()
    assert place.bounding_box()["width"] == 44
    page.reload()
    place.get_by_role("button", name="Unfold Estimate").wait_for()
    assert place.bounding_box()["width"] == 44
    drag(page, card(page, deal), place)
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    assert stage_now(deal) == "Estimate"
    assert place.locator(".count").inner_text() == "1"
    assert place.bounding_box()["width"] == 44, "the head that came with the answer is folded, too"
    place.get_by_role("button", name="Unfold Estimate").click()
    assert card(page, deal).is_visible()
    page.reload()
    assert card(page, deal).is_visible()
    assert not page.faults


def test_on_a_sorted_board_a_drop_changes_the_stage_and_the_order_decides(open_page, scene):
    ana, pipeline, deals = scene
    small, middle, large = deals
    page = open_page(ana, f"/sales/{pipeline.pk}/?sort=value")
    assert in_order(page, small, "Inquiry") == [large.pk, middle.pk, small.pk]
    for deal in (middle, large, small):
        drag(page, card(page, deal), column(page, deal, "Hearing"), to=(0.5, 600))
        arrives(page, deal, "Hearing")
    assert in_order(page, small, "Hearing") == [large.pk, middle.pk, small.pk]
    drag(page, card(page, large), card(page, small), to=(0.5, 80))
    page.locator(".toast", has_text="The board is sorted.").wait_for()
    assert in_order(page, small, "Hearing") == [large.pk, middle.pk, small.pk]
    card(page, large).hover()
    card(page, large).locator(".more").click()
    assert page.get_by_role("menuitem", name="Down one place").get_attribute("aria-disabled") == "true"


def test_stages_that_do_not_come_next_are_shown_as_such_and_refused(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    stage_of(pipeline, "Inquiry").next_stages.set([stage_of(pipeline, "Hearing")])
    page = open_page(ana)
    card(page, deal).hover()
    card(page, deal).locator(".more").click()
    shut = {item.inner_text().split("\n")[0] for item in page.locator("#movemenu [data-to][aria-disabled=true]").all()}
    assert shut == {"Inquiry", "Proposal", "Estimate", "Order"}
    page.keyboard.press("Escape")
    drag(page, card(page, deal), column(page, deal, "Proposal"))
    page.locator(".toast.bad", has_text="From Inquiry a deal goes on to Hearing, not to Proposal.").wait_for()
    arrives(page, deal, "Inquiry")
    assert stage_now(deal) == "Inquiry"
    drag(page, card(page, deal), column(page, deal, "Hearing"))
    arrives(page, deal, "Hearing")


def test_the_way_of_leads_is_shown_and_a_way_that_does_not_exist_is_not_offered_again(open_page, scene):
    ana, *_rest = scene
    lead = make_lead(by=ana, owner=ana)
    page = open_page(ana, "/marketing/")
    drag(page, card(page, lead), page.locator("#col-waiting"))
    toast = page.locator(".toast.bad", has_text="A lead does not go from Generation to Waiting.")
    toast.wait_for()
    page.locator(f"#col-generation #card-{lead.pk}:not(.saving)").wait_for()
    assert toast.get_by_role("button", name="Move anyway").count() == 0


def test_the_order_column_leads_to_all_wins(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    page = open_page(ana)
    column(page, deal, "Order").get_by_role("link", name="All wins").click()
    page.wait_for_url("**/table/?status=won")


def test_a_step_back_and_forth_is_a_slip_and_leaves_nothing_to_undo(open_page, scene):
    ana, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("]")
    page.locator(".toast", has_text="moved to Hearing").wait_for()
    page.keyboard.press("[")
    page.get_by_text("the slip is not counted").first.wait_for(state="attached")
    arrives(page, deal, "Inquiry")
    page.keyboard.press("z")
    page.get_by_text("Nothing to undo.").wait_for(state="attached")
    assert stage_now(deal) == "Inquiry"


def test_a_card_that_leaves_the_filter_says_so_and_stays_until_the_filter_changes(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    ben = make_user(name="Ben Kraus", team=deal.team, role=Role.MANAGER)
    page = open_page(ben, f"/sales/{pipeline.pk}/?owner={ana.pk}")
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("e")
    page.locator("#ownermenu:popover-open").wait_for()
    page.keyboard.type("ben")
    page.keyboard.press("Enter")
    note = card(page, deal).locator(".outsidenote", has_text="Outside the filter")
    note.wait_for()
    assert page.locator("#boardsum").inner_text().startswith("2"), "the totals are of the filter"
    drag(page, card(page, deal), column(page, deal, "Hearing"))
    arrives(page, deal, "Hearing")
    note.wait_for()
    page.locator(".toast", has_text="It is outside the filter and stays here").wait_for()
    note.get_by_role("link", name="Show all").click()
    page.wait_for_url("**/?all=1*")
    page.wait_for_function("id => document.activeElement.closest('.card')?.id === id", arg=f"card-{deal.pk}")
    assert note.count() == 0
    deal.refresh_from_db()
    assert deal.owner == ben


def test_a_card_that_a_colleague_takes_off_the_board_is_told(open_page, scene):
    ana, pipeline, (deal, *_others) = scene
    page = open_page(ana)
    page.locator(".live[data-live=on]").wait_for()
    closing.lose(deal, reason=LostReason.objects.get(), by=make_user(name="Ben"), at=ago(0))
    page.locator(".toast", has_text=f"{deal.name} has left this board.").wait_for()
    assert card(page, deal).count() == 0
