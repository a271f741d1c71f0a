"""The story of a person, told in order by marketing and sales, to those who may hear it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.domain import closing, opening, recycling
from deals.domain import undoing as deal_undoing
from leads.directory import story
from leads.domain import collecting, merging, moving, noting, qualifying
from leads.domain import recycling as lead_recycling
from leads.domain.contacting import consenting
from leads.models import LeadForm, LeadStage, Person
from pipeline_crm.foundation.templatetags.ui import day
from tests.factories import ago, make_deal, make_lead, make_mail, make_pipeline, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user(name="Ana", team=make_team("North"))


def words(person, user):
    return [entry.words for entry in story.story(person, user=user).entries]


def test_there_and_back_again_is_told_in_order(ana):
    form = LeadForm.objects.create(
        name="Contact", heading="Contact", consent_words="Yes", double_opt_in=False, team=ana.memberships.get().team,
        owner=ana, created_at=ago(99),
    )  # fmt: skip
    said = {"name": "Kim", "email": "kim@juniper.example", "message": "Prices?", "agreed": True}
    lead = collecting.receive(form, said, campaign={"utm_campaign": "May"}, address="192.0.2.1", at=ago(90)).lead
    make_mail(lead, subject="Hello", state="sent", sent_at=ago(85))
    noting.note(lead, text="They like it", kind="call", by=ana, at=ago(80))
    qualifying.qualify(lead, by=ana, at=ago(79))
    qualifying.hand_over(lead, by=ana, at=ago(78))
    qualifying.hand_back(lead, reason="No budget", by=ana, at=ago(77))
    qualifying.hand_over(lead, by=ana, at=ago(76))
    pipeline, reason = make_pipeline(), make_reason("Timing", days=30)
    deal = opening.open_deal(lead=lead, pipeline=pipeline, amount=Decimal(100), by=ana, at=ago(75))
    recycling.recycle(deal, reason=reason, contact_again_on=ago(40).date(), by=ana, at=ago(70))
    lead.refresh_from_db()
    lead_recycling.wake(lead, by=ana, at=ago(40))
    again = opening.open_deal(lead=lead, pipeline=pipeline, amount=Decimal(200), by=ana, at=ago(30))
    closing.win(again, by=ana, at=ago(20))
    first = pipeline.first_stage.name
    told = words(lead.person, ana)
    assert [one for one in told if not one.startswith(("Note", "Agreed"))] == [
        "Sent “Contact”",
        "Came in: Generation",
        "Mail sent: Hello",
        "Call",
        "Moved from Generation to Qualification",
        "Handed over to sales",
        "Handed back: No budget",
        "Handed over to sales",
        "Accepted by sales",
        f"Deal opened in {first}, €100",
        "Lost: Timing, €100",
        f"Recycled: Timing, €100. Contact again on {day(ago(40).date())}",
        "Contact again: back in Nurturing",
        "Accepted by sales",
        f"Try 2, a second try: deal opened in {first}, €200",
        "Won at try 2: €200",
    ]
    assert told.count("Agreed to: Offers and product news") == 1


def test_steps_that_never_happened_are_not_told(ana):
    lead = make_lead(name="Kim", email="kim@juniper.example", by=ana, owner=ana)
    deal = make_deal(lead=lead, pipeline=make_pipeline(), owner=ana)
    closing.lose(deal, reason=make_reason("Price"), by=ana, at=timezone.now())
    deal_undoing.undo(deal, by=ana, at=timezone.now())
    assert not [one for one in words(lead.person, ana) if one.startswith(("Lost", "Reopened"))]


def test_of_other_teams_cards_only_the_number_of_words_is_told(ana):
    cleo = make_user(name="Cleo", team=make_team("South"))
    lead = make_lead(name="Kim", email="kim@juniper.example", by=ana, owner=ana)
    noting.note(lead, text="Secret", by=ana, at=ago(2))
    make_mail(lead, state="sent", sent_at=ago(1))
    make_deal(lead=lead, pipeline=make_pipeline(), owner=ana, team=ana.memberships.get().team)
    told = story.story(lead.person, user=cleo)
    assert (list(told.entries), told.hidden) == ([], 5)
    assert story.story(lead.person, user=ana).hidden == 0


def test_what_happened_with_a_merged_record_belongs_to_the_story(ana):
    kim = Person.objects.create(name="Kim")
    lead = make_lead(name="Twin", email="twin@juniper.example", by=ana, owner=ana)
    twin = lead.person
    consenting.record(twin, ["news"], words="Yes", by=ana, at=ago(5))
    keep = make_lead(by=ana, owner=ana, name="Twin", email="twin@juniper.example")
    moving.move(lead, to=LeadStage.NURTURING, by=ana, at=ago(3))
    merging.people(kim, twin, by=ana, at=timezone.now() - timedelta(minutes=1))
    lead.refresh_from_db()
    keep.refresh_from_db()
    merging.leads(keep, lead, by=ana, at=timezone.now())
    told = words(kim, ana)
    assert told.count("Came in: Generation") == 2
    assert told[-3:] == [
        "Agreed to: Articles and newsletters",
        "Moved from Generation to Nurturing",
        "Merged with another record: Twin",
    ]


@pytest.mark.parametrize("times", [1, 3])
def test_a_long_story_asks_as_little_as_a_short_one(ana, times, django_assert_num_queries):
    pipeline = make_pipeline()
    for _ in range(times):
        lead = make_lead(name="Kim", email="kim@juniper.example", by=ana, owner=ana)
        noting.note(lead, text="Hello", kind="call", by=ana, at=ago(9))
        make_mail(lead, state="sent", sent_at=ago(8))
        deal = make_deal(lead=lead, pipeline=pipeline, owner=ana, by=ana)
        noting.note(deal, text="Hello", by=ana, at=ago(7))
    with django_assert_num_queries(31):
        told = story.story(lead.person, user=ana)
        assert len([f"{entry.card} {entry.by}" for entry in told.entries]) == 6 * times
