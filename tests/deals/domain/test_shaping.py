import pytest
from django.db import IntegrityError, transaction

from deals.domain import closing, revising, shaping
from deals.models import Deal, Stage
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_deal, make_pipeline, stage_of

pytestmark = pytest.mark.django_db


def stages(pipeline):
    return [stage.name for stage in pipeline.stages.in_use().order_by("position")]


def test_a_new_pipeline_has_the_usual_stages():
    pipeline = make_pipeline()
    assert stages(pipeline) == ["Inquiry", "Hearing", "Proposal", "Estimate", "Order", "Lost"]
    assert [s.kind for s in pipeline.stages.all()] == ["open"] * 4 + ["won", "lost"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Stage.objects.create(pipeline=pipeline, name="Won too", kind="won", position=9)


def test_stages_are_added_renamed_and_reordered():
    pipeline = make_pipeline()
    trial = shaping.add_stage(pipeline, "Trial", by=None)
    assert stages(pipeline) == ["Inquiry", "Hearing", "Proposal", "Estimate", "Trial", "Order", "Lost"]
    shaping.rename_stage(trial, "Pilot", by=None)
    order = [trial, *(stage_of(pipeline, name) for name in ("Inquiry", "Hearing", "Estimate", "Proposal"))]
    shaping.reorder_stages(pipeline, order, by=None)
    assert stages(pipeline) == ["Pilot", "Inquiry", "Hearing", "Estimate", "Proposal", "Order", "Lost"]
    with pytest.raises(shaping.NameTaken):
        shaping.rename_stage(trial, "hearing", by=None)
    with pytest.raises(shaping.StageStays):
        shaping.reorder_stages(pipeline, order[:-1], by=None)


def test_a_retired_stage_hands_its_deals_to_its_successor():
    pipeline = make_pipeline()
    deal = make_deal(pipeline=pipeline, stage="Hearing")
    hearing, proposal = stage_of(pipeline, "Hearing"), stage_of(pipeline, "Proposal")
    assert shaping.retire_stage(hearing, successor=proposal, by=None, at=ago(0)) == 1
    assert Deal.objects.get(pk=deal.pk).stage == proposal
    assert "Hearing" not in stages(pipeline)
    assert not list(discrepancies(Deal))
    with pytest.raises(shaping.StageStays):
        shaping.retire_stage(pipeline.won_stage, successor=proposal, by=None, at=ago(0))
    with pytest.raises(shaping.StageStays):
        shaping.retire_stage(proposal, successor=proposal, by=None, at=ago(0))


def test_won_and_lost_can_be_set_until_deals_have_passed():
    pipeline = make_pipeline()
    estimate = stage_of(pipeline, "Estimate")
    shaping.set_kind(estimate, "won", by=None)
    assert pipeline.won_stage == estimate
    deal = make_deal(pipeline=pipeline)
    closing.win(deal, by=None, at=ago(1))
    with pytest.raises(shaping.StageStays):
        shaping.set_kind(stage_of(pipeline, "Order"), "won", by=None)


def test_a_pipeline_keeps_its_lost_stage():
    pipeline = make_pipeline()
    with pytest.raises(shaping.StageStays):
        shaping.set_kind(pipeline.lost_stage, "won", by=None)
    assert pipeline.lost_stage.name == "Lost"


def test_the_successor_asks_for_its_fields_before_a_stage_retires():
    pipeline = make_pipeline()
    hearing, proposal = stage_of(pipeline, "Hearing"), stage_of(pipeline, "Proposal")
    shaping.set_rules(proposal, by=None, required_fields=["competitor", "amount", "title"])
    deals = [make_deal(pipeline=pipeline, stage="Hearing", title="Sensors") for _count in range(6)]
    make_deal(pipeline=pipeline, stage="Hearing", title="Sensors", competitor="Halden")
    with pytest.raises(shaping.DealsLackFields, match="Proposal needs: competitor. 6 deals lack it: ") as refusal:
        shaping.retire_stage(hearing, successor=proposal, by=None, at=ago(0))
    assert str(refusal.value).count("Company") == 5
    assert ", …. Complete them" in str(refusal.value)
    hearing.refresh_from_db()
    assert (hearing.retired_at, Deal.objects.in_stage(hearing).count()) == (None, 7)
    for deal in deals:
        revising.revise(deal, competitor="Halden", by=None, at=ago(0))
    assert shaping.retire_stage(hearing, successor=proposal, by=None, at=ago(0)) == 7


def test_deals_of_a_retired_stage_keep_their_order_below_those_of_its_successor():
    pipeline = make_pipeline()
    hearing, proposal = stage_of(pipeline, "Hearing"), stage_of(pipeline, "Proposal")
    first, second = (make_deal(pipeline=pipeline, stage="Hearing") for _count in range(2))
    there = make_deal(pipeline=pipeline, stage="Proposal")
    shaping.retire_stage(hearing, successor=proposal, by=None, at=ago(0))
    assert list(Deal.objects.in_stage(proposal)) == [there, second, first]


def test_what_led_to_a_retired_stage_leads_around_it():
    pipeline = make_pipeline()
    inquiry, hearing, proposal, estimate = (
        stage_of(pipeline, name) for name in ("Inquiry", "Hearing", "Proposal", "Estimate")
    )
    shaping.set_rules(inquiry, by=None, next_stages=[hearing])
    shaping.set_rules(proposal, by=None, next_stages=[hearing])
    shaping.set_rules(hearing, by=None, next_stages=[proposal, estimate])
    shaping.retire_stage(hearing, successor=proposal, by=None, at=ago(0))
    assert (inquiry.next_ids, proposal.next_ids) == ([proposal.pk], [estimate.pk])
    with pytest.raises(shaping.StageStays):
        shaping.set_rules(estimate, by=None, next_stages=[hearing])


def test_a_successor_that_has_retired_itself_takes_no_deals():
    pipeline = make_pipeline()
    hearing, proposal = stage_of(pipeline, "Hearing"), stage_of(pipeline, "Proposal")
    seen = stage_of(pipeline, "Proposal")
    shaping.retire_stage(proposal, successor=hearing, by=None, at=ago(0))
    with pytest.raises(shaping.StageStays):
        shaping.retire_stage(hearing, successor=seen, by=None, at=ago(0))
