import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.domain import closing, moving, recycling, revising, shaping, undoing
from deals.models import Deal
from pipeline_crm.foundation.stage_log import KeyOfAnother, StepBeforePrevious, StepInFuture
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_user, stage_of, three_people

pytestmark = pytest.mark.django_db


def test_a_move_is_one_step_in_the_log():
    ana = make_user(name="Ana")
    deal = make_deal(at=ago(9))
    at = ago(3)
    moving.move(deal, to=stage_of(deal.pipeline, "Proposal"), by=ana, at=at)
    deal = Deal.objects.get(pk=deal.pk)
    assert [(e.seq, e.to_stage.name, e.by) for e in deal.events.all()] == [(1, "Inquiry", None), (2, "Proposal", ana)]
    assert (deal.stage.name, deal.seq, deal.version, deal.stage_entered_at) == ("Proposal", 2, 2, at)


def test_a_stale_version_is_refused_and_named():
    chiara = make_user(name="Chiara Sala")
    deal = make_deal()
    seen = deal.version
    moving.move(deal, to=stage_of(deal.pipeline, "Proposal"), by=chiara, at=ago(1))
    with pytest.raises(moving.DealMovedMeanwhile, match="Chiara Sala changed .* it is in Proposal"):
        moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(0), seen_version=seen)
    assert Deal.objects.get(pk=deal.pk).stage.name == "Proposal"


def test_the_same_move_id_moves_once():
    deal = make_deal()
    key = uuid.uuid4()
    for _repeat in range(3):
        moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(1), move_id=key, seen_version=1)
    assert deal.events.count() == 2


@pytest.mark.parametrize(("days", "refusal"), [(21, StepBeforePrevious), (-1, StepInFuture)])
def test_a_step_lies_between_the_previous_one_and_now(days, refusal):
    deal = make_deal(at=ago(20))
    with pytest.raises(refusal):
        moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(days))
    assert deal.events.count() == 1


def test_a_foreign_or_retired_stage_is_refused():
    deal = make_deal()
    with pytest.raises(moving.StageOfAnotherPipeline):
        moving.move(deal, to=stage_of(make_pipeline(), "Hearing"), by=None, at=ago(1))
    hearing = stage_of(deal.pipeline, "Hearing")
    shaping.retire_stage(hearing, successor=stage_of(deal.pipeline, "Proposal"), by=None, at=ago(1))
    with pytest.raises(moving.StageOfAnotherPipeline):
        moving.move(deal, to=hearing, by=None, at=ago(0))


def test_lost_needs_a_reason_and_closed_deals_do_not_move():
    deal = make_deal()
    with pytest.raises(moving.ReasonNeeded):
        moving.move(deal, to=deal.pipeline.lost_stage, by=None, at=ago(1))
    closing.win(deal, by=None, at=ago(1))
    with pytest.raises(moving.NotOpen):
        moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=None, at=ago(0))


def test_required_fields_are_asked_for_by_every_way_in():
    deal = make_deal(amount=None)
    order = deal.pipeline.won_stage
    shaping.set_rules(order, by=None, required_fields=["amount", "expected_close"])
    for way_in in (
        lambda: moving.move(deal, to=order, by=None, at=ago(1)),
        lambda: closing.win(deal, by=None, at=ago(1)),
    ):
        with pytest.raises(moving.FieldsMissing, match="value, expected close") as refusal:
            way_in()
        assert refusal.value.facts["fields"] == ["amount", "expected_close"]


def test_a_step_brings_along_the_facts_its_stage_asks_for():
    deal = make_deal(amount=None, at=ago(9))
    order, lost = deal.pipeline.won_stage, deal.pipeline.lost_stage
    shaping.set_rules(order, by=None, required_fields=["amount", "expected_close", "competitor"])
    shaping.set_rules(lost, by=None, required_fields=["competitor"])
    facts = {"amount": Decimal(900), "expected_close": date(2026, 12, 1)}
    with pytest.raises(moving.FieldsMissing, match="Order needs: competitor") as refusal:
        moving.move(deal, to=order, by=None, at=ago(3), facts=facts)
    assert refusal.value.facts["fields"] == ["competitor"]
    deal.refresh_from_db()
    assert (deal.amount, deal.expected_close, deal.version, deal.changes.count()) == (None, None, 1, 0)
    moving.move(deal, to=order, by=None, at=ago(3), facts=facts | {"competitor": "Halden"}, seen_version=1)
    deal.refresh_from_db()
    assert (deal.stage, deal.amount, deal.competitor, deal.seq) == (order, 900, "Halden", 2)
    assert deal.events.last().amount == 900
    assert {change.field for change in deal.changes.all()} == {"amount", "expected_close", "competitor"}


@pytest.mark.parametrize(
    ("way", "stage"),
    [
        (lambda deal, **how: closing.win(deal, **how), "Order"),
        (lambda deal, **how: closing.lose(deal, reason=make_reason(), **how), "Lost"),
        (lambda deal, **how: recycling.recycle(deal, reason=make_reason(), **how), "Lost"),
    ],
)
def test_closing_takes_facts_too(way, stage):
    deal = make_deal(at=ago(9))
    shaping.set_rules(stage_of(deal.pipeline, stage), by=None, required_fields=["competitor"])
    with pytest.raises(moving.FieldsMissing):
        way(deal, by=None, at=ago(1))
    way(deal, by=None, at=ago(1), facts={"competitor": "Halden"})
    deal.refresh_from_db()
    assert (deal.stage.name, deal.competitor) == (stage, "Halden")


