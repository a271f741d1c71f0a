"""Returns to marketing as analytics reads them, and the wait that comes down to the reasons."""

from datetime import timedelta

import numpy as np
import pytest

from analytics import retries, sources
from analytics.estimators import retrying
from analytics.tasks import learn_retries
from deals.domain import closing, norming, opening, recycling
from deals.models import RetryNorm
from leads.domain import qualifying, undoing
from leads.domain import recycling as lead_recycling
from leads.models import Lead
from tests.factories import ago, make_deal, make_pipeline, make_reason

pytestmark = pytest.mark.django_db


def returned(reason, pipeline, *, days: float = 300, wait: int = 40, wakes: bool = True) -> Lead:
    """Lost and given back so many days ago, asked again after the wait."""
    deal = make_deal(pipeline=pipeline, at=ago(days + 10))
    again = lead_recycling.local_date(ago(days)) + timedelta(days=wait)
    recycling.recycle(deal, reason=reason, contact_again_on=again, by=None, at=ago(days))
    lead = Lead.objects.get(pk=deal.lead_id)
    if wakes:
        lead_recycling.wake(lead, by=None, at=ago(days - wait))
    return lead


def test_only_what_has_come_to_an_end_is_learned_from():
    pipeline, budget, timing = make_pipeline(), make_reason("Budget"), make_reason("Timing")
    won, lost, let_go, under_way, asleep, fresh, old, undone = (
        returned(reason, pipeline, **more)
        for reason, more in (
            (budget, {}), (budget, {"wait": 80}), (timing, {"wait": 20}), (budget, {}), (budget, {"wakes": False}),
            (budget, {}), (timing, {"days": 600, "wait": 100}), (budget, {}),
        )
    )  # fmt: skip
    closing.win(opening.open_deal(lead=won, pipeline=pipeline, by=None, at=ago(100)), by=None, at=ago(90))
    closing.lose(
        opening.open_deal(lead=lost, pipeline=pipeline, by=None, at=ago(100)), reason=timing, by=None, at=ago(9)
    )
    qualifying.disqualify(let_go, reason="gone", by=None, at=ago(50))
    opening.open_deal(lead=under_way, pipeline=pipeline, by=None, at=ago(100))
    undoing.void_step(undone, seq=undone.seq, reason="a slip", by=None)
    known = sources.attempts(ago(0))
    rows = sorted(zip(known.days.round(), known.reason, known.won, strict=True))
    assert rows == [(20, timing.pk, 0), (40, budget.pk, 1), (80, budget.pk, 0), (100, timing.pk, 0)]
    assert asleep.stage == "waiting" and fresh.stage == old.stage == "nurturing"


def test_what_was_learned_comes_down_and_goes_when_it_is_known_no_more(monkeypatch):
    budget = make_reason("Budget")
    norming.write_waits([norming.Wait(budget.pk, 250, 120, 90, 150)], as_of=ago(1))
    assert learn_retries(None) == {"written": 0}
    assert not RetryNorm.objects.exists()
    rng = np.random.default_rng(3)
    known = sources.Attempts(rng.uniform(20, 400, 300), np.full(300, budget.pk), rng.integers(0, 2, 300).astype(float))
    monkeypatch.setattr(sources, "attempts", lambda at: known)
    assert retries.learn(at=ago(0)) == 1
    assert budget.norm.n == 300 >= retrying.ENOUGH


def test_a_learned_wait_is_proposed_and_varies_by_a_fifth_within_what_is_nearly_as_good():
    budget = make_reason("Budget", days=30)
    at = ago(0)
    assert recycling.proposed_day(budget, at) == lead_recycling.local_date(at) + timedelta(days=30)
    RetryNorm.objects.create(reason=budget, n=250, best_days=100, from_days=85, to_days=150, as_of=at)
    budget.refresh_from_db()
    waits = [
        (recycling.proposed_day(budget, day) - lead_recycling.local_date(day)).days
        for day in (at + timedelta(days=n) for n in range(100))
    ]
    assert (min(waits), recycling.proposed_day(budget, at)) == (85, recycling.proposed_day(budget, at))
    assert 110 < max(waits) <= 120 and len(set(waits)) > 20
