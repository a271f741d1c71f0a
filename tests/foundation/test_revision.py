"""Whose change it is: what a person sent, against what they saw and what the card holds by now."""

from datetime import date
from decimal import Decimal

import pytest

from pipeline_crm.foundation.revision import ChangedMeanwhile, own_changes, same
from tests.factories import make_deal, make_user

pytestmark = pytest.mark.django_db


def own(deal, values, seen):
    return own_changes(deal, values, seen=seen, log=deal.changes.all())


def test_what_was_left_as_it_was_seen_is_left_to_others():
    deal = make_deal(title="Walls", amount=5)
    assert own(deal, {"title": "Roof", "amount": Decimal(7)}, {"title": "Roof", "amount": Decimal(5)}) == {
        "amount": Decimal(7)
    }


def test_what_does_not_say_what_it_saw_is_a_change():
    deal = make_deal(title="Walls")
    assert own(deal, {"title": "Roof"}, {}) == {"title": "Roof"}


def test_all_contested_fields_are_named_and_nothing_is_let_through():
    deal = make_deal(title="Walls", amount=5)
    with pytest.raises(ChangedMeanwhile) as refusal:
        own(
            deal,
            {"title": "Roof", "amount": Decimal(7), "competitor": "Acme"},
            {"title": "Old", "amount": Decimal(1), "competitor": ""},
        )
    assert refusal.value.facts["fields"] == ["title", "amount"]
    assert refusal.value.facts["by"] == {"title": None, "amount": None}


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        (Decimal("5"), Decimal("5.00"), True),
        (None, "", True),
        ("one\r\ntwo ", "one\ntwo", True),
        (None, Decimal(0), False),
        (date(2026, 1, 1), date(2026, 1, 2), False),
        (["a", "b"], ["b", "a"], False),
    ],
)
def test_what_a_person_takes_for_the_same(one, other, answer):
    assert same(one, other) is answer


def test_a_person_may_be_named_by_words():
    ana = make_user(name="Ana Marin")
    assert same(ana, "Ana Marin")
    assert not same(ana, "")
    assert same(None, "")
    assert not same(ana, make_user(name="Ana Marin")), "two people of one name are two people"
