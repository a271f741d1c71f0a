"""What a board does when a step is not taken: the true answers of the server, and none at all."""

import pytest
from django.contrib.sessions.models import Session

from deals.domain import moving
from deals.models import Deal, Stage
from tests.browser.conftest import drag
from tests.browser.places import arrives, card, column, stage_now
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long password"


@pytest.fixture
def scene():
    team = make_team("North")
    ana, ben = make_user(name="Ana Marin", team=team), make_user(name="Ben Kraus", team=team, role="manager")
    ana.set_password(PASSWORD)
    ana.save()
    pipeline = make_pipeline("New business", is_default=True)
    make_reason("Budget")
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n), amount=None) for n in range(3)]
    return ana, ben, pipeline, deals


@pytest.fixture
def unheard(open_page):
    """A board to which no nudge comes: colleagues' changes are met at the drop."""

    def opened(user):
        page = open_page(user)
        page.route("**/live/**", lambda route: route.abort())
        page.reload()
        return page

    return opened


def order(page):
    return page.locator("#board .col").first.locator(".card").evaluate_all("all => all.map(one => one.dataset.id)")


def asks_for(deal, name, *fields):
    Stage.objects.filter(pk=stage_of(deal.pipeline, name).pk).update(required_fields=list(fields))


def test_409_says_who_was_quicker_and_moves_anyway(unheard, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = unheard(ana)
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=ben, at=ago(0))
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    page.locator(".toast.bad", has_text="Ben Kraus").wait_for()
    arrives(page, deal, "Hearing")
    assert stage_now(deal) == "Hearing"
    page.get_by_role("button", name="Move anyway").click()
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    assert stage_now(deal) == "Estimate"


