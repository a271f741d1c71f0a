"""Several cards at once: how they are chosen, what is done to them, and who was left out."""

import pytest

from deals.models import Deal, Stage
from leads.models import DisqualifyReason, Lead
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import PHONE
from tests.browser.places import arrives, card, stage_now
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana, ben = make_user(name="Ana Marin", team=team), make_user(name="Ben Kraus", team=team, role=Role.MANAGER)
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n)) for n in range(4)]
    return ana, ben, pipeline, deals


def chosen(page):
    return page.locator("#board .card.selected").evaluate_all("all => all.map(one => Number(one.dataset.id))")


def in_order(page):
    return (
        page.locator("#board .col").first.locator(".card").evaluate_all("all => all.map(one => Number(one.dataset.id))")
    )


def test_x_shift_arrows_and_escape(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana)
    ids = in_order(page)
    page.locator(f"#card-{ids[0]} .cardname").focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.locator("#bulkbar:visible", has_text="3 selected").wait_for()
    assert chosen(page) == ids[:3]
    page.keyboard.press("x")
    page.locator("#bulkbar", has_text="2 selected").wait_for()
    page.keyboard.press("Escape")
    page.locator("#bulkbar").wait_for(state="hidden")
    assert chosen(page) == []
    assert not page.faults


def test_clicks_with_keys_boxes_and_the_menu(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana)
    ids = in_order(page)
    cards = [page.locator(f"#card-{pk}") for pk in ids]
    cards[0].locator(".cardname").click(modifiers=["ControlOrMeta"])
    cards[2].locator(".cardname").click(modifiers=["Shift"])
    assert chosen(page) == ids[:3]
    cards[3].hover()
    cards[3].get_by_role("checkbox").check()
    assert chosen(page) == ids
    cards[1].hover()
    cards[1].locator(".more").click()
    page.get_by_role("menuitem", name="Unselect").click()
    assert chosen(page) == [ids[0], ids[2], ids[3]]
    assert len(page.context.pages) == 1, "nothing was opened"
    page.get_by_role("button", name="Clear the selection").click()
    assert chosen(page) == []


def test_many_move_those_who_cannot_are_named_and_it_is_undone(open_page, scene):
    ana, _ben, pipeline, deals = scene
    Stage.objects.filter(pk=stage_of(pipeline, "Proposal").pk).update(required_fields=["amount"])
    Deal.objects.filter(pk=deals[0].pk).update(amount=None)
    page = open_page(ana)
    for deal in deals[:3]:
        card(page, deal).locator(".cardname").click(modifiers=["ControlOrMeta"])
    page.locator("#bulkbar").get_by_role("button", name="Move").click()
    page.get_by_role("menuitem", name="Proposal").click()
    dialog = page.get_by_role("dialog", name="Left as they were")
    dialog.wait_for()
    assert deals[0].name in dialog.inner_text() and "Proposal needs: value." in dialog.inner_text()
    dialog.get_by_role("button", name="Understood").click()
    for deal in deals[1:3]:
        arrives(page, deal, "Proposal")
    assert chosen(page) == [deals[0].pk], "who was left stays chosen"
    assert [stage_now(deal) for deal in deals[:3]] == ["Inquiry", "Proposal", "Proposal"]

    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.get_by_text("Undone for 2 deals.").first.wait_for(state="attached")
    for deal in deals[1:3]:
        arrives(page, deal, "Inquiry")
    assert {stage_now(deal) for deal in deals} == {"Inquiry"}


def test_z_undoes_the_whole_batch(open_page, scene):
    ana, _ben, _pipeline, deals = scene
    page = open_page(ana)
    for deal in deals[:2]:
        card(page, deal).locator(".cardname").click(modifiers=["ControlOrMeta"])
    page.locator("#bulkbar").get_by_role("button", name="Move").click()
    page.get_by_role("menuitem", name="Hearing").click()
    arrives(page, deals[1], "Hearing")
    page.locator(".toast").wait_for()
    card(page, deals[3]).locator(".cardname").focus()
    page.keyboard.press("z")
    arrives(page, deals[1], "Inquiry")
    assert stage_now(deals[0]) == "Inquiry"


