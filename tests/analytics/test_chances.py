"""The chance of each open lead comes down to leads, or the reason why there is none."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from analytics import chances, sources
from leads.domain import moving, revising, touching
from leads.models import ChanceNorm, Lead, LeadChance, LeadStage, ScoreDay, Source, TouchKind
from pipeline_crm.foundation.append_only import Origin
from tests.factories import ago, make_lead

pytestmark = pytest.mark.django_db


def test_too_few_leads_give_a_reason_and_no_chance():
    make_lead(at=ago(200))
    LeadChance.objects.create(lead=make_lead(), chance=0.5, low=0.4, high=0.6)
    assert chances.learn(at=timezone.now()) == 0
    norm = ChanceNorm.objects.get()
    assert (norm.is_enough, norm.n, norm.events, norm.needed) == (False, 1, 0, 500)
    assert not LeadChance.objects.exists()


def test_what_was_known_is_told_in_time():
    web, fair = Source.objects.create(name="Web"), Source.objects.create(name="Fair")
    lead, gone = make_lead(source=web, at=ago(20)), make_lead(at=ago(20))
    Lead.objects.filter(pk=gone.pk).update(merged_into=lead)
    moving.move(lead, to=LeadStage.NURTURING, by=None, at=ago(5))
    touching.touch(lead, kind=TouchKind.CALL, at=ago(3))
    touching.touch(lead, kind=TouchKind.CALL, at=timezone.now() + timedelta(days=1))
    revising.revise(lead, source=fair, by=None, at=timezone.now())
    ScoreDay.objects.create(lead=lead, on=ago(4).date(), score=9, fit=9, engagement=0)
    told = sources.prospects(timezone.now())
    assert told.steps.select("card", "to").rows() == [(lead.pk, "generation"), (lead.pk, "nurturing")]
    assert told.touches["kind"].to_list() == ["call"]
    assert told.fits["fit"].to_list() == [9]
    of_lead = told.sources.filter(told.sources["lead"] == lead.pk).sort("since")
    assert of_lead["source"].to_list() == [web.pk, fair.pk] and of_lead["since"][0] == 0


def test_leads_that_were_called_have_the_higher_chance_where_calls_told_it():
    """700 leads over two years; of those who were called three in four became deals, of the others one in four."""
    from leads.domain import _log
    from leads.models import Touch

    rng, now, histories, called = np.random.default_rng(5), timezone.now(), [], []
    for n in range(700):
        begins = now - timedelta(days=700 - 0.85 * n)
        lead = Lead(stage=LeadStage.GENERATION, currency="EUR")
        is_called = rng.random() < 0.5
        becomes = rng.random() < (0.75 if is_called else 0.25)
        end = LeadStage.ACCEPTED if becomes else LeadStage.DISQUALIFIED
        reason = {} if becomes else {"facts": {"reason": "No need"}}
        steps = [
            _log.Step(to=LeadStage.GENERATION, at=begins),
            _log.Step(to=LeadStage.NURTURING, at=begins + timedelta(days=5)),
            _log.Step(to=end, at=begins + timedelta(days=9), **reason),
        ]
        histories.append((lead, steps))
        called.append((lead, is_called, begins))
    _log.write_histories(histories, source=Origin.USER)
    Touch.objects.bulk_create(
        Touch(lead=lead, kind="call", at=begins + timedelta(hours=-1))
        for lead, is_called, begins in called
        if is_called
    )
    likely, unlikely = make_lead(at=ago(1)), make_lead(at=ago(1))
    touching.touch(likely, kind=TouchKind.CALL, at=ago(1, hours=1))
    assert chances.learn(at=timezone.now()) == 2
    norm = ChanceNorm.objects.get()
    assert norm.is_enough and norm.n == 700 and norm.skill > 0.1
    high, low = LeadChance.objects.get(lead=likely), LeadChance.objects.get(lead=unlikely)
    assert high.chance - low.chance > 0.25
    assert high.low < 0.75 < high.high and low.low < 0.25 < low.high
