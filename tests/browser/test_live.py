"""Colleagues on one board: they see each other's steps soon, undisturbed in what they are doing, and miss nothing."""

import time

import pytest
from django.db import transaction

from deals.domain import closing, moving, revising
from deals.models import Deal
from leads.domain import noting
from tests.browser.conftest import drag
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user, stage_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    team = make_team("North")
    ana, ben = make_user(name="Ana Marin", team=team), make_user(name="Ben Kraus", team=team, role="manager")
    pipeline = make_pipeline("New business", is_default=True)
    deals = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=team, at=ago(9 - n)) for n in range(3)]
    return ana, ben, pipeline, deals


def card(page, deal):
    return page.locator(f"#board #card-{deal.pk}")


def column(page, deal, name):
    return page.locator(f"#col-{stage_of(deal.pipeline, name).pk}")


def arrives(page, deal, name):
    column(page, deal, name).locator(f"#card-{deal.pk}:not(.saving)").wait_for()


def is_live(page):
    page.locator(".live[data-live=on]").wait_for(timeout=40_000)


def move(deal, name, by):
    moving.move(Deal.objects.get(pk=deal.pk), to=stage_of(deal.pipeline, name), by=by, at=ago(0))


def open_streams():
    from pipeline_crm import asgi  # not before the server has collected its static files

    return [stream for stream in asgi.live._all() if not stream.is_over]


def count_requests(page, part):
    asked = []
    page.on("request", lambda request: part in request.url and asked.append(request.url))
    return asked


def test_two_browsers_see_each_others_moves(open_page, scene):
    ana, ben, _pipeline, (first, second, _third) = scene
    mine, theirs = open_page(ana), open_page(ben)
    is_live(mine), is_live(theirs)
    drag(theirs, card(theirs, first), column(theirs, first, "Estimate"))
    arrives(mine, first, "Estimate")
    drag(mine, card(mine, second), column(mine, second, "Hearing"))
    arrives(theirs, second, "Hearing")
    assert mine.locator(".colhead .count").all_inner_texts() == theirs.locator(".colhead .count").all_inner_texts()
    assert not mine.faults + theirs.faults