def test_reopening_takes_facts_too():
    deal = make_deal(at=ago(9))
    closing.lose(deal, reason=make_reason(), by=None, at=ago(2))
    shaping.set_rules(stage_of(deal.pipeline, "Inquiry"), by=None, required_fields=["competitor"])
    with pytest.raises(moving.FieldsMissing):
        closing.reopen(deal, by=None, at=ago(1))
    closing.reopen(deal, by=None, at=ago(1), facts={"competitor": "Halden"})
    deal.refresh_from_db()
    assert (deal.stage.name, deal.competitor) == ("Inquiry", "Halden")


def test_a_move_sent_twice_tells_its_facts_once():
    deal, key = make_deal(at=ago(9)), uuid.uuid4()
    for competitor in ("Halden", "Another"):
        hearing = stage_of(deal.pipeline, "Hearing")
        moving.move(deal, to=hearing, by=None, at=ago(1), move_id=key, facts={"competitor": competitor})
    assert [change.after for change in deal.changes.all()] == ["Halden"]


def test_blank_text_is_no_answer():
    deal = make_deal(at=ago(9))
    hearing = stage_of(deal.pipeline, "Hearing")
    shaping.set_rules(hearing, by=None, required_fields=["competitor", "tags", "owner"])
    with pytest.raises(moving.FieldsMissing) as refusal:
        moving.move(deal, to=hearing, by=None, at=ago(1), facts={"competitor": "  "})
    assert refusal.value.facts["fields"] == ["competitor", "tags", "owner"]


def test_order_in_a_column_follows_the_neighbours():
    pipeline = make_pipeline()
    low, middle, top = (make_deal(pipeline=pipeline) for _count in range(3))

    def column():
        return list(Deal.objects.in_stage(pipeline.first_stage).values_list("pk", flat=True))

    assert column() == [top.pk, middle.pk, low.pk]
    moving.move(top, to=top.stage, by=None, at=ago(0), after=middle.pk, before=low.pk)
    assert column() == [middle.pk, top.pk, low.pk]
    moving.move(low, to=low.stage, by=None, at=ago(0), before=middle.pk)
    assert column() == [low.pk, middle.pk, top.pk]
    assert Deal.objects.get(pk=low.pk).events.count() == 1


def test_a_column_stays_in_order_after_many_moves_to_the_same_place():
    pipeline = make_pipeline()
    first, *others = (make_deal(pipeline=pipeline) for _count in range(4))
    for turn in range(150):
        deal = others[turn % 3]
        moving.move(deal, to=deal.stage, by=None, at=ago(0), after=first.pk)
    column = list(Deal.objects.in_stage(pipeline.first_stage))
    assert [deal.pk for deal in column][:2] == [first.pk, others[149 % 3].pk]
    assert max(len(deal.rank) for deal in column) <= 33


def test_closing_and_reopening_keep_both_outcomes_in_the_history():
    deal = make_deal(stage="Proposal", at=ago(9))
    reason = make_reason("Budget")
    closing.lose(deal, reason=reason, by=None, at=ago(5), note="Too dear")
    assert deal.events.last().lost_reason == reason
    assert deal.activities.get().outcome == "Too dear"
    closing.reopen(deal, by=None, at=ago(4))
    assert deal.stage.name == "Proposal"
    signed_on = ago(3) + timedelta(hours=1)
    closing.win(deal, by=None, at=signed_on)
    assert [e.to_kind for e in deal.events.all()] == ["open", "lost", "open", "won"]
    assert deal.events.last().occurred_at == signed_on
    with pytest.raises(moving.NotOpen):
        closing.lose(deal, reason=reason, by=None, at=ago(0))


def test_a_key_belongs_to_one_move_of_one_card():
    pipeline, key = make_pipeline(), uuid.uuid4()
    one, other = make_deal(pipeline=pipeline), make_deal(pipeline=pipeline)
    hearing = stage_of(pipeline, "Hearing")
    moving.move(one, to=hearing, by=None, at=ago(1), move_id=key)
    with pytest.raises(KeyOfAnother):
        moving.move(other, to=hearing, by=None, at=ago(1), move_id=key)


def test_a_loss_sent_twice_notes_its_words_once():
    deal, reason, key = make_deal(), make_reason(), uuid.uuid4()
    for _again in range(2):
        closing.lose(deal, reason=reason, note="Too dear", by=None, at=ago(1), move_id=key)
    assert [activity.outcome for activity in deal.activities.all()] == ["Too dear"]


def test_who_was_quicker_is_who_changed_it_last_be_it_a_fact():
    ana, ben, _cleo = three_people()
    deal = make_deal(by=ana)
    seen = deal.version
    revising.revise(deal, amount=Decimal(5), by=ben, at=timezone.now())
    with pytest.raises(moving.DealMovedMeanwhile, match="^Ben changed "):
        moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=ana, at=timezone.now(), seen_version=seen)
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=ana, at=timezone.now())
    with pytest.raises(moving.DealMovedMeanwhile, match="^Ana changed "):
        moving.move(deal, to=stage_of(deal.pipeline, "Proposal"), by=ben, at=timezone.now(), seen_version=seen)
    undoing.undo(deal, by=ben, at=timezone.now())
    with pytest.raises(moving.DealMovedMeanwhile, match="^Ben changed "):
        moving.move(deal, to=stage_of(deal.pipeline, "Proposal"), by=ana, at=timezone.now(), seen_version=seen)
