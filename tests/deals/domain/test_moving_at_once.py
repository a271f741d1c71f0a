"""Several people move the same deals at the same moment: each answered move is in the log once, in order."""

import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from deals.domain import moving
from deals.models import Deal, DealEvent
from leads.models import Lead
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import make_deal, make_pipeline, stage_of

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, act) -> list:
    """Run act(number) in as many threads, and answer what each gave back or raised."""
    answers: list = [None] * count
    ready = threading.Barrier(count)

    def one(number):
        try:
            ready.wait()
            answers[number] = act(number)
        except Exception as problem:
            answers[number] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_key_twenty_times_is_one_step():
    deal = make_deal()
    hearing, key = stage_of(deal.pipeline, "Hearing"), uuid.uuid4()
    answers = at_once(
        20,
        lambda number: (
            moving.move(
                Deal.objects.get(pk=deal.pk), to=hearing, by=None, at=timezone.now(), seen_version=1, move_id=key
            ).version
        ),
    )
    assert answers == [2] * 20
    assert deal.events.count() == 2


def test_of_many_who_saw_the_same_version_one_moves():
    deal = make_deal()
    stages = list(deal.pipeline.stages.open())[1:]
    answers = at_once(
        12,
        lambda number: moving.move(
            Deal.objects.get(pk=deal.pk), to=stages[number % 3], by=None, at=timezone.now(), seen_version=1
        ),
    )
    assert sum(isinstance(answer, Deal) for answer in answers) == 1
    assert sum(isinstance(answer, moving.DealMovedMeanwhile) for answer in answers) == 11
    assert deal.events.count() == 2


def test_five_hot_deals_and_eight_movers_end_with_a_clean_ledger():
    pipeline = make_pipeline()
    deals = [make_deal(pipeline=pipeline) for _count in range(5)]
    stages = list(pipeline.stages.open())

    def move_often(number):
        done = 0
        for turn in range(12):
            deal = Deal.objects.get(pk=deals[(number + turn) % 5].pk)
            to = stages[(number * 7 + turn) % 4]
            steps = deal.stage_id != to.pk
            try:
                moving.move(deal, to=to, by=None, at=timezone.now(), seen_version=deal.version)
                done += steps
            except Refusal:
                pass
        return done

    answered = at_once(8, move_often)
    assert all(isinstance(answer, int) for answer in answered), answered
    assert DealEvent.objects.filter(seq__gt=1).count() == sum(answered) > 0
    assert [*discrepancies(Deal), *discrepancies(Lead)] == []
