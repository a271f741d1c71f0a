"""The public data sets and the demo on every page of Insight: nothing warns, and each page has found something.

The data lie beside the checkout, in ../shared/data; without them these tests are skipped, and say so.
"""

import warnings
from pathlib import Path

import pytest
from django.utils import timezone

from deals.domain import importing
from deals.models import Pipeline
from pipeline_crm import demo
from pipeline_crm.accounts.models import User
from tests.analytics import rendering
from tests.factories import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("mapping", "file", "until", "found"),
    [
        ("bpi2012", "bpi2012/events.csv", "2012-03-01", "Offer sent"),
        ("maven", "maven/sales_pipeline.csv", "2017-12-31", "Engaging"),
    ],
)
def test_every_page_tells_of_a_real_pipeline(client, mapping, file, until, found):
    if not (DATA / file).exists():
        warnings.warn(f"NOT TESTED: {DATA / file} is absent.", stacklevel=1)
        pytest.skip(f"NOT TESTED: {DATA / file} is absent.")
    importing.run(DATA / file, importing.load(mapping), by=None, at=timezone.now())
    pipeline = Pipeline.objects.get(name=importing.load(mapping).pipeline)
    client.force_login(make_user(name="Ada", is_superuser=True))
    said = rendering.told(client, pipeline=pipeline.pk, as_of=until)
    assert found in said["river"] and found in said["bottleneck"] and found in said["cycle_time"]
    assert "Heading for" in said["forecast"]


def test_every_page_tells_of_the_demo(client):
    demo.load(at=timezone.now())
    client.force_login(User.objects.get(email="ada@lumenfield.example"))
    said = rendering.told(client)
    assert "The bottleneck is Estimate" in said["bottleneck"]
    assert "Heading for" in said["forecast"]
