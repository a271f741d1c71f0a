"""The board in each order, page by page; and what each filter admits."""

import re
from datetime import date, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from deals.domain import noting, revising
from deals.filters import Closes, DealFilter, closing_in
from deals.models import Deal
from leads.models import Source
from pipeline_crm.accounts.models import Membership
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_team, three_people

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    team = ana.memberships.get().team
    pipeline = make_pipeline("New business", is_default=True)
    client.force_login(ana)
    return client, ana, ben, team, pipeline


def shown(answer):
    return [int(pk) for pk in re.findall(r'<li class="card[^>]* data-id="(\d+)"', answer.content.decode())]


def orders(answer):
    return re.findall(r'<li class="card[^>]* data-order="([^"]+)"', answer.content.decode())


def five_deals(ana, team, pipeline):
    """Of values, days and next steps in no order, some of them missing."""
    facts = [(300, 4, 9, 2), (None, None, 5, None), (500, 1, 7, 1), (300, 4, 3, 2), (100, None, 1, None)]
    deals = []
    for amount, closes, entered, due in facts:
        deal = make_deal(pipeline=pipeline, owner=ana, team=team, by=ana, amount=amount or 1, at=ago(entered))
        if amount is None:
            revising.revise(deal, amount=None, by=ana, at=timezone.now())
        if closes:
            revising.revise(deal, expected_close=date(2030, 1, closes), by=ana, at=timezone.now())
        if due:
            noting.plan(deal, kind="call", due_on=date(2030, 2, due), by=ana, at=timezone.now())
        deals.append(deal)
    return [deal.pk for deal in deals]


@pytest.mark.parametrize(
    ("sort", "places"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("value", [2, 0, 3, 4, 1]),
        ("close", [2, 0, 3, 1, 4]),
        ("age", [0, 2, 1, 3, 4]),
        ("next", [2, 0, 3, 1, 4]),
    ],
)
def test_a_column_in_each_order_goes_on_where_it_stopped(scene, monkeypatch, sort, places):
    client, ana, _ben, team, pipeline = scene
    pks = five_deals(ana, team, pipeline)
    monkeypatch.setattr("pipeline_crm.foundation.board.CARDS_AT_ONCE", 2)
    address = f"/sales/{pipeline.pk}/?sort={sort}"
    whole = client.get(address)
    assert shown(whole) == [pks[place] for place in places]
    assert orders(whole) == sorted(orders(whole)), "the page can place a card that arrives"
    assert ('data-sort="' in whole.content.decode()) == bool(sort)

    column = f"/sales/{pipeline.pk}/columns/{pipeline.stages.first().pk}/"
    for place, key in enumerate(orders(whole)):
        following = client.get(column, {"sort": sort, "after": key}, headers=HTMX)
        assert shown(following) == [pks[at] for at in places[place + 1 : place + 3]]


def test_a_moved_card_tells_its_place_in_the_order_of_the_page(scene):
    client, ana, _ben, team, pipeline = scene
    pks = five_deals(ana, team, pipeline)
    page = f"http://testserver/sales/{pipeline.pk}/?sort=value"
    answer = client.get(f"/deals/{pks[2]}/card/", headers=HTMX | {"HX-Current-URL": page})
    assert orders(answer) == [orders(client.get(page))[0]]


def test_totals_do_not_depend_on_the_order(scene):
    client, ana, _ben, team, pipeline = scene
    five_deals(ana, team, pipeline)
    pages = [client.get(f"/sales/{pipeline.pk}/?sort={sort}").content.decode() for sort in ("", "value", "next")]
    assert {re.search(r'id="boardsum".*?</p>', page, re.S)[0] for page in pages} == {
        re.search(r'id="boardsum".*?</p>', pages[0], re.S)[0]
    }


@pytest.fixture
def two(scene):
    """One deal that every filter of the list below admits, and one that none does."""
    client, ana, ben, team, pipeline = scene
    source = Source.objects.create(name="Fair")
    lead = make_lead(by=ana, at=ago(30), source=source)
    yes = make_deal(pipeline=pipeline, lead=lead, owner=ana, team=team, by=ana, amount=5000, title="Fleet rollout")
    facts = {"expected_close": timezone.localdate() - timedelta(days=400), "tags": ["urgent"], "deal_type": "upsell"}
    revising.revise(yes, **facts, by=ana, at=timezone.now())
    elsewhere = make_team()
    Membership.objects.create(user=ana, team=elsewhere)
    no = make_deal(pipeline=pipeline, owner=ben, team=elsewhere, by=ben, amount=10)
    revising.revise(no, expected_close=date(2090, 1, 1), by=ben, at=timezone.now())
    noting.plan(no, kind="call", due_on=date(2090, 1, 1), by=ben, at=timezone.now())
    return client, pipeline, ana, team, source, yes, no


