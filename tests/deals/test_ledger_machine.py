"""Any order of verbs and of rogue SQL leaves the ledger true: the board is what the log says."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.domain import closing, moving, opening, recycling, revising, shaping, undoing
from deals.models import Deal, LostReason
from leads.domain import moving as lead_moving
from leads.domain import recycling as lead_recycling
from leads.domain import undoing as lead_undoing
from leads.models import Lead, LeadStage
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.stage_log import discrepancies, history
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_user, stage_of

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

    def __init__(self, reason, ana):
        self.pipeline = make_pipeline()
        shaping.set_rules(stage_of(self.pipeline, "Proposal"), by=None, required_fields=["competitor"])
        self.deal = make_deal(pipeline=self.pipeline, at=ago(400))
        self.reason, self.ana = reason, ana
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
        stages = list(self.pipeline.stages.in_use())
        stage, other = stages[pick % len(stages)], stages[pick // 7 % len(stages)]
        steps = history(deal)
        seq = steps[pick % len(steps)].seq
        match verb:
            case "move":
                here = deal.stage
                moving.move(deal, to=stage, by=None, at=at)
                self.was_admitted(here)
            case "move with facts":
                here, facts = deal.stage, {"competitor": "Halden" if pick % 2 else "", "amount": pick}
                moving.move(deal, to=stage, by=None, at=at, facts=facts)
                self.was_admitted(here)
                assert deal.events.get(seq=deal.seq).amount == pick or here == stage
            case "slip":
                self.days_ago = 0
                before = [(step.to_key, step.occurred_at) for step in steps]
                here = deal.stage
                moving.move(deal, to=stage, by=self.ana, at=timezone.now())
                back = closing.reopen if stage.kind == "won" else moving.move
                back(deal, to=here, by=self.ana, at=timezone.now())
                assert [(step.to_key, step.occurred_at) for step in history(deal)] == before
            case "rule":
                stage = deal.stage if pick % 2 else stage
                asked = [name for bit, name in enumerate(["competitor", "amount", "tags"]) if pick >> bit & 1]
                next_stages = [one for place, one in enumerate(stages) if pick % 4 and (place + pick) % 3 == 0]
                shaping.set_rules(
                    stage,
                    by=None,
                    required_fields=asked if pick % 3 else [],
                    next_stages=[one for one in next_stages if one != stage] if stage.is_open else [],
                )
            case "retire":
                shaping.retire_stage(stage, successor=other, by=None, at=at)
                deal.refresh_from_db()
                assert deal.stage != stage
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

    def was_admitted(self, here) -> None:
        """The stages' rules have been asked, with a question of our own."""
        deal = Deal.objects.select_related("stage").get(pk=self.deal.pk)
        if deal.stage == here:
            return
        named = {one.pk for one in here.next_stages.all()}
        assert not named or deal.stage_id in named
        assert deal.stage.retired_at is None
        assert all(getattr(deal, name) not in (None, "", []) for name in deal.stage.required_fields)


VERBS = [
    "move",
    "move",
    "move with facts",
    "slip",
    "rule",
    "rule",
    "retire",
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
    st.tuples(st.sampled_from(VERBS), st.integers(0, 60), st.integers(0, 20)), min_size=5, max_size=40
)


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=happenings)
def test_whatever_happens_the_ledger_stays_true(db, story):
    # Every example adds cards of its own; nothing is rolled back between them.
    world = World(_shared_reason(), _shared_person())
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


def _shared_person():
    return User.objects.filter(name="Machine").first() or make_user(name="Machine")


def _shared_reason():
    return LostReason.objects.filter(name="Machine").first() or make_reason("Machine")
