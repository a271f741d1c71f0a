"""The import as a job of the ledger, run as a worker runs it."""

import json

import pytest
from django.utils import timezone

from deals.models import Deal
from pipeline_crm.jobs.domain import accepting, running
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

MAPPING = {
    "kind": "deals",
    "source": "Ours",
    "pipeline": {
        "name": "Imported",
        "stages": [{"name": "Talking"}, {"name": "Won", "kind": "won"}, {"name": "Lost", "kind": "lost"}],
    },
    "columns": {"key": "id", "stage": "stage"},
    "stages": {"Talking": "Talking", "Won": "Won"},
    "time_zone": "Europe/Berlin",
}


@pytest.fixture(autouse=True)
def broker_is_silent(monkeypatch):
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)


def test_the_job_imports_with_progress_and_keeps_the_counts(tmp_path):
    file = tmp_path / "deals.csv"
    file.write_text("id,stage\n1,Won\n2,Talking\n")
    ana = factories.make_user(name="Ana")
    args = {"file": str(file), "mapping": json.loads(json.dumps(MAPPING)), "by": ana.pk}
    job = accepting.accept("import", key="first", args=args, by=ana, at=timezone.now())
    assert running.run(job.pk, clock=timezone.now) == "done"
    job.refresh_from_db()
    assert (job.result["in"], job.result["created"], job.progress_done, job.progress_total) == (2, 2, 2, 2)
    assert set(Deal.objects.values_list("events__by", flat=True)) == {ana.pk}


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    args = {"file": str(tmp_path / "none.csv"), "mapping": MAPPING}
    job = accepting.accept("import", key="second", args=args, by=None, at=timezone.now())
    running.run(job.pk, clock=timezone.now)
    job.refresh_from_db()
    assert "none.csv: The file cannot be opened" in job.last_error