@pytest.mark.parametrize(
    "query",
    [
        "q=fleet roll", "mine=1", "owner={ana}", "team={team}", "value_from=4 000", "value_from=5000&value_to=5000",
        "closes=overdue", "closes_to=2089-12-31", "closes_from=2000-01-01&closes_to=2089-12-31", "source={source}",
        "tag=urgent", "deal_type=upsell", "attention=1",
    ],
)  # fmt: skip
def test_each_filter_admits_what_it_says(two, query):
    client, pipeline, ana, team, source, yes, no = two
    query = query.format(ana=ana.pk, team=team.pk, source=source.pk)
    assert shown(client.get(f"/sales/{pipeline.pk}/")) == [no.pk, yes.pk]
    answer = client.get(f"/sales/{pipeline.pk}/?{query}")
    assert shown(answer) == [yes.pk]
    assert '<b class="num">1</b> open' in answer.content.decode()


def test_second_tries(two):
    client, pipeline, *_others, yes, _no = two
    Deal.objects.filter(pk=yes.pk).update(attempt=2)
    assert shown(client.get(f"/sales/{pipeline.pk}/?second_try=1")) == [yes.pk]


@pytest.mark.parametrize(
    ("today", "period", "first", "after"),
    [
        (date(2026, 11, 23), Closes.MONTH, date(2026, 11, 1), date(2026, 12, 1)),
        (date(2026, 12, 31), Closes.NEXT_MONTH, date(2027, 1, 1), date(2027, 2, 1)),
        (date(2026, 1, 31), Closes.NEXT_MONTH, date(2026, 2, 1), date(2026, 3, 1)),
        (date(2026, 2, 1), Closes.QUARTER, date(2026, 1, 1), date(2026, 4, 1)),
        (date(2026, 11, 23), Closes.NEXT_QUARTER, date(2027, 1, 1), date(2027, 4, 1)),
    ],
)
def test_periods_begin_and_end_on_first_days(today, period, first, after):
    assert closing_in(period, today) == {"expected_close__gte": first, "expected_close__lt": after}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("closes_from=soon", "Closes from"),
        ("value_from=-1", "Value from"),
        ("value_from=9&value_to=8", "This is before the beginning of the range."),
        ("owner=99999", "Owner"),
        ("sort=colour", "Sort by"),
        ("tag=%00", "Tag"),
    ],
)
def test_a_wrong_value_is_answered_by_a_sentence(scene, query, sentence):
    client, *_others, pipeline = scene
    answer = client.get(f"/sales/{pipeline.pk}/?{query}")
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_what_is_chosen_is_told_in_words_and_each_can_be_dropped(scene):
    _client, ana, *_others = scene
    form = DealFilter(QueryDict(f"owner={ana.pk}&closes=quarter&second_try=1&mine=1&sort=value&tag="))
    assert form.is_valid()
    assert [(chip.label, chip.words) for chip in form.chips] == [
        ("Owner", "Ana"), ("Expected close", "This quarter"), ("Second try", ""),
    ]  # fmt: skip
    assert form.chips[0].without == "mine=1&closes=quarter&second_try=1&sort=value"
    assert form.bare == "sort=value"


def test_the_number_of_filters_and_a_chip_for_each_come_with_the_page_and_with_every_answer(scene):
    client, ana, *_others, pipeline = scene
    address = f"/sales/{pipeline.pk}/?owner={ana.pk}&closes=month&mine=1"
    for answer in (client.get(address), client.get(address, headers=HTMX)):
        page = " ".join(answer.content.decode().split())
        assert re.search(r'id="chosencount"[^>]*>2<', page)
        assert f'href="/sales/{pipeline.pk}/?mine=1&amp;closes=month"' in page
        assert f'href="/sales/{pipeline.pk}/?mine=1&amp;owner={ana.pk}"' in page
        assert f'href="/sales/{pipeline.pk}/?all=1"' in page, "the way to all of them"


def test_the_marketing_board_is_sorted_and_narrowed_alike(scene):
    client, ana, _ben, team, _pipeline = scene
    leads = [make_lead(owner=ana, team=team, by=ana, value=value) for value in (5, None, 9)]
    answer = client.get("/marketing/?sort=value")
    assert shown(answer) == [leads[2].pk, leads[0].pk, leads[1].pk]
    assert orders(answer) == sorted(orders(answer))
    after = orders(answer)[0]
    following = client.get("/marketing/columns/generation/", {"sort": "value", "after": after}, headers=HTMX)
    assert shown(following) == [leads[0].pk, leads[1].pk]
    assert shown(client.get("/marketing/?value_from=6")) == [leads[2].pk]


def test_the_weighted_sum_names_the_columns_that_it_leaves_out(scene):
    client, ana, _ben, team, pipeline = scene
    five_deals(ana, team, pipeline)
    make_deal(pipeline=pipeline, stage="Hearing", owner=ana, team=team, by=ana, amount=500)
    pipeline.stages.filter(name="Inquiry").update(fixed_chance=None)
    pipeline.stages.filter(name="Hearing").update(fixed_chance="0.5")
    pipeline.stages.filter(name="Proposal").update(fixed_chance=None)
    page = client.get(f"/sales/{pipeline.pk}/").content.decode()
    said = " ".join(re.sub(r"<[^>]+>", " ", re.search(r'id="boardsum".*?</p>', page, re.S)[0]).split())
    assert said.endswith("€250 weighted without Inquiry"), "Proposal is empty and leaves nothing out"