def test_422_asks_only_for_what_is_missing_and_goes_on(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    asks_for(deal, "Proposal", "amount", "expected_close")
    page = open_page(ana)
    drag(page, card(page, deal), column(page, deal, "Proposal"))
    dialog = page.get_by_role("dialog", name="Before it goes on")
    dialog.wait_for()
    assert dialog.locator("input, select").evaluate_all("all => all.map(one => one.name)") == [
        "amount", "expected_close", "currency",
    ]  # fmt: skip
    assert stage_now(deal) == "Inquiry", "nothing is saved before it is filled in"
    dialog.locator("[name=amount]").fill("12000")
    dialog.locator("[name=expected_close]").fill("2031-05-01")
    dialog.get_by_role("button", name="Save and move").click()
    arrives(page, deal, "Proposal")
    page.locator(".toast", has_text="moved to Proposal").wait_for()
    deal = Deal.objects.get(pk=deal.pk)
    assert (deal.stage.name, deal.amount, str(deal.expected_close)) == ("Proposal", 12000, "2031-05-01")
    assert card(page, deal).locator(".value").inner_text().replace("\u2009", "") == "€12000"


def test_422_thought_over_returns_the_card_to_its_exact_place(open_page, scene):
    ana, _ben, _pipeline, (_first, deal, _last) = scene
    asks_for(deal, "Proposal", "expected_close")
    page = open_page(ana)
    before = order(page)
    drag(page, card(page, deal), column(page, deal, "Proposal"))
    page.get_by_role("dialog", name="Before it goes on").wait_for()
    page.get_by_role("button", name="Leave it where it was").click()
    arrives(page, deal, "Inquiry")
    assert order(page) == before
    assert stage_now(deal) == "Inquiry"


def test_422_of_what_does_not_fit_is_asked_again_with_the_reason(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    asks_for(deal, "Proposal", "amount")
    page = open_page(ana)
    card(page, deal).locator(".cardname").focus()
    for key in "]]":  # the second one while the first is still under way
        page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="Before it goes on")
    dialog.locator("[name=amount]").fill("a lot")
    dialog.get_by_role("button", name="Save and move").click()
    dialog.locator(".errorlist").wait_for()
    dialog.locator("[name=amount]").fill("900")
    dialog.get_by_role("button", name="Save and move").click()
    arrives(page, deal, "Proposal")
    assert Deal.objects.get(pk=deal.pk).amount == 900
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{deal.pk}", "focus stays on the card"


def test_401_asks_to_sign_in_and_then_moves_the_card(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    Session.objects.all().delete()
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.wait_for()
    assert dialog.get_by_label("E-mail").input_value() == ana.email
    dialog.get_by_label("Password").fill("not this one")
    dialog.get_by_role("button", name="Sign in").click()
    dialog.locator(".formerror", has_text="not correct").wait_for()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    assert stage_now(deal) == "Estimate"


def test_401_not_now_returns_the_card_and_sign_in_later(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    before = order(page)
    Session.objects.all().delete()
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    page.get_by_role("button", name="Not now").click()
    page.locator(".toast.bad", has_text="You are signed out.").wait_for()
    arrives(page, deal, "Inquiry")
    assert order(page) == before
    page.locator(".toast").get_by_role("button", name="Sign in").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()


def test_401_in_the_panel_keeps_what_was_typed_and_saves_it(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    card(page, deal).locator(".cardname").click()
    page.locator("#panel .panelbox").wait_for()
    page.locator("#panel").get_by_label("Add a note").fill("Wants two invoices")
    Session.objects.all().delete()
    page.locator("#panel .composer button").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.locator("#panel .timeline", has_text="Wants two invoices").wait_for()


def test_401_answered_in_another_tab_goes_on_by_itself(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    Session.objects.all().delete()
    other = page.context.new_page()
    other.goto("/accounts/login/")
    other.get_by_label("Email").fill(ana.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.locator("#board").wait_for()
    drag(page, card(page, deal), column(page, deal, "Estimate"))  # its token is from before
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    assert stage_now(deal) == "Estimate"


def test_403_returns_the_card_and_says_that_it_may_only_be_seen(open_page, scene):
    _ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(make_user(name="Mate", team=deal.team))
    before = order(page)
    drag(page, card(page, deal), column(page, deal, "Proposal"))
    page.locator(".toast.bad", has_text=f"You can see {deal.name} but not change it.").wait_for()
    arrives(page, deal, "Inquiry")
    assert order(page) == before


def test_404_takes_the_card_away_and_says_so(unheard, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = unheard(ana)
    Deal.objects.filter(pk=deal.pk).update(team=make_team("South"), owner=make_user(name="Cleo"))
    drag(page, card(page, deal), column(page, deal, "Proposal"))
    page.locator(".toast.bad", has_text=f"{deal.name} is not yours to see any more.").wait_for()
    page.wait_for_function("() => document.querySelector('#boardsum').innerText.startsWith('2')")
    assert card(page, deal).count() == 0


def test_offline_returns_the_card_and_tries_again(open_page, scene):
    ana, _ben, _pipeline, (_first, deal, _last) = scene
    page = open_page(ana)
    before = order(page)
    page.context.set_offline(True)
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    page.locator(".toast.bad", has_text=f"You are offline. {deal.name} is back in Inquiry.").wait_for()
    assert order(page) == before
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    assert stage_now(deal) == "Estimate"


def test_a_lost_answer_is_fetched_by_trying_again_not_done_twice(unheard, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = unheard(ana)

    def done_but_unheard(route):
        route.fetch()  # the server does it
        route.abort()  # its answer is lost on the way

    page.route("**/stage/", done_but_unheard, times=1)
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    page.locator(".toast.bad", has_text="No answer from the server.").wait_for()
    arrives(page, deal, "Inquiry")
    assert stage_now(deal) == "Estimate"
    page.get_by_role("button", name="Try again").click()
    arrives(page, deal, "Estimate")
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    assert deal.events.count() == 2


def test_a_form_whose_answer_is_lost_is_not_said_to_be_unsaved(open_page, scene):
    ana, _ben, pipeline, (deal, *_others) = scene
    page = open_page(ana, f"/sales/{pipeline.pk}/?deal={deal.pk}")
    page.route("**/notes/", lambda route: (route.fetch(), route.abort()), times=1)
    page.get_by_label("Add a note").fill("Wants two invoices")
    page.locator("#panel .composer button").click()
    page.locator(".toast.bad", has_text="It is not known whether that was saved").wait_for()
    assert deal.activities.filter(outcome="Wants two invoices").count() == 1


def test_a_fault_of_the_server_returns_the_card_and_tries_again(open_page, scene):
    ana, _ben, _pipeline, (_first, deal, _last) = scene
    page = open_page(ana)
    before = order(page)
    page.route("**/stage/", lambda route: route.fulfill(status=503, body="later"), times=1)
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    page.locator(".toast.bad", has_text="The server could not save that.").wait_for()
    assert order(page) == before
    page.get_by_role("button", name="Try again").click()
    arrives(page, deal, "Estimate")


def test_no_answer_for_ten_seconds_returns_the_card(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    page.route("**/stage/", lambda route: None)  # nobody answers
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    page.locator(".toast.bad", has_text="No answer from the server for 10 seconds.").wait_for(timeout=14_000)
    arrives(page, deal, "Inquiry")
    assert page.locator(".toast.bad").get_by_role("button", name="Try again").is_visible()


def test_a_later_move_of_the_same_card_waits_and_is_then_sent(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    waiting = []
    page.route("**/stage/", lambda route: waiting.append(route), times=1)
    drag(page, card(page, deal), column(page, deal, "Hearing"))
    page.wait_for_function("() => document.querySelector('#board .card.saving')?.getAnimations().length === 0")
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    assert column(page, deal, "Estimate").locator(f"#card-{deal.pk}.saving").count() == 1, "shown where it will go"
    assert (stage_now(deal), len(waiting)) == ("Inquiry", 1), "one request of a card at a time"
    waiting[0].continue_()
    page.locator(".toast", has_text="moved to Estimate").wait_for()
    arrives(page, deal, "Estimate")
    assert list(deal.events.order_by("seq").values_list("to_stage__name", flat=True)) == [
        "Inquiry", "Hearing", "Estimate",
    ]  # fmt: skip
    card(page, deal).locator(".cardname").focus()
    for name in ("Hearing", "Inquiry"):
        page.keyboard.press("z")
        page.get_by_text(f"is back in {name}.").wait_for(state="attached")
    assert stage_now(deal) == "Inquiry"
    assert not page.faults
