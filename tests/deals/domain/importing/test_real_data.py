"""The public sets that lie beside the checkout: what we count must be what they hold."""

import warnings
from pathlib import Path

import pytest
from django.db.models import Count, Sum

from deals.domain import importing
from deals.models import Deal, DealEvent, Product
from leads.models import Lead, Organisation
from pipeline_crm.foundation import stage_log

from .shapes import AT, counts

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"


@pytest.fixture(autouse=True)
def real_data():
    if not DATA.exists():
        warnings.warn(f"NOT TESTED: the real data sets are not at {DATA}.", stacklevel=1)
        pytest.skip(f"NOT TESTED: the real data sets are not at {DATA}.")


def by_stage():
    rows = Deal.objects.order_by().values_list("stage__name").annotate(Count("id"), Sum("base_amount"))
    return {name: (count, amount) for name, count, amount in rows}


def test_maven_has_the_counts_its_file_has():
    run = {"mapping": importing.load("maven"), "by": None, "at": AT}
    assert counts(importing.run(DATA / "maven" / "sales_pipeline.csv", **run)) == (8800, 8800, 0, 0, 0)
    assert by_stage() == {
        "Prospecting": (500, None),
        "Engaging": (1589, None),
        "Won": (4238, 10_005_534),
        "Lost": (2473, 0),
    }
    assert (Organisation.objects.count(), Product.objects.count()) == (85, 7)
    assert Deal.objects.filter(organisation=None).count() == 1425
    assert Deal.objects.order_by().values("owner").distinct().count() == 30
    assert DealEvent.objects.filter(is_exact=False).count() == 500
    assert counts(importing.run(DATA / "maven" / "sales_pipeline.csv", **run)) == (8800, 0, 0, 8800, 0)
    assert [*stage_log.discrepancies(Deal), *stage_log.discrepancies(Lead)] == []


def test_bpi2012_has_the_counts_its_log_has():
    outcome = importing.run(DATA / "bpi2012" / "events.csv", importing.load("bpi2012"), by=None, at=AT)
    assert counts(outcome) == (13087, 13087, 0, 0, 0)
    assert outcome.lines.read == 92093
    assert outcome.reasons == {"Declined": 7635, "Cancelled": 2807}
    won, lost = by_stage()["Approved"], by_stage()["Lost"]
    assert (won, lost[0], Deal.objects.open().count()) == ((2246, 35_290_338), 10442, 399)
    assert [*stage_log.discrepancies(Deal)] == []
