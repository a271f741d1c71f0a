"""Campaigns: told apart, recognised by one rule, and their costs never rewritten."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from leads.domain import campaigning
from leads.models import CampaignCost, Source
from pipeline_crm.accounts.models import Change
from tests.factories import ago, make_user

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
SPRING = {"name": "Spring", "word": "spring", "starts_on": MARCH}


def keep(campaign=None, **facts):
    return campaigning.keep(campaign, by=None, at=ago(), **facts)


@pytest.fixture
def fair():
    return Source.objects.create(name="Fair")


@pytest.mark.parametrize(
    ("refusal", "facts", "field"),
    [
        (campaigning.NameTaken, {"name": "SPRING ", "word": "other", "starts_on": MARCH}, "name"),
        (campaigning.WordTaken, {"name": "Other", "word": "Spring", "starts_on": MARCH}, "word"),
        (campaigning.NotRecognisable, {"name": "Other", "starts_on": MARCH}, "word"),
        (
            campaigning.EndsTooEarly,
            {"name": "Other", "word": "other", "starts_on": APRIL, "ends_on": MARCH},
            "ends_on",
        ),
    ],
)
def test_what_nobody_could_tell_apart_is_refused(refusal, facts, field):
    keep(**SPRING)
    with pytest.raises(refusal) as refused:
        keep(**facts)
    assert refused.value.facts["fields"] == [field] and refused.value.status == 422


def test_campaigns_known_by_their_source_follow_one_another(fair):
    first = keep(name="Spring fair", source=fair, starts_on=MARCH, ends_on=date(2026, 3, 31))
    keep(name="Autumn fair", source=fair, starts_on=APRIL)
    with pytest.raises(campaigning.Overlaps):
        keep(first, name="Spring fair", source=fair, starts_on=MARCH, ends_on=APRIL)
    with pytest.raises(campaigning.Overlaps):
        keep(name="Another", source=fair, starts_on=MAY)
    assert keep(name="With a word", word="stand", source=fair, starts_on=MARCH).word == "stand"


def test_a_campaign_is_recognised_by_its_word_whatever_the_day():
    spring = keep(**SPRING, ends_on=APRIL)
    known = campaigning.recognising()
    assert known(" SPRING", None, date(2027, 1, 1)) == spring
    assert known("autumn", None, MARCH) is None


def test_one_without_a_word_is_recognised_by_source_and_day(fair):
    stand = keep(name="Stand", source=fair, starts_on=MARCH, ends_on=APRIL)
    later = keep(name="Later", source=fair, starts_on=MAY)
    known = campaigning.recognising()
    assert [known("", fair.pk, day) for day in (MARCH, APRIL, date(2026, 4, 2), MAY)] == [stand, stand, None, later]
    assert known("", None, MARCH) is None
    assert known("unheard-of", fair.pk, MARCH) is None


def test_the_word_is_read_from_what_the_address_of_a_page_said():
    assert campaigning.word_of({"utm_source": "x", "utm_campaign": " Spring "}) == "Spring"
    assert campaigning.word_of({}) == campaigning.word_of({"utm_campaign": None}) == ""


def test_what_changed_is_written_down():
    by = make_user()
    spring = keep(**SPRING)
    campaigning.keep(spring, name="Spring", word="spring", starts_on=APRIL, by=by, at=ago())
    change = Change.objects.get(subject=f"campaign {spring.pk}")
    assert (change.field, change.before, change.after, change.by) == ("starts_on", "2026-03-01", "2026-04-01", by)


def test_a_campaign_is_put_aside_and_brought_back():
    spring = keep(**SPRING)
    campaigning.archive(spring, by=None, at=ago())
    assert spring.archived_at
    campaigning.archive(spring, by=None, at=ago())
    assert spring.archived_at is None


def test_a_cost_that_was_wrong_is_taken_back_and_stays_to_be_read():
    spring, by = keep(**SPRING), make_user()
    cost = campaigning.spend(spring, on=MARCH, amount=Decimal(900), currency="EUR", what="Print", by=by, at=ago(2))
    taken_back = ago(1)
    campaigning.take_back(cost, by=by, at=taken_back)
    campaigning.take_back(cost, by=None, at=ago())
    cost = CampaignCost.objects.get()
    assert (cost.amount, cost.taken_back_at, cost.taken_back_by) == (900, taken_back, by)
    assert not CampaignCost.objects.standing().exists()


def test_a_cost_is_more_than_nothing():
    with pytest.raises(campaigning.CostsNothing):
        campaigning.spend(keep(**SPRING), on=MARCH, amount=Decimal(0), currency="EUR", by=None, at=ago())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("UPDATE leads_campaign SET ends_on = starts_on - 1", "campaign_ends_after_it_starts"),
        ("UPDATE leads_campaign SET word = ''", "campaign_is_recognised_by_word_or_source"),
        ("UPDATE leads_campaigncost SET amount = 'NaN'", "campaign_cost_is_a_number"),
        (
            "INSERT INTO leads_campaign (name, word, starts_on, created_at) VALUES ('x', 'SPRING', now(), now())",
            "campaign_has_its_word_alone",
        ),
    ],
)
def test_the_database_refuses_it_too(change, name):
    campaigning.spend(keep(**SPRING), on=MARCH, amount=Decimal(1), currency="EUR", by=None, at=ago())
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
