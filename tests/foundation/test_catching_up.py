"""Cursors of boards: nothing that commits late is skipped, nothing is named twice once it was seen."""

import threading

import pytest
from django.db import connection, transaction

from deals.domain import moving, revising
from deals.models import Deal
from pipeline_crm.foundation import catching_up
from pipeline_crm.foundation.catching_up import changes, cursor_now
from tests.factories import ago, make_deal, make_pipeline, stage_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def deals():
    pipeline = make_pipeline()
    return [make_deal(pipeline=pipeline, at=ago(9)) for _ in range(3)]


def since(cursor, **kwargs):
    return changes(Deal.objects.all(), Deal.objects.all(), since=cursor, **kwargs)


def named(cursor):
    return {card["id"]: card["v"] for card in since(cursor)["cards"]}


def test_what_changed_since_is_named_with_its_version_and_then_no_more(deals):
    first, second, third = deals
    cursor = cursor_now()
    assert named(cursor) == {}
    moving.move(first, to=stage_of(first.pipeline, "Hearing"), by=None, at=ago(0))
    revising.revise(second, by=None, at=ago(0), title="New")
    answer = since(cursor)
    assert {card["id"]: card["v"] for card in answer["cards"]} == {first.pk: 2, second.pk: 2}
    assert named(answer["cursor"]) == {}


def test_a_new_card_is_a_change(deals):
    cursor = cursor_now()
    new = make_deal(pipeline=deals[0].pipeline)
    assert named(cursor) == {new.pk: 1}


def test_what_nobody_sees_is_no_change(deals):
    cursor = cursor_now()
    Deal.objects.filter(pk=deals[0].pk).update(rank="X")
    assert named(cursor) == {}


def test_a_transaction_that_began_before_and_commits_after_is_not_skipped(deals):
    """Its number is smaller than those of changes that were seen already."""
    early, late, _other = deals
    began, go_on = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            revising.revise(early, by=None, at=ago(0), title="Began first")
            began.set()
            go_on.wait(5)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    began.wait(5)
    revising.revise(late, by=None, at=ago(0), title="Was first to commit")
    cursor = cursor_now()
    assert named(cursor) == {}
    go_on.set()
    thread.join()
    assert named(cursor) == {early.pk: 2}


def test_of_too_many_changes_none_is_named(deals, monkeypatch):
    cursor = cursor_now()
    for deal in deals:
        revising.revise(deal, by=None, at=ago(0), title="New")
    monkeypatch.setattr(catching_up, "MOST", 2)
    assert since(cursor)["cards"] == "all"


def test_cards_taken_away_are_named_only_to_who_shows_them(deals):
    mine, _gone, elsewhere = deals
    cursor = cursor_now()
    for deal in deals:
        revising.revise(deal, by=None, at=ago(0), title="New")
    visible = Deal.objects.filter(pk=mine.pk)
    answer = changes(Deal.objects.all(), visible, since=cursor, shown=[mine.pk, elsewhere.pk, 999])
    assert [card["id"] for card in answer["cards"]] == [mine.pk]
    assert answer["lost"] == [elsewhere.pk]


@pytest.mark.parametrize(
    "text",
    ["", "5", "9:5:", "0:9:", "1:9:7,3", "1:9:9", "1:99999999999999999:", "1:9:'", "x", "1:9:5,", "9" * 40 + ":1:"],
)
def test_a_cursor_that_is_none_or_of_another_database_means_everything(deals, text):
    answer = since(text)
    assert answer["cards"] == "all"
    assert named(answer["cursor"]) == {}


def test_numbers_of_the_database_this_one_was_restored_from_are_no_changes(deals):
    cursor = cursor_now()
    Deal.objects.filter(pk=deals[0].pk).update(touched="999999999999")
    assert named(cursor) == {}
    revising.revise(deals[0], by=None, at=ago(0), title="New")
    assert named(cursor) == {deals[0].pk: 2}


def test_ids_in_an_address():
    assert catching_up.ids("3,17,x,,4, 5,-1,٣,99999999999999999999", most=100) == [3, 17, 4]
    assert catching_up.ids("1,2,3", most=2) == [1, 2]