def test_many_get_an_owner_a_next_step_and_are_lost(open_page, scene):
    ana, ben, _pipeline, deals = scene
    page = open_page(ana)

    def choose():
        for deal in deals[:2]:
            card(page, deal).locator(".cardname").click(modifiers=["ControlOrMeta"])

    choose()
    page.locator("#bulkbar").get_by_role("button", name="Next step").click()
    page.get_by_role("dialog", name="Next step").get_by_label("When").fill("2031-05-01")
    page.get_by_role("button", name="Plan it").click()
    page.locator("#toasts", has_text="Next step planned for 2 deals.").wait_for()
    assert [str(deal.activities.get().due_on) for deal in deals[:2]] == ["2031-05-01"] * 2

    choose()
    page.locator("#bulkbar").get_by_role("button", name="Lost or nurture").click()
    page.get_by_role("dialog", name="Why was it lost?").get_by_label("Budget").check()
    page.get_by_role("button", name="Mark as lost").click()
    page.wait_for_function("() => document.querySelectorAll('#board .card').length === 2")
    assert [stage_now(deal) for deal in deals[:2]] == ["Lost", "Lost"]

    card(page, deals[2]).locator(".cardname").click(modifiers=["ControlOrMeta"])
    card(page, deals[3]).locator(".cardname").click(modifiers=["ControlOrMeta"])
    page.locator("#bulkbar").get_by_role("button", name="Owner").click()
    page.keyboard.type("ben")
    page.keyboard.press("Enter")
    page.locator("#toasts", has_text="Ben Kraus").wait_for()
    assert set(Deal.objects.filter(pk__in=[deals[2].pk, deals[3].pk]).values_list("owner__name", flat=True)) == {
        ben.name
    }
    assert not page.faults


def test_what_was_done_but_not_heard_is_done_once_on_an_address_without_tls_too(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    page.add_init_script("delete Crypto.prototype.randomUUID")  # as browsers do there
    page.reload()
    page.route("**/bulk/", lambda route: (route.fetch(), route.abort()), times=1)
    card(page, deal).locator(".cardname").click(modifiers=["ControlOrMeta"])
    page.locator("#bulkbar").get_by_role("button", name="Next step").click()
    page.get_by_role("dialog", name="Next step").get_by_label("When").fill("2031-05-01")
    page.get_by_role("button", name="Plan it").click()
    page.locator(".toast.bad").get_by_role("button", name="Try again").click()
    page.locator("#toasts", has_text="Next step planned for 1 deal.").wait_for()
    assert deal.activities.filter(due_on="2031-05-01").count() == 1


def test_e_gives_the_card_to_somebody_and_d_plans_its_next_step(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Next step")
    dialog.get_by_label("When").fill("2031-05-01")
    dialog.get_by_label("What").fill("Send the offer")
    page.keyboard.press("Enter")
    card(page, deal).get_by_text("Send the offer").wait_for()
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{deal.pk}", "focus stays on the card"
    page.keyboard.press("e")
    page.locator("#ownermenu:popover-open").wait_for()
    page.keyboard.type("be")
    page.keyboard.press("Enter")
    card(page, deal).get_by_text("Owner Ben Kraus").wait_for(state="attached")
    deal.refresh_from_db()
    assert deal.owner == ben
    assert not page.faults


def test_letters_can_be_switched_off_and_the_menu_does_the_same(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    ana.single_keys = False
    ana.save()
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    for key in "xedm]z?":
        page.keyboard.press(key)
    assert chosen(page) == []
    assert page.locator("dialog[open], :popover-open:not(#toasts)").count() == 0
    assert stage_now(deal) == "Inquiry"
    card(page, deal).locator(".more").click()
    page.get_by_role("menuitem", name="Next step…").click()
    page.get_by_role("dialog", name="Next step").get_by_label("When").fill("2031-05-01")
    page.get_by_role("button", name="Plan it").click()
    card(page, deal).get_by_text("1 May 2031").wait_for()


def test_a_finger_chooses_from_the_menu_and_then_by_taps(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana, size=PHONE, touch=True)
    ids = in_order(page)
    page.locator(f"#card-{ids[0]} .more").tap()
    page.get_by_role("menuitem", name="Select").tap()
    page.locator(f"#card-{ids[1]} .cardname").tap()
    page.locator("#bulkbar", has_text="2 selected").wait_for()
    assert chosen(page) == ids[:2]
    bar = page.locator("#bulkbar").bounding_box()
    assert bar["x"] >= 0 and bar["x"] + bar["width"] <= PHONE[0]
    assert bar["y"] + bar["height"] <= page.locator(".rail").bounding_box()["y"] + 1, "the bar stands above the other"


def test_leads_are_chosen_and_disqualified_together(open_page, scene):
    ana, _ben, _pipeline, _deals = scene
    DisqualifyReason.objects.create(name="No need")
    leads = [make_lead(by=ana, owner=ana) for _ in range(3)]
    page = open_page(ana, "/marketing/")
    for lead in leads[:2]:
        card(page, lead).locator(".cardname").click(modifiers=["ControlOrMeta"])
    page.locator("#bulkbar").get_by_role("button", name="Disqualify").click()
    page.get_by_label("No need").check()
    page.get_by_role("dialog").get_by_role("button", name="Disqualify").click()
    page.locator("#toasts").get_by_role("button", name="Undo").wait_for()
    left = Lead.objects.exclude(stage="disqualified").filter(pk__in=[lead.pk for lead in leads])
    assert list(left) == [leads[2]]
    assert not page.faults