def test_a_colleagues_move_is_seen_within_a_second(open_page, scene):
    ana, ben, pipeline, (deal, *_others) = scene
    page = open_page(ana)
    is_live(page)
    delays = []
    for name in ("Hearing", "Proposal", "Estimate", "Inquiry") * 2:
        began = time.perf_counter()
        move(deal, name, ben)
        arrives(page, deal, name)
        delays.append(time.perf_counter() - began)
    assert sorted(delays)[len(delays) // 2] < 1, delays


def test_own_moves_are_not_announced_as_a_colleagues(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    is_live(page)
    page.evaluate(
        """() => { window.said = []; new MutationObserver(() => said.push(document.getElementById("say").textContent))
            .observe(document.getElementById("say"), { childList: true, characterData: true, subtree: true }) }"""
    )
    drag(page, card(page, deal), column(page, deal, "Estimate"))
    arrives(page, deal, "Estimate")
    card(page, deal).locator(".cardname").click()
    page.locator("#panel").get_by_label("Add a note").fill("Mine")
    page.locator("#panel .composer button").click()
    page.locator("#panel .timeline", has_text="Mine").wait_for()
    page.wait_for_timeout(2200)
    assert not [words for words in page.evaluate("said") if "colleague" in words]


def test_a_change_during_a_drag_waits_for_the_drop(open_page, scene):
    ana, ben, _pipeline, (mine, theirs, _third) = scene
    page = open_page(ana)
    is_live(page)
    box, target = card(page, mine).bounding_box(), column(page, mine, "Proposal").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 30, steps=3)
    page.locator(".lifted").wait_for()
    move(theirs, "Estimate", ben)
    page.wait_for_timeout(700)
    assert column(page, theirs, "Inquiry").locator(f"#card-{theirs.pk}").count() == 1, "nothing moves under a drag"
    page.mouse.move(target["x"] + 80, target["y"] + 120, steps=5)
    page.mouse.up()
    arrives(page, mine, "Proposal")
    arrives(page, theirs, "Estimate")
    assert not page.faults


def test_a_change_of_the_dragged_card_itself_waits_and_the_drop_is_refused(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    is_live(page)
    box, target = card(page, deal).bounding_box(), column(page, deal, "Proposal").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 30, steps=3)
    page.locator(".lifted").wait_for()
    move(deal, "Estimate", ben)
    page.wait_for_timeout(500)
    page.mouse.move(target["x"] + 80, target["y"] + 120, steps=5)
    page.mouse.up()
    page.locator(".toast.bad", has_text="Ben Kraus").wait_for()
    arrives(page, deal, "Estimate")


def test_a_change_during_a_keyboard_grab_waits_until_it_is_put_down(open_page, scene):
    ana, ben, _pipeline, (mine, theirs, _third) = scene
    page = open_page(ana)
    is_live(page)
    card(page, mine).locator(".cardname").focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    move(theirs, "Estimate", ben)
    page.wait_for_timeout(700)
    assert column(page, theirs, "Inquiry").locator(f"#card-{theirs.pk}").count() == 1
    assert page.locator(".grabbed").count() == 1
    page.keyboard.press(" ")
    arrives(page, mine, "Hearing")
    arrives(page, theirs, "Estimate")
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{mine.pk}"
    assert not page.faults


def test_the_keyboard_goes_on_beside_a_card_that_a_colleague_takes_away(open_page, scene):
    ana, ben, _pipeline, deals = scene
    page = open_page(ana)
    is_live(page)
    ids = page.locator("#board .card").evaluate_all("all => all.map(one => Number(one.dataset.id))")
    page.locator(f"#card-{ids[0]} .cardname").focus()
    taken = Deal.objects.get(pk=ids[0])
    revising.revise(taken, owner=make_user(), team=make_team(), by=ben, at=ago(0))
    card(page, taken).wait_for(state="detached")
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{ids[1]}"
    closing.lose(Deal.objects.get(pk=ids[1]), reason=make_reason("Budget"), by=ben, at=ago(0))
    page.locator(f"#board #card-{ids[1]}").wait_for(state="detached")
    assert page.evaluate("document.activeElement.closest('.card')?.id") == f"card-{ids[2]}"


def test_a_burst_of_changes_is_few_requests_and_one_announcement(open_page, scene):
    ana, ben, pipeline, deals = scene
    more = [make_deal(pipeline=pipeline, by=ana, owner=ana, team=deals[0].team, at=ago(3)) for _ in range(37)]
    page = open_page(ana)
    is_live(page)
    page.wait_for_timeout(300)
    asked = count_requests(page, "/cards/")
    with transaction.atomic():
        for deal in [*deals, *more]:
            move(deal, "Hearing", ben)
    column(page, deals[0], "Hearing").locator(".card").nth(39).wait_for()
    assert len(asked) <= 4, f"{len(asked)} requests for 40 changes"
    page.get_by_text("40 changes by colleagues.").wait_for(state="attached")


def test_who_was_away_fetches_only_what_changed(open_page, scene):
    ana, ben, pipeline, (first, second, third) = scene
    page = open_page(ana)
    is_live(page)
    page.context.set_offline(True)
    page.locator(".live", has_text="Offline").wait_for()
    move(first, "Estimate", ben)
    revising.revise(Deal.objects.get(pk=second.pk), owner=make_user(), team=make_team(), by=ben, at=ago(0))
    asked = count_requests(page, "/cards/")
    whole = count_requests(page, f"/sales/{pipeline.pk}/?")
    page.context.set_offline(False)
    arrives(page, first, "Estimate")
    card(page, second).wait_for(state="detached")
    is_live(page)
    assert len(asked) <= 2 and f"{third.pk}" not in asked[0].split("ids=")[1].split(",")
    assert not whole


def test_what_changed_between_reading_and_listening_is_not_missed(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana, "/profile/")

    def late(route):
        move(deal, "Estimate", ben)
        route.continue_()

    page.route("**/live/", late, times=1)
    page.goto("/")
    arrives(page, deal, "Estimate")


def test_what_changed_before_a_tab_joined_the_others_is_not_missed(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    first = open_page(ana)
    is_live(first)
    second = first.context.new_page()
    second.set_default_timeout(20_000)

    def late(route):
        move(deal, "Estimate", ben)
        arrives(first, deal, "Estimate")
        route.continue_()

    second.route("**/js/board/stream*.js", late, times=1)
    second.goto("/")
    arrives(second, deal, "Estimate")


def test_an_answer_that_did_not_come_is_asked_for_again(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana, "/profile/")
    page.route("**/changes/**", lambda route: route.abort(), times=1)
    page.route("**/live/", lambda route: (move(deal, "Estimate", ben), route.continue_()), times=1)
    page.goto("/")
    page.locator(".live", has_text="Reconnecting").wait_for()
    arrives(page, deal, "Estimate")
    is_live(page)


def test_without_a_stream_the_board_asks_every_half_minute_and_says_so(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana, "/profile/")
    page.clock.install()
    page.route("**/live/", lambda route: route.fulfill(status=429, body="Too many"))
    page.goto("/")
    page.locator(".live[data-live=poll]", has_text="Every 30 seconds").wait_for()
    page.clock.run_for(1000)
    move(deal, "Estimate", ben)
    page.clock.run_for(15_000)
    assert column(page, deal, "Inquiry").locator(f"#card-{deal.pk}").count() == 1
    page.clock.run_for(16_000)
    page.wait_for_timeout(300)
    page.clock.run_for(200)
    arrives(page, deal, "Estimate")
    page.unroute("**/live/")
    page.clock.run_for(20_000)
    is_live(page)


def test_however_long_nobody_answers_one_question_at_a_time_is_repeated(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana, "/profile/")
    page.clock.install()
    page.route("**/live/", lambda route: route.fulfill(status=403, body="Sign in first."))
    page.route("**/changes/**", lambda route: route.fulfill(status=401))
    page.goto("/")
    page.locator(".live", has_text="Signed out").wait_for()
    for _minute in range(4):
        page.clock.run_for(60_000)
        page.wait_for_timeout(200)
    asked = count_requests(page, "/changes/")
    for _second in range(20):
        page.clock.run_for(1000)
        page.wait_for_timeout(60)
    assert 1 <= len(asked) <= 6, f"{len(asked)} questions in 20 seconds"


def test_a_board_that_could_not_be_read_anew_is_read_again(open_page, scene):
    ana, ben, pipeline, (deal, *_others) = scene
    page = open_page(ana, "/profile/")
    all_changed = {"cursor": "1:1:", "cards": "all", "lost": []}
    page.route("**/changes/**", lambda route: route.fulfill(json=all_changed), times=1)
    page.route("**/live/", lambda route: (move(deal, "Estimate", ben), route.continue_()), times=1)
    failed = []

    def busy(route):
        if "hx-request" not in route.request.headers:
            return route.continue_()
        failed.append(route)
        route.fulfill(status=503, body="later")

    page.route(f"**/sales/{pipeline.pk}/", busy, times=2)
    page.goto(f"/sales/{pipeline.pk}/")
    arrives(page, deal, "Estimate")
    assert len(failed) == 1


def test_a_proxy_that_keeps_the_stream_back_means_asking(open_page, scene):
    ana, *_rest = scene
    page = open_page(ana, "/profile/")
    page.clock.install()
    page.route("**/live/", lambda route: None)  # never answered
    page.goto("/")
    page.clock.run_for(9_000)
    page.locator(".live", has_text="Every 30 seconds").wait_for()


def test_seven_tabs_share_one_stream_and_all_stay_usable(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    first = open_page(ana)
    is_live(first)
    tabs = [first]
    for _ in range(6):
        tab = first.context.new_page()
        tab.set_default_timeout(10_000)
        tab.goto("/")
        tabs.append(tab)
    for tab in tabs:
        is_live(tab)
    assert len(open_streams()) == 1
    move(deal, "Hearing", ben)
    for tab in tabs:
        arrives(tab, deal, "Hearing")
    tabs[-1].reload()
    is_live(tabs[-1])

    first.close()
    move(deal, "Proposal", ben)
    for tab in tabs[1:]:
        arrives(tab, deal, "Proposal")
        is_live(tab)
    assert len(open_streams()) == 1


def test_a_tab_that_hears_nothing_of_the_leading_one_takes_over(open_page, scene):
    """As when a phone has frozen it."""
    ana, ben, _pipeline, (deal, *_others) = scene
    frozen = open_page(ana)
    is_live(frozen)
    shown = frozen.context.new_page()
    asked = count_requests(shown, "/live/")
    shown.clock.install()
    shown.goto("/")
    is_live(shown)
    assert not asked
    shown.clock.run_for(71_000)
    soon = time.monotonic() + 20
    while (len(open_streams()) != 1 or not asked) and time.monotonic() < soon:
        shown.wait_for_timeout(100)
    assert len(asked) == 1
    assert len(open_streams()) == 1, "the other has given its own up"
    is_live(frozen)


def test_where_tabs_cannot_share_each_has_a_stream(open_page, scene):
    """Browsers give locks to safe addresses only."""
    ana, ben, _pipeline, (deal, *_others) = scene
    first = open_page(ana, "/profile/")
    first.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto("/")
        is_live(tab)
    assert len(open_streams()) == 2
    move(deal, "Hearing", ben)
    for tab in (first, second):
        arrives(tab, deal, "Hearing")


def test_who_signs_out_hears_nothing_more(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    is_live(page)
    page.evaluate("fetch('/accounts/logout/', {method: 'POST', headers: {'X-CSRFToken': document.body.dataset.csrf}})")
    deadline = time.monotonic() + 6
    while open_streams() and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert not open_streams()


def test_a_card_that_comes_behind_show_more_is_there_once(open_page, scene):
    ana, ben, pipeline, (deal, *_others) = scene
    team = deal.team
    for _ in range(52):
        make_deal(pipeline=pipeline, stage="Hearing", by=ana, owner=ana, team=team, at=ago(2))
    page = open_page(ana)
    is_live(page)
    hearing = stage_of(pipeline, "Hearing")
    last = Deal.objects.in_stage(hearing).order_by("rank", "pk").last()
    moving.move(Deal.objects.get(pk=deal.pk), to=hearing, after=last.pk, by=ben, at=ago(0))
    card(page, deal).wait_for(state="detached")
    assert column(page, deal, "Hearing").locator(".card").count() == 50
    page.get_by_role("link", name="Show more of").click()
    arrives(page, deal, "Hearing")
    assert column(page, deal, "Hearing").locator(".card").count() == 53
    assert not page.faults


def test_leads_follow_in_the_same_way(open_page, scene):
    ana, ben, *_rest = scene
    lead = make_lead(owner=ana, by=ana)
    page = open_page(ana, "/marketing/")
    is_live(page)
    noting.plan(lead, kind="call", due_on=ago(0).date(), subject="Ring again", by=ben, at=ago(0))
    page.locator(f"#card-{lead.pk}", has_text="Ring again").wait_for()
    assert not page.faults


def test_the_keyboard_stays_on_its_card_and_z_undoes_when_the_board_is_read_anew(open_page, scene):
    ana, _ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana)
    is_live(page)
    card(page, deal).locator(".cardname").focus()
    page.keyboard.press("]")
    page.locator(".toast", has_text="moved to Hearing").wait_for()
    page.evaluate("document.getElementById('board').dataset.old = 'yes'")
    page.route("**/changes/**", lambda route: route.fulfill(json={"cursor": "1:1:", "cards": "all", "lost": []}))
    page.evaluate("['offline', 'online'].forEach((name) => dispatchEvent(new Event(name)))")
    page.locator("#board:not([data-old])").wait_for()
    page.wait_for_function("id => document.activeElement.closest('.card')?.dataset.id === id", arg=str(deal.pk))
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("z")
    arrives(page, deal, "Inquiry")


def test_a_gap_during_a_slow_answer_is_asked_about_once_more(open_page, scene):
    ana, ben, _pipeline, (deal, *_others) = scene
    page = open_page(ana, "/profile/")
    page.add_init_script(
        "globalThis.EventSource = class extends EventSource { set onmessage(tell) { /* hears no nudge */ } }"
    )
    asked = []

    def answer_slowly(route):
        if asked:
            return route.continue_()
        asked.append((route, route.fetch()))

    page.route("**/changes/**", answer_slowly)
    page.goto("/")
    is_live(page)
    while not asked:
        page.wait_for_timeout(50)
    move(deal, "Estimate", ben)
    page.evaluate("['offline', 'online'].forEach((name) => dispatchEvent(new Event(name)))")
    is_live(page)
    route, response = asked[0]
    route.fulfill(response=response)
    arrives(page, deal, "Estimate")
