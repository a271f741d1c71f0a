from datetime import timedelta

import pytest

from leads.domain import qualifying, recycling
from leads.models import Lead, LeadActivity, LeadEvent, LeadStage
from pipeline_crm.foundation import stage_log
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


@pytest.mark.django_db(transaction=True)
def test_a_waking_that_was_interrupted_goes_on_with_those_that_still_wait(monkeypatch):
    """Seven are due: the job commits three at a time, stumbles in the second lot, and wakes nobody twice."""
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)
    leads = [make_lead(at=ago(90)) for _ in range(8)]
    for days, lead in enumerate(leads):
        qualifying.accept(lead, by=None, at=ago(80))
        day = recycling.local_date(ago(7 - days)) if days < 7 else recycling.local_date(ago(-5))
        recycling.put_back(lead, contact_again_on=day, reason="Budget", by=None, at=ago(79))
    wake_some, calls = recycling.wake_some, []

    def stumbling(**facts):
        calls.append(facts)
        woken = wake_some(**facts, most=3)
        if len(calls) == 2:
            raise RuntimeError("the worker stumbles")
        return woken

    monkeypatch.setattr(recycling, "wake_some", stumbling)
    at = ago(0)
    job = accepting.accept("leads.wake_due", key="once", at=at)
    assert running.run(job.pk, clock=lambda: at) == "waiting"
    assert LeadEvent.objects.filter(to_stage=LeadStage.NURTURING).count() == 3
    assert running.run(job.pk, clock=lambda: at + timedelta(minutes=1)) == "done"
    job.refresh_from_db()
    events = LeadEvent.objects.filter(to_stage=LeadStage.NURTURING)
    assert (job.result, events.count(), events.values("card").distinct().count()) == ({"woken": 4}, 7, 7)
    woken = list(Lead.objects.in_stage(LeadStage.NURTURING).order_by("rank"))
    assert len({lead.rank for lead in woken}) == 7 and not Lead.objects.due(recycling.local_date(at)).exists()
    assert LeadActivity.objects.filter(subject="Contact again", due_on=recycling.local_date(at)).count() == 7
    assert list(stage_log.discrepancies(Lead)) == []
