"""What is packed of the logs says what the logs say, whatever is written before, between and after."""

import io
from datetime import timedelta
from decimal import Decimal
from random import Random

import polars as pl
import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from analytics import days, sources
from analytics.models import StepBlock
from analytics.selection import Selection
from analytics.sources import blocks
from pipeline_crm.accounts.models import Company as Settings
from pipeline_crm.accounts.models import ExchangeRate
from tests.analytics.test_movement_machine import FIRST, Company
from tests.analytics.versions import said_on
from tests.factories import make_deal, make_pipeline

pytestmark = pytest.mark.django_db
DAYS = 18


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "IDS", 40)
    monkeypatch.setattr(blocks, "FEWEST_IDS", 1)


@pytest.fixture
def company(monkeypatch):
    """Which writes down its history while its log is packed now and then; a rate is corrected later."""
    company = Company(Random(3))
    elsewhere = make_pipeline()
    monkeypatch.setattr(timezone, "now", lambda: company.now)
    for currency, rate in (("USD", "0.9123456"), ("JPY", "0.0061")):
        ExchangeRate.objects.create(currency=currency, on=FIRST.date() - timedelta(days=90), rate=Decimal(rate))
    for day in range(DAYS):
        for minute in range(5):
            company.now = FIRST + timedelta(days=day, minutes=7 * minute)
            company.act()
        for of in (company.pipeline, company.pipeline, elsewhere):
            make_deal(pipeline=of, at=company.now, amount=day)
        if day % 6 in (3, 4):
            sources.settle()
    ExchangeRate.objects.filter(currency="USD").update(rate=Decimal("1.2345678"))
    company.pipelines = (company.pipeline, elsewhere)
    return company


def seen(of, evening):
    """All that a river says of the steps."""
    river = sources.river(Selection(of.pk, evening))
    again = said_on(river.versions(), days.number(evening) - 3)
    lost = river.lost().sort("card")
    return [river.journeys.steps, river.deals.steps, river.corrected.to_frame(), again, lost], river.without_rate


def assert_says_the_same(company):
    packed = list(StepBlock.objects.all())
    for of in company.pipelines:
        for day in (4, DAYS // 2, DAYS - 1):
            evening = (FIRST + timedelta(days=day)).date()
            frames, without_rate = seen(of, evening)
            StepBlock.objects.all().delete()
            told, lacking = seen(of, evening)
            StepBlock.objects.bulk_create(packed)
            assert [frame.rows() for frame in frames] == [frame.rows() for frame in told]
            assert without_rate == lacking


def test_a_packed_log_says_what_the_log_says_on_every_evening(company):
    assert StepBlock.objects.filter(log="deals").count() > 2
    assert any(block.apart for block in StepBlock.objects.all())
    assert_says_the_same(company)


def test_blocks_may_be_lost(company):
    second = StepBlock.objects.filter(log="deals")[1]
    second.delete()
    assert_says_the_same(company)
    sources.settle()
    blocks_of_deals = StepBlock.objects.filter(log="deals").order_by("after_id")
    reach = [0, *(block.last_id for block in blocks_of_deals)]
    assert [block.after_id for block in blocks_of_deals] == reach[:-1]
    assert_says_the_same(company)


def test_blocks_are_read_instead_of_the_log(company):
    before = sources.river(Selection(company.pipeline.pk, company.now.date())).deals.steps
    for block in StepBlock.objects.filter(log="deals"):
        packed = io.BytesIO()
        pl.read_ipc(block.data).with_columns(amount=pl.lit(1.0)).write_ipc(packed)
        StepBlock.objects.filter(pk=block.pk).update(data=packed.getvalue())
    assert not sources.river(Selection(company.pipeline.pk, company.now.date())).deals.steps.equals(before)


def test_another_base_currency_asks_the_log_again(company):
    settings = Settings.get()
    settings.base_currency = "USD"
    settings.save()
    assert_says_the_same(company)
    sources.settle()
    assert_says_the_same(company)


def test_full_blocks_stay_and_the_newest_grows(company):
    packed = StepBlock.objects.filter(log="deals").order_by("after_id")
    before = {block.pk: block.last_id - block.after_id for block in packed}
    make_deal(pipeline=company.pipeline, at=company.now)
    sources.settle()
    stayed = [before.pop(block.pk) for block in packed.all() if block.pk in before]
    assert set(stayed) == {blocks.IDS}
    assert all(ids < blocks.IDS for ids in before.values())


def test_nothing_is_packed_while_somebody_writes():
    make_deal(at=FIRST)
    with psycopg.connect(**connection.get_connection_params() | {"context": None}) as other:
        other.execute("LOCK TABLE deals_dealevent IN ROW EXCLUSIVE MODE")
        assert sources.settle()["deals"] == 0
        assert sources.settle()["leads"] > 0
    assert sources.settle()["deals"] > 0


def test_a_few_new_steps_are_not_worth_a_block(monkeypatch):
    make_deal(at=FIRST)
    monkeypatch.setattr(blocks, "FEWEST_IDS", 5_000_000_000)
    assert sources.settle() == {"deals": 0, "leads": 0}
    assert not StepBlock.objects.exists()
