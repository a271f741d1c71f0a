"""The demo has a bottleneck planted at Estimate, begun four months ago, and early visits that go with winning; the
reports must find them."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from django.core.management import call_command

from analytics import catalogue, days, sources
from analytics.known import history_of
from analytics.reports import bottleneck
from analytics.selection import Selection
from deals.models import Deal, Pipeline, StageKind
from pipeline_crm import demo
from tests.analytics.versions import said_on

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def company():
    demo.load(at=AT)
    return Pipeline.objects.get(is_default=True)


def test_the_planted_bottleneck_is_named_and_dated(company):
    selection = Selection(company.pk, AT.date())
    facts = catalogue.compute("bottleneck", selection)
    named = facts["bottleneck"]
    assert (named["stage"], named["kind"]) == ("Estimate", "slower")
    assert named["q"] < 0.01 and named["gain_low"] > 0
    begun = datetime.fromisoformat(named["since"]).date()
    assert AT.date() - timedelta(days=150) <= begun <= AT.date() - timedelta(days=75)
    assert bottleneck.finding(facts)["head"] == "The bottleneck is Estimate"

    drivers = {(line["fact"], line["level"]): line for line in catalogue.compute("drivers", selection)["drivers"]}
    assert drivers["met", "nobody"]["is_named"] and drivers["met", "nobody"]["effect_high"] < 0

    half_a_year_before = catalogue.compute("bottleneck", Selection(company.pk, AT.date() - timedelta(days=150)))
    assert half_a_year_before["bottleneck"] is None

    river = sources.river(selection)
    assert {line["stage"]: line["open"] for line in facts["stages"] if line["half"] == "sales"} == {
        stage.name: Deal.objects.filter(stage=stage).count() for stage in company.stages.filter(kind=StageKind.OPEN)
    }
    assert river.deals.steps["card"].n_unique() == Deal.objects.filter(pipeline=company).count()
    corrected = river.corrected.to_frame()
    assert 0 < corrected.height < river.deals.steps["card"].n_unique()
    versions = river.versions()
    settled = river.deals.steps.join(corrected, on="card", how="anti")
    for back in (1, 30, 100, 250):
        day = AT.date() - timedelta(days=back)
        earlier = sources.river(Selection(company.pk, day)).deals
        known = pl.concat([settled.filter(pl.col("day") <= days.number(day)), said_on(versions, days.number(day))])
        assert known.sort("card", "seq").equals(earlier.steps), f"{back} days ago"

    busy = Counter(Deal.objects.filter(pipeline=company).values_list("owner", flat=True)).most_common(1)[0][0]
    theirs = sources.river(Selection(company.pk, AT.date(), owner=busy))
    beside = theirs.whole()
    assert beside.deals.steps.equals(river.deals.steps) and beside.corrected.equals(river.corrected)
    then = days.number(AT.date() - timedelta(days=30))
    assert said_on(beside.versions(), then).equals(said_on(versions, then))
    own, everybodys = history_of(theirs).as_of(then), history_of(beside).as_of(then)
    mine = np.isin(everybodys.card, theirs.deals.steps["card"].to_numpy())
    for name in ("card", "state", "entered", "left", "next", "first", "exact", "again", "amount", "before"):
        np.testing.assert_array_equal(getattr(own, name), getattr(everybodys, name)[mine], err_msg=name)
    call_command("report", "forecast", "--as-of", "2026-06-30", "--format", "csv")
