"""A stage retires while deals enter it: on two connections, each deal ends in a stage that a board shows."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from deals.domain import admitting, moving, opening, shaping, undoing
from deals.models import Deal, Stage
from leads.models import Lead
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_team, make_user, stage_of

pytestmark = pytest.mark.django_db(transaction=True)


class Elsewhere(threading.Thread):
    """An act on a connection of its own; with `holds` it waits with its commit until it is let go."""

    def __init__(self, act, holds=False):
        super().__init__()
        self.act, self.answer = act, None
        self.acted, self.let_go = threading.Event(), threading.Event()
        if not holds:
            self.let_go.set()
        self.start()

    def run(self):
        try:
            with transaction.atomic():
                self.answer = self.act()
                self.acted.set()
                self.let_go.wait(10)
        except Exception as problem:
            self.answer = problem
        finally:
            connection.close()

    def ended(self):
        self.let_go.set()
        self.join(20)
        return self.answer


def somebody_waits() -> bool:
    """Whether a connection of this database comes to wait for a lock."""
    for _turn in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.05)
    return False


@pytest.fixture
def impatient():
    """Like the web server's connections, this one does not wait long."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


@pytest.fixture
def scene():
    pipeline = make_pipeline()
    return pipeline, stage_of(pipeline, "Hearing"), stage_of(pipeline, "Proposal")


def into(stage, deal):
    return lambda: moving.move(Deal.objects.get(pk=deal.pk), to=stage, by=None, at=timezone.now())


def retire(stage, successor):
    return lambda: shaping.retire_stage(Stage.objects.get(pk=stage.pk), successor=successor, by=None, at=timezone.now())


def nobody_is_lost(pipeline):
    assert not Deal.objects.filter(stage__retired_at__isnull=False).exists()
    assert [*discrepancies(Deal), *discrepancies(Lead)] == []


def test_who_entered_before_is_taken_along(scene):
    pipeline, hearing, proposal = scene
    deal = make_deal(pipeline=pipeline, at=ago(2))
    mover = Elsewhere(into(hearing, deal), holds=True)
    assert mover.acted.wait(10)
    retirer = Elsewhere(retire(hearing, proposal))
    assert somebody_waits()
    mover.ended()
    assert retirer.ended() == 1
    assert Deal.objects.get(pk=deal.pk).stage == proposal
    nobody_is_lost(pipeline)


@pytest.mark.parametrize("way", ["a move", "an undo", "a new deal"])
def test_who_comes_after_is_refused(scene, way):
    pipeline, hearing, proposal = scene
    deal = make_deal(pipeline=pipeline, at=ago(2))
    if way == "an undo":
        moving.move(deal, to=hearing, by=None, at=ago(1))
        moving.move(deal, to=stage_of(pipeline, "Estimate"), by=None, at=ago(0))
    lead = make_lead()
    ways = {
        "a move": into(hearing, deal),
        "an undo": lambda: undoing.undo(Deal.objects.get(pk=deal.pk), by=None, at=timezone.now()),
        "a new deal": lambda: opening.open_deal(lead=lead, stage=hearing, by=None, at=timezone.now()),
    }
    retirer = Elsewhere(retire(hearing, proposal), holds=True)
    assert retirer.acted.wait(10)
    mover = Elsewhere(ways[way])
    assert somebody_waits()
    assert retirer.ended() == 0
    assert isinstance(mover.ended(), moving.StageOfAnotherPipeline | undoing.StageRetired)
    nobody_is_lost(pipeline)


def test_who_leaves_at_the_moment_is_left_alone(scene):
    pipeline, hearing, proposal = scene
    deal = make_deal(pipeline=pipeline, stage="Hearing", at=ago(2))
    mover = Elsewhere(into(stage_of(pipeline, "Estimate"), deal), holds=True)
    assert mover.acted.wait(10)
    retirer = Elsewhere(retire(hearing, proposal))
    assert somebody_waits()
    mover.ended()
    assert retirer.ended() == 0
    assert Deal.objects.get(pk=deal.pk).stage.name == "Estimate"
    nobody_is_lost(pipeline)


def test_a_stage_becomes_no_end_while_a_deal_enters_it(scene):
    pipeline, hearing, _proposal = scene
    deal = make_deal(pipeline=pipeline, at=ago(2))
    mover = Elsewhere(into(hearing, deal), holds=True)
    assert mover.acted.wait(10)
    shaper = Elsewhere(lambda: shaping.set_kind(Stage.objects.get(pk=hearing.pk), "won", by=None))
    assert somebody_waits()
    mover.ended()
    assert isinstance(shaper.ended(), shaping.StageStays)
    nobody_is_lost(pipeline)


def test_many_movers_and_a_retirement_end_without_deadlock(scene):
    pipeline, hearing, proposal = scene
    deals = [make_deal(pipeline=pipeline, at=ago(2)) for _count in range(12)]
    names = ("Inquiry", "Hearing", "Estimate")

    def move_about(number):
        for turn in range(8):
            deal = deals[(number * 5 + turn) % len(deals)]
            try:
                into(stage_of(pipeline, names[(number + turn) % 3]), deal)()
            except Refusal:
                pass
        return "done"

    def wander(number):
        try:
            answers.append(move_about(number))
        except Exception as problem:
            answers.append(problem)
        finally:
            connection.close()

    answers: list = []
    movers = [threading.Thread(target=wander, args=[number]) for number in range(6)]
    for mover in movers:
        mover.start()
    retirer = Elsewhere(retire(hearing, proposal))
    for mover in movers:
        mover.join()
    assert isinstance(retirer.ended(), int), retirer.answer
    assert answers == ["done"] * 6
    nobody_is_lost(pipeline)


def test_while_an_import_keeps_the_stages_whoever_shapes_them_is_told(scene, client, impatient):
    _pipeline, hearing, _proposal = scene
    client.force_login(make_user(team=make_team(), role=Role.ADMIN))
    importer = Elsewhere(lambda: admitting.keep(hearing.pk), holds=True)
    assert importer.acted.wait(10)
    answer = client.post(f"/settings/stages/{hearing.pk}/", {"name": "Listening", "limit": 5})
    importer.ended()
    assert (answer.status_code, stage_of(hearing.pipeline, "Hearing")) == (409, hearing)
    assert "Somebody else is changing this at the moment" in answer.content.decode()
