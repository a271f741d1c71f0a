from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from leads.domain import campaigning, scoring
from leads.domain.contacting import consenting, sequencing
from leads.marketing import segments
from leads.models import Capture, Consent, Enrolment, Lead, Mail, ScoreDay, Segment, StepTaken, Touch
from pipeline_crm import demo

pytestmark = pytest.mark.django_db

AT = datetime(2024, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(demo, "LEADS", 700)
    monkeypatch.setattr(demo, "HOUSES", 500)
    demo.load(at=AT, password="secret")


def test_nobody_is_written_to_without_a_basis_or_before_it():
    assert Mail.objects.count() > 100
    assert not Mail.objects.exclude(consent__person=F("person")).exists()
    assert not Mail.objects.filter(sent_at__lt=F("consent__at")).exists()
    gone = Lead.objects.filter(stage="unsubscribed", person__consents__isnull=False)
    assert gone.exists() and all(consenting.has_left(lead.person) for lead in gone)
    assert not Mail.objects.filter(lead__in=gone, sent_at__gt=F("lead__stage_entered_at")).exists()


def test_nothing_happened_in_the_future_or_before_the_lead_came():
    for when in (Mail.objects.values("sent_at", "lead__created_at"), StepTaken.objects.values("at")):
        assert all(moment <= AT for row in when for moment in row.values())
    assert not Touch.objects.filter(at__gt=AT).exists() and not Consent.objects.filter(at__gt=AT).exists()
    assert not Mail.objects.filter(sent_at__lt=F("lead__created_at")).exists()
    assert not Touch.objects.filter(at__lt=F("lead__created_at") - timedelta(minutes=1)).exists()


def test_whoever_is_in_a_cadence_has_a_step_to_come():
    running = Enrolment.objects.filter(state="running")
    assert running.exists()
    for enrolment in running:
        assert enrolment.lead.stage == "nurturing" and enrolment.due_at >= AT
        assert sequencing.coming(enrolment, at=AT)


def test_every_campaign_has_costs_and_somebody_who_came():
    came = campaigning.recognising()
    by_campaign = {
        came(touch.campaign.get("utm_campaign", ""), touch.source_id, touch.at.date())
        for touch in Touch.objects.exclude(campaign={})
    }
    assert len(by_campaign - {None}) >= 6
    assert all(campaign.costs.exists() for campaign in by_campaign if campaign)


def test_who_sent_a_form_came_by_it():
    assert Capture.objects.exists()
    for capture in Capture.objects.select_related("lead", "form"):
        assert capture.form.source_id == capture.lead.source_id
        assert capture.received_at <= capture.confirmed_at == capture.lead.created_at


def test_open_leads_have_scores_that_moved_and_segments_have_leads():
    leads = Lead.objects.open()
    assert leads.filter(score__gt=0).count() > 0.6 * leads.count()
    assert not Lead.objects.exclude(pk__in=leads).filter(score__gt=0).exists()
    assert leads.exclude(score=F("score_week_ago")).exists()
    assert not ScoreDay.objects.filter(on__lt=F("lead__created_at__date")).exists()
    assert list(scoring.rescore_all(at=AT))[-1] == (leads.count(), 0)
    assert all(segments.members(segment, at=AT).exists() for segment in Segment.objects.all())
