"""Any order of verbs and of rogue SQL leaves the ledger true: the board is what the log says."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.domain import closing, moving, opening, recycling, revising, undoing
from deals.models import Deal, LostReason, Pipeline
from leads.domain import moving as lead_moving
from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
from leads.models import Lead, LeadStage
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.stage_log import discrepancies, history
from tests.factories import ago, make_deal, make_pipeline, make_reason

pytestmark = pytest.mark.django_db

ROGUE = [
    "UPDATE deals_deal SET stage_id = %(stage)s WHERE id = %(deal)s",
    "UPDATE deals_deal SET seq = seq + 1, stage_id = %(stage)s WHERE id = %(deal)s",
    "UPDATE deals_deal SET seq = seq - 1, stage_id = %(stage)s WHERE id = %(deal)s",
    "UPDATE deals_dealevent SET to_stage_id = %(stage)s WHERE card_id = %(deal)s",
    "DELETE FROM deals_dealevent WHERE card_id = %(deal)s",
    "UPDATE leads_lead SET stage = 'ready' WHERE id = (SELECT lead_id FROM deals_deal WHERE id = %(deal)s)",
]


class World:
    """One deal, its lead, and all that may happen to them."""

    def __init__(self, pipeline, reason):
        self.deal = make_deal(pipeline=pipeline, at=ago(400))
        self.stages = list(pipeline.stages.in_use())
        self.reason = reason
        self.days_ago = 390

    def now(self):
        return ago(self.days_ago)

    def seen(self):
        """What rogue SQL must not change; writing the stage a card stands in already is no attack."""
        deal = Deal.objects.get(pk=self.deal.pk)
        return deal.stage_id, deal.seq, deal.lead.stage, list(deal.events.values_list("to_stage"))

    def do(self, verb: str, pick: int, pause: int) -> None:
        self.days_ago = max(0, self.days_ago - pause)
        deal, lead, at = self.deal, self.deal.lead, self.now()
        stage = self.stages[pick % len(self.stages)]
        steps = history(deal)
        seq = steps[pick % len(steps)].seq
        match verb:
            case "move":
                moving.move(deal, to=stage, by=None, at=at)
            case "stale move":
                moving.move(deal, to=stage, by=None, at=at, seen_version=deal.version - 1)
            case "lose":
                closing.lose(deal, reason=self.reason, by=None, at=at)
            case "reopen":
                closing.reopen(deal, by=None, at=at)
            case "recycle":
                day = lead_recycling.local_date(at) + timedelta(days=pick)
                recycling.recycle(deal, reason=self.reason, contact_again_on=day, by=None, at=at)
            case "wake":
                lead_recycling.wake_due(at=at)
            case "next attempt":
                self.deal = opening.open_deal(lead=lead, pipeline=deal.pipeline, by=None, at=at)
            case "undo":
                undoing.undo(deal, by=None, at=timezone.now())
            case "void":
                undoing.void_step(deal, seq=seq, reason="slip", by=None)
            case "re-date":
                undoing.redate_step(deal, seq=seq, occurred_at=at, reason="heard later", by=None)
            case "revise":
                revising.revise(deal, amount=pick, by=None, at=at)
            case "move the lead":
                lead_moving.move(lead, to=LeadStage.values[pick % 8], reason="so", by=None, at=at)
            case "undo the lead":
                lead_undoing.undo(lead, by=None, at=timezone.now())
            case "rogue":
                before = self.seen()
                with connection.cursor() as cursor:
                    cursor.execute(ROGUE[pick % len(ROGUE)], {"deal": deal.pk, "stage": stage.pk})
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                assert self.seen() == before, f"accepted: {ROGUE[pick % len(ROGUE)]}"


VERBS = [
    "move",
    "move",
    "stale move",
    "lose",
    "reopen",
    "recycle",
    "wake",
    "next attempt",
    "undo",
    "void",
    "re-date",
    "revise",
    "move the lead",
    "undo the lead",
    "rogue",
]
happenings = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=40
)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=happenings)
def test_whatever_happens_the_ledger_stays_true(db, story):
    # Every example adds cards of its own; nothing is rolled back between them.
    pipeline = _shared_pipeline()
    world = World(pipeline, _shared_reason())
    for verb, pick, pause in story:
        try:
            with transaction.atomic():
                world.do(verb, pick, pause)
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except (Refusal, DatabaseError) as refusal:
            assert isinstance(refusal, Refusal) or verb == "rogue", (verb, refusal)
            world.deal = Deal.objects.get(pk=world.deal.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert [*discrepancies(Deal), *discrepancies(Lead)] == []


def test_check_ledger_names_what_is_wrong(db, capsys):
    deal = make_deal()
    call_command("check_ledger")
    Deal.objects.filter(pk=deal.pk).update(stage_entered_at=ago(1))
    with pytest.raises(CommandError, match="1 discrepancies"):
        call_command("check_ledger")
    assert f"deal {deal.pk}: entered its stage at" in capsys.readouterr().err


def test_with_the_guard_off_check_ledger_sees_the_damage(db):
    deal = make_deal()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in ("deals_deal_steps", "deals_deal_has_its_event"):
            cursor.execute(f"ALTER TABLE deals_deal DISABLE TRIGGER {name}")
        cursor.execute("ALTER TABLE deals_deal DROP CONSTRAINT deals_deal_stands_at_its_newest_event")
        cursor.execute("UPDATE deals_deal SET stage_id = %s WHERE id = %s", [deal.pipeline.won_stage.pk, deal.pk])
    assert any("stands in" in sentence for sentence in discrepancies(Deal))


def _shared_pipeline():
    return Pipeline.objects.filter(name="Machine").first() or make_pipeline("Machine")


def _shared_reason():
    return LostReason.objects.filter(name="Machine").first() or make_reason("Machine")
