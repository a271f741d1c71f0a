from datetime import timedelta

import pytest

from leads.domain import qualifying, recycling
from leads.models import LeadStage
from pipeline_crm.jobs.domain import accepting, running
from tests.factories import ago, make_lead

pytestmark = pytest.mark.django_db


def test_the_hourly_job_wakes_each_due_lead_once(django_capture_on_commit_callbacks):
    lead = make_lead(at=ago(90))
    qualifying.accept(lead, by=None, at=ago(80))
    recycling.put_back(lead, contact_again_on=recycling.local_date(ago(70)), by=None, at=ago(79))
    at = ago(0)
    for hour in range(2):
        job = accepting.accept_period("leads.wake_due", start=at + timedelta(hours=hour), at=at)
        running.run(job.pk, clock=lambda: at)
    lead.refresh_from_db()
    assert (lead.stage, lead.events.filter(to_stage=LeadStage.NURTURING).count()) == (LeadStage.NURTURING, 1)
    assert lead.events.last().source == "schedule"
