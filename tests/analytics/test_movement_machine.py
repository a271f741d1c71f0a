"""What changed, over random pairs of days of a real log: deals in several currencies that are won, lost, reopened,
recycled, undone, voided, re-dated and re-valued; every pair adds up, and every evening is what the board showed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from django.utils import timezone

from analytics import sources
from analytics.reports import movement
from analytics.selection import Selection
from deals.domain import closing, moving, recycling, revising, undoing
from deals.models import Deal, Pipeline
from pipeline_crm.accounts.models import ExchangeRate
from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.errors import Refusal
from tests.factories import make_deal, make_lead, make_pipeline, make_reason

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS, PAIRS, ACTS_A_DAY = 36, 200, 5


class Company:
    """What people do, drawn at random; what the rules refuse is not done."""

    def __init__(self, rng):
        self.rng, self.reason, self.now = rng, make_reason(), FIRST
        self.pipeline = Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)
        self.stages = list(self.pipeline.stages.filter(kind="open"))

    def act(self):
        deal = self.rng.choice(list(Deal.objects.order_by("pk")) or [None])
        verbs = [self.open] * 2 + (
            [self.move, self.value, self.close, self.recycle, self.reopen, self.correct] if deal else []
        )
        try:
            self.rng.choice(verbs)(deal)
        except Refusal:
            pass

    def open(self, _deal):
        lead = make_lead(at=self.now)
        currency, amount = self.rng.choice(["EUR", "USD", "JPY"]), self.rng.choice([None, "100.01", "2500", "99999.99"])
        amount = amount and Decimal(amount)
        make_deal(pipeline=self.pipeline, lead=lead, at=self.now, amount=amount, currency=currency)

    def move(self, deal):
        moving.move(deal, to=self.rng.choice(self.stages), by=None, at=self.now)

    def value(self, deal):
        changed = {"amount": Decimal(self.rng.choice(["0.01", "777.77", "12000"]))}
        if self.rng.random() < 0.3:
            changed = {"currency": self.rng.choice(["EUR", "USD", "JPY"])}
        revising.revise(deal, by=None, at=self.now, **changed)

    def close(self, deal):
        if self.rng.random() < 0.5:
            closing.win(deal, by=None, at=self.now)
        else:
            closing.lose(deal, reason=self.reason, by=None, at=self.now)

    def recycle(self, deal):
        day = (self.now + timedelta(days=90)).date()
        recycling.recycle(deal, reason=self.reason, contact_again_on=day, by=None, at=self.now)

    def reopen(self, deal):
        closing.reopen(deal, by=None, at=self.now)

    def correct(self, deal):
        seq = self.rng.choice(stage_log.history(deal)).seq
        if self.rng.random() < 0.5:
            undoing.void_step(deal, seq=seq, reason="Mistaken", by=None)
        else:
            earlier = self.now - timedelta(days=self.rng.randrange(9))
            undoing.redate_step(deal, seq=seq, occurred_at=earlier, reason="Typed late", by=None)


@pytest.fixture
def company(monkeypatch):
    company = Company(Random(11))
    monkeypatch.setattr(timezone, "now", lambda: company.now)
    for currency, rate in (("USD", "0.91"), ("JPY", "0.0061")):
        ExchangeRate.objects.create(currency=currency, on=FIRST.date() - timedelta(days=90), rate=Decimal(rate))
    return company


def test_every_pair_of_days_adds_up_to_what_the_board_showed(company):
    board = {}
    for day in range(DAYS):
        for act in range(ACTS_A_DAY):
            company.now = FIRST + timedelta(days=day, minutes=7 * act)
            company.act()
        worth = Deal.objects.open().values_list("base_amount", flat=True)
        board[company.now.date()] = (len(worth), sum(round((amount or 0) * 100) for amount in worth))
    known = {day: sources.river(Selection(company.pipeline.pk, day)) for day in board}
    for _pair in range(PAIRS):
        first, last = sorted(company.rng.sample(sorted(board), 2))
        selection = Selection(company.pipeline.pk, last, window_days=(last - first).days)
        seen = known[last]
        object.__setattr__(seen, "before", known.get)
        report = movement.report(seen, selection, np.random.default_rng(1))
        assert (report.since, report.until) == (first, last)
        for measure in ("pipeline", "expected"):
            opening, closing_ = getattr(report.opening, measure), getattr(report.closing, measure)
            if closing_ is not None:
                assert opening + sum(getattr(bar, measure) for bar in report.bars) == closing_
        assert (report.opening.deals, report.opening.pipeline) == board[first]
        assert (report.closing.deals, report.closing.pipeline) == board[last]
    assert all(Deal.objects.filter(stage__kind=kind).exists() for kind in ("open", "won", "lost"))
