"""What becomes of open deals comes down to them: through the one verb, once for each head of the logs."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from analytics import foreseeing, sources
from analytics.days import number
from analytics.selection import Selection
from analytics.tables import promises
from deals.domain import closing, revising
from deals.models import ChanceNorm, Deal, DealChance
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline():
    """Forty deals closed after ten days each, half of them won."""
    pipeline, reason = make_pipeline(), make_reason()
    for nth in range(40):
        begun = 200 - 4 * nth
        deal = make_deal(pipeline=pipeline, at=ago(begun))
        if nth % 2:
            closing.win(deal, by=None, at=ago(begun - 10))
        else:
            closing.lose(deal, reason=reason, by=None, at=ago(begun - 10))
    return pipeline


def test_open_deals_get_their_chance_and_closed_ones_none(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(3))
    assert foreseeing.foresee(at=timezone.now()) == 1
    found = DealChance.objects.get()
    assert (found.deal, found.stage) == (deal, deal.stage)
    assert 0.25 < found.chance < 0.75 and found.likely_on > timezone.now().date()
    assert ChanceNorm.objects.get(pipeline=pipeline).closed == 40
    assert Deal.objects.get(pk=deal.pk).chance == found.chance


def test_nothing_is_computed_twice_for_the_same_logs_on_the_same_day(pipeline, monkeypatch):
    make_deal(pipeline=pipeline, at=ago(3))
    at = timezone.now()
    assert foreseeing.foresee(at=at) == 1
    with monkeypatch.context() as patched:
        patched.setattr("analytics.sources.river", None)
        assert foreseeing.foresee(at=at) == 0
    assert foreseeing.foresee(at=at + timedelta(days=1)) == 1
    make_deal(pipeline=pipeline, at=ago(2))
    assert foreseeing.foresee(at=at + timedelta(days=1)) == 2


def test_a_date_that_was_put_off_is_known_of_the_deal(pipeline):
    ana = make_user()
    deal = make_deal(pipeline=pipeline, at=ago(3))
    for days in (5, 9, 12):
        revising.revise(deal, expected_close=timezone.now().date() + timedelta(days), by=ana, at=timezone.now())
    told = sources.promises(Selection(pipeline.pk, sources.today(pipeline, timezone.now())))
    today = number(sources.today(pipeline, timezone.now()))
    assert promises.standing(told, np.array([deal.pk]), today).pushes.tolist() == [2]


def test_below_thirty_closed_deals_nothing_is_said(pipeline):
    young = make_pipeline()
    make_deal(pipeline=young, at=ago(3))
    foreseeing.foresee(at=timezone.now())
    assert not DealChance.objects.filter(deal__pipeline=young).exists()
    assert ChanceNorm.objects.get(pipeline=young).closed == 0
