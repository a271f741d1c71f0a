"""What was worked out as of a past evening is found again exactly while all that was known then is the same."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pytest
from django.utils import timezone

from analytics import catalogue, days, sources
from analytics.known import history_of
from analytics.models import Recollection
from analytics.outlook import Outlook
from analytics.selection import Selection
from analytics.sources import recollections
from deals.models import Deal, Pipeline
from pipeline_crm import demo
from pipeline_crm.accounts.models import ExchangeRate
from tests.analytics.test_movement_machine import FIRST, Company
from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in
from tests.factories import make_user

pytestmark = pytest.mark.django_db
DAYS = 24
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIELDS = ("card", "state", "entered", "left", "next", "first", "exact", "again", "amount", "before")


@pytest.fixture
def company(monkeypatch):
    company = Company(Random(4))
    monkeypatch.setattr(timezone, "now", lambda: company.now)
    for currency, rate in (("USD", "0.91"), ("JPY", "0.0061")):
        ExchangeRate.objects.create(currency=currency, on=FIRST.date() - timedelta(days=90), rate=rate)
    return company


def known(river, evening):
    then = history_of(river).as_of(evening)
    return {"since": np.array(then.since)} | {name: getattr(then, name) for name in FIELDS}


def test_what_is_recalled_is_what_was_known_whatever_was_said_since(company):
    """On every evening, of all evenings before: what is recalled is what is worked out anew from the log as it is."""
    recalled = anew = 0
    begun = days.number(FIRST.date())
    for day in range(DAYS):
        for act in range(4):
            company.now = FIRST + timedelta(days=day, minutes=7 * act)
            company.act()
        river = sources.river(Selection(company.pipeline.pk, company.now.date()))
        for evening in range(begun, begun + day):
            worked_out = []

            def work_out(evening=evening, worked_out=worked_out, river=river):
                worked_out.append(evening)
                return known(river, evening)

            found = river.recall(evening, "all that is known", work_out)
            for name, value in known(river, evening).items():
                np.testing.assert_array_equal(found[name], value, err_msg=name)
            recalled, anew = recalled + (not worked_out), anew + bool(worked_out)
    assert recalled == DAYS * (DAYS - 1) / 2 - anew and anew == DAYS - 1
    assert Recollection.objects.count() == DAYS - 1


def asked(river, evening, what="a number"):
    """Whether it had to be worked out."""
    worked_out = []

    def work_out():
        worked_out.append(what)
        return {"number": np.array(1.0)}

    assert river.recall(evening, what, work_out)["number"] == 1.0
    return bool(worked_out)


def test_what_changes_what_was_known_is_worked_out_anew(company, monkeypatch):
    for day in range(6):
        company.now = FIRST + timedelta(days=day)
        for _ in range(4):
            company.act()
    today = company.now.date()

    def river(**cut):
        return sources.river(Selection(company.pipeline.pk, today, **cut))

    evening = days.number(today) - 1
    assert asked(river(), evening) and not asked(river(), evening)
    assert asked(river(), evening, "another number")
    ExchangeRate.objects.filter(currency="USD").update(rate="0.5")
    ExchangeRate.objects.filter(currency="JPY").update(rate="0.01")
    assert asked(river(), evening) and not asked(river(), evening)
    ana = make_user(name="Ana")
    assert asked(river(owner=ana.pk), evening) and not asked(river(owner=ana.pk), evening)
    assert not asked(river(), evening)
    monkeypatch.setattr(recollections, "recipe", lambda: "worked out otherwise")
    assert asked(river(), evening) and not asked(river(), evening)
    assert Recollection.objects.count() == 3


def test_an_import_tells_what_was_known_before_it_came(db, tmp_path):
    row = "{},Order,2500,2024-05-01,2024-06-01,,\n"
    bring_in(tmp_path / "deals.csv", PLAIN_HEAD + row.format(2), PLAIN)
    imported = Pipeline.objects.get(name=PLAIN["pipeline"]["name"])

    def river():
        return sources.river(Selection(imported.pk, date(2024, 7, 1)))

    evening = days.number(date(2024, 6, 20))
    assert asked(river(), evening) and not asked(river(), evening)
    bring_in(tmp_path / "more.csv", PLAIN_HEAD + row.format(3), PLAIN)
    assert asked(river(), evening)


def test_an_evening_that_is_not_over_is_not_kept(company):
    company.act()
    river = sources.river(Selection(company.pipeline.pk, company.now.date()))
    assert asked(river, days.number(company.now.date())) and asked(river, days.number(company.now.date()))
    assert not Recollection.objects.exists()


def test_old_ones_are_thrown_away(company):
    company.act()
    company.now += timedelta(days=1)
    river = sources.river(Selection(company.pipeline.pk, company.now.date()))
    assert asked(river, days.number(FIRST.date()))
    recollections.forget(at=company.now + recollections.KEPT_FOR - timedelta(days=1))
    assert not asked(river, days.number(FIRST.date()))
    recollections.forget(at=company.now + recollections.KEPT_FOR + timedelta(days=1))
    assert asked(river, days.number(FIRST.date()))


@pytest.mark.slow
def test_a_forecast_works_out_no_past_evening_again_and_says_the_same(monkeypatch):
    demo.load(at=AT)
    pipeline = Pipeline.objects.get(is_default=True)
    ((rep, _many),) = Counter(Deal.objects.filter(pipeline=pipeline).values_list("owner", flat=True)).most_common(1)
    looked, seen = [], Outlook._seen
    monkeypatch.setattr(Outlook, "_seen", lambda self, *asked: looked.append(asked) or seen(self, *asked))
    for cut in ({}, {"owner": rep}):
        selection = Selection(pipeline.pk, AT.date(), **cut)
        before = catalogue.compute("forecast", selection)
        worked_out = len(looked)
        assert worked_out > 20 and catalogue.compute("forecast", selection) == before and len(looked) == worked_out
        Recollection.objects.all().delete()
        assert catalogue.compute("forecast", selection) == before and len(looked) == 2 * worked_out
        looked.clear()
