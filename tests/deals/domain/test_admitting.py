"""What stages ask, whichever way a deal comes in."""

import uuid
from datetime import date

import pytest

from deals.domain import closing, moving, opening, revising, shaping, undoing
from deals.domain.admitting import ASKABLE, FieldsMissing, NotTheNextStage
from deals.models import Deal
from leads.models import LeadStage
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_user, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def narrow():
    """From Inquiry a deal goes on to Hearing or Proposal only."""
    pipeline = make_pipeline()
    next_stages = [stage_of(pipeline, name) for name in ("Hearing", "Proposal")]
    shaping.set_rules(stage_of(pipeline, "Inquiry"), by=None, next_stages=next_stages)
    return pipeline


def stand(deal) -> str:
    return Deal.objects.get(pk=deal.pk).stage.name


def test_a_deal_goes_on_to_the_next_stages_only_and_is_told_which(narrow):
    deal = make_deal(pipeline=narrow)
    for way_in in (
        lambda: moving.move(deal, to=stage_of(narrow, "Estimate"), by=None, at=ago(1)),
        lambda: moving.move(deal, to=narrow.won_stage, by=None, at=ago(1)),
        lambda: closing.win(deal, by=None, at=ago(1)),
    ):
        with pytest.raises(NotTheNextStage, match="From Inquiry a deal goes on to Hearing, Proposal, not to") as no:
            way_in()
        assert no.value.facts["stages"] == [stage_of(narrow, name).pk for name in ("Hearing", "Proposal")]
        assert no.value.status == 422
    moving.move(deal, to=stage_of(narrow, "Proposal"), by=None, at=ago(1))
    moving.move(deal, to=stage_of(narrow, "Inquiry"), by=None, at=ago(1))
    assert stand(deal) == "Inquiry"


def test_lost_and_reopening_are_always_allowed(narrow):
    deal = make_deal(pipeline=narrow)
    closing.lose(deal, reason=make_reason(), by=None, at=ago(2))
    closing.reopen(deal, to=stage_of(narrow, "Estimate"), by=None, at=ago(1))
    assert stand(deal) == "Estimate"


def test_undoing_is_no_step_and_needs_no_way(narrow):
    hearing = stage_of(narrow, "Hearing")
    shaping.set_rules(hearing, by=None, next_stages=[stage_of(narrow, "Proposal")])
    deal = make_deal(pipeline=narrow)
    moving.move(deal, to=hearing, by=None, at=ago(0))
    undoing.undo(deal, by=None, at=ago(0))
    assert stand(deal) == "Inquiry"


def test_none_named_means_anywhere(narrow):
    shaping.set_rules(stage_of(narrow, "Inquiry"), by=None)
    deal = make_deal(pipeline=narrow)
    moving.move(deal, to=stage_of(narrow, "Estimate"), by=None, at=ago(1))
    assert stand(deal) == "Estimate"


def test_next_stages_are_others_of_the_same_pipeline_in_use(narrow):
    inquiry, hearing = stage_of(narrow, "Inquiry"), stage_of(narrow, "Hearing")
    foreign = stage_of(make_pipeline(), "Hearing")
    for stage, named in ((inquiry, inquiry), (inquiry, foreign), (narrow.won_stage, hearing)):
        with pytest.raises(shaping.StageStays):
            shaping.set_rules(stage, by=None, next_stages=[named])
    assert inquiry.next_ids == [hearing.pk, stage_of(narrow, "Proposal").pk]


@pytest.mark.parametrize("field", ASKABLE)
def test_whatever_may_be_asked_for_can_be_missing_and_can_be_told(field):
    told = {
        "amount": 5,
        "expected_close": date(2030, 1, 1),
        "competitor": "Halden",
        "concerns": "Price",
        "person": "Mina Baum",
        "owner": make_user(),
        "title": "Sensors",
        "tags": ["urgent"],
    }
    deal = make_deal(amount=None)
    hearing = stage_of(deal.pipeline, "Hearing")
    shaping.set_rules(hearing, by=None, required_fields=[field])
    with pytest.raises(FieldsMissing) as refusal:
        moving.move(deal, to=hearing, by=None, at=ago(1))
    assert refusal.value.facts["fields"] == [field]
    moving.move(deal, to=hearing, by=None, at=ago(1), facts={field: told[field]})
    assert stand(deal) == "Hearing"
    assert deal.changes.get().field == field


def test_a_person_is_named_and_known_again():
    deal = make_deal()
    revising.revise(deal, person="  Mina   Baum ", by=None, at=ago(0))
    mina = deal.person
    assert (mina.name, mina.organisation) == ("Mina Baum", deal.organisation)
    revising.revise(deal, person="Mina Baum", by=None, at=ago(0))
    other = make_deal(lead=make_lead(organisation=deal.organisation))
    revising.revise(other, person="mina baum", by=None, at=ago(0))
    assert other.person == mina
    revising.revise(other, person="jo@example.com", by=None, at=ago(0))
    assert other.person.email == "jo@example.com"
    revising.revise(other, person="", by=None, at=ago(0))
    assert other.person is None
    assert [deal.changes.count(), other.changes.count()] == [1, 3]


def test_a_deal_is_opened_with_what_its_stage_asks_for_or_not_at_all():
    pipeline = make_pipeline()
    shaping.set_rules(pipeline.first_stage, by=None, required_fields=["amount", "competitor"])
    lead = make_lead(stage=LeadStage.READY)
    with pytest.raises(FieldsMissing, match="Inquiry needs: value, competitor"):
        opening.open_deal(lead=lead, pipeline=pipeline, by=None, at=ago(1))
    lead.refresh_from_db()
    assert (lead.stage, lead.deals.count()) == (LeadStage.READY, 0)
    opening.open_deal(lead=lead, pipeline=pipeline, amount=5, competitor="Halden", by=None, at=ago(1))
    assert lead.deals.get().stage == pipeline.first_stage


def test_nothing_opens_in_a_retired_stage():
    pipeline = make_pipeline()
    hearing = stage_of(pipeline, "Hearing")
    shaping.retire_stage(hearing, successor=stage_of(pipeline, "Proposal"), by=None, at=ago(1))
    with pytest.raises(moving.StageOfAnotherPipeline):
        opening.open_deal(lead=make_lead(), stage=hearing, by=None, at=ago(0))


def test_a_refused_step_leaves_nothing_behind(narrow):
    deal, key = make_deal(pipeline=narrow), uuid.uuid4()
    with pytest.raises(NotTheNextStage):
        moving.move(
            deal, to=stage_of(narrow, "Estimate"), by=None, at=ago(1), move_id=key, facts={"competitor": "Halden"}
        )
    deal = Deal.objects.get(pk=deal.pk)
    assert (deal.version, deal.competitor, deal.changes.count(), deal.events.count()) == (1, "", 0, 1)
    moving.move(deal, to=stage_of(narrow, "Hearing"), by=None, at=ago(1), move_id=key)
    assert not list(discrepancies(Deal))
