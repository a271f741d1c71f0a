from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from deals.domain import opening, revising
from deals.domain.moving import DealMovedMeanwhile
from deals.models import Product
from leads.domain import qualifying
from leads.domain.moving import LeadCannotGoThere
from leads.models import Lead, LeadStage, Organisation, Person
from pipeline_crm.accounts.domain.rates import MissingRate
from pipeline_crm.accounts.models import ExchangeRate
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db


def test_a_deal_takes_its_lead_along():
    lead = make_lead(name="Nina Kraus", value=Decimal("300"), at=ago(9))
    pipeline = make_pipeline()
    deal = opening.open_deal(lead=lead, pipeline=pipeline, by=None, at=ago(2))
    lead.refresh_from_db()
    assert lead.stage == LeadStage.ACCEPTED
    assert (deal.person, deal.organisation, deal.amount, deal.base_amount) == (lead.person, lead.organisation, 300, 300)


def test_a_new_deal_finds_or_makes_organisation_person_and_lead():
    pipeline = make_pipeline()
    ana = make_user(team=make_team())
    first = opening.new_deal(
        organisation="Umber Studios",
        person="Nina Kraus",
        email="nina@umber.example",
        pipeline=pipeline,
        by=ana,
        at=ago(3),
    )
    assert (first.owner, first.team, first.lead.stage) == (ana, ana.memberships.get().team, LeadStage.ACCEPTED)
    second = opening.new_deal(
        organisation="umber studios",
        person="N. Kraus",
        email="NINA@umber.example",
        pipeline=pipeline,
        by=ana,
        at=ago(2),
    )
    assert (Organisation.objects.count(), Person.objects.count()) == (1, 1)
    assert second.person == first.person
    assert Lead.objects.count() == 2, "sales already has the first lead; the second deal is a chance of its own"


def test_a_lead_still_with_marketing_is_taken_along():
    lead = make_lead(organisation="Drift Coffee")
    deal = opening.new_deal(organisation="Drift Coffee", pipeline=make_pipeline(), by=None, at=ago(1))
    assert deal.lead == lead
    assert [e.to_stage for e in lead.events.all()] == ["generation", "accepted"]


def test_each_changed_field_is_written_down():
    deal = make_deal(amount=1000)
    ben = make_user()
    revising.revise(deal, amount=Decimal("1500"), expected_close=date(2030, 1, 31), title=deal.title, by=ben, at=ago(0))
    assert [(c.field, c.before, c.after, c.by) for c in deal.changes.all()] == [
        ("amount", "1000.00", "1500", ben),
        ("expected_close", None, "2030-01-31", ben),
    ]
    assert (deal.base_amount, deal.version) == (1500, 2)
    revising.revise(deal, amount=Decimal("1500.00"), by=ben, at=ago(0))
    assert (deal.changes.count(), deal.version) == (2, 2)
    with pytest.raises(DealMovedMeanwhile):
        revising.revise(deal, title="x", by=None, at=ago(0), seen_version=1)
    with pytest.raises(TypeError):
        revising.revise(deal, stage=deal.stage, by=None, at=ago(0))


def test_amounts_are_worth_what_the_dated_rate_says():
    deal = make_deal(amount=1000)
    with pytest.raises(MissingRate):
        revising.revise(deal, currency="USD", by=None, at=ago(0))
    ExchangeRate.objects.create(currency="USD", on=date(2020, 1, 1), rate=Decimal("0.9"))
    deal.refresh_from_db()
    revising.revise(deal, currency="USD", by=None, at=ago(0))
    assert (deal.amount, deal.base_amount) == (1000, 900)


def test_the_amount_may_follow_the_products():
    deal = make_deal(amount=None)
    seat = Product.objects.create(name="Seat", price=Decimal("99.50"))
    revising.set_lines(deal, lines=[(seat, Decimal(3), seat.price)], follow=True, by=None, at=ago(0))
    assert deal.amount == Decimal("298.50")
    revising.set_lines(deal, lines=[], follow=False, by=None, at=ago(0))
    assert deal.amount == Decimal("298.50")
    assert [c.field for c in deal.changes.all()] == ["lines", "amount", "lines"]


def test_only_leads_one_may_see_are_taken_along():
    lead = make_lead(organisation="Drift Coffee")
    deal = opening.new_deal(
        organisation="Drift Coffee", pipeline=make_pipeline(), among=Lead.objects.none(), by=None, at=ago(1)
    )
    lead.refresh_from_db()
    assert (deal.lead == lead, lead.stage) == (False, LeadStage.GENERATION)


def test_of_two_who_accept_an_offered_lead_one_does():
    lead = make_lead()
    pipeline = make_pipeline()
    with pytest.raises(LeadCannotGoThere):
        opening.open_deal(lead=lead, pipeline=pipeline, offered=True, by=None, at=ago(3))
    qualifying.hand_over(lead, by=None, at=ago(2))
    opening.open_deal(lead=lead, pipeline=pipeline, offered=True, by=None, at=ago(1))
    with pytest.raises(LeadCannotGoThere):
        opening.open_deal(lead=lead, pipeline=pipeline, offered=True, by=None, at=ago(0))
    assert lead.deals.count() == 1


def test_an_amount_that_cannot_be_kept_is_refused():
    deal = make_deal(amount=None)
    atom = Product.objects.create(name="Atom", price=Decimal("9999999999999999"))
    with pytest.raises(revising.AmountTooLarge):
        revising.set_lines(deal, lines=[(atom, Decimal(9), atom.price)], follow=True, by=None, at=ago(0))
    assert not deal.lines.exists()


def test_an_amount_is_worth_the_rate_of_the_day_it_is_at_the_company():
    for day, rate in [(date(2026, 3, 1), "0.90"), (date(2026, 3, 2), "0.95")]:
        ExchangeRate.objects.create(currency="USD", on=day, rate=Decimal(rate))
    after_midnight_in_berlin = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    deal = make_deal(amount=100, currency="USD", at=after_midnight_in_berlin)
    assert deal.base_amount == 95
    revising.revise(deal, amount=200, by=None, at=after_midnight_in_berlin)
    assert deal.base_amount == 190


def test_the_same_products_again_are_no_change():
    deal = make_deal(amount=None)
    seat, atom = Product.objects.create(name="Seat"), Product.objects.create(name="Atom")
    lines = [(seat, Decimal(3), Decimal("99.5")), (atom, Decimal(1), None)]
    for _again in range(2):
        revising.set_lines(deal, lines=lines, follow=False, by=None, at=ago(0))
    assert (deal.changes.count(), deal.version) == (1, 2)
    assert deal.changes.get().after == [[seat.pk, "3.00", "99.50"], [atom.pk, "1.00", None]]
