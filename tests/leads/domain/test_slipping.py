"""A lead moved away and back within a minute by the same person never left its stage."""

import uuid
from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from leads.domain import moving, qualifying, recycling
from leads.domain.moving import LeadCannotGoThere, ReasonNeeded
from leads.models import Lead, LeadStage
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.stage_log import discrepancies, history, took_back
from tests.factories import ago, make_lead, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina():
    return make_user(name="Mina")


def go(lead, to, by, **how):
    moving.move(lead, to=to, by=by, at=timezone.now(), **how)


def stages(lead):
    return [step.to_key for step in history(lead)]


def test_a_slip_is_voided(mina):
    lead, key = make_lead(at=ago(9)), uuid.uuid4()
    entered = lead.stage_entered_at
    go(lead, LeadStage.NURTURING, mina)
    for _sent_twice in range(2):
        go(lead, LeadStage.GENERATION, mina, move_id=key)
    lead.refresh_from_db()
    assert (stages(lead), lead.stage_entered_at, lead.seq) == ([LeadStage.GENERATION], entered, 3)
    assert took_back(lead) and lead.events.last().source == Origin.UNDO
    assert not list(discrepancies(Lead))


@pytest.mark.parametrize("real", ["a minute later", "somebody else", "a rule"])
def test_what_is_no_slip_is_a_real_step(mina, real):
    lead = make_lead(at=ago(9))
    go(lead, LeadStage.NURTURING, mina)
    later = timezone.now() + timedelta(seconds=61 if real == "a minute later" else 5)
    with mock.patch("django.utils.timezone.now", lambda: later):
        by = make_user() if real == "somebody else" else mina
        go(lead, LeadStage.GENERATION, by, via=Origin.RULE if real == "a rule" else Origin.USER)
    assert stages(lead) == [LeadStage.GENERATION, LeadStage.NURTURING, LeadStage.GENERATION]


def test_a_slip_out_of_ready_is_no_handing_back(mina):
    lead = make_lead(at=ago(9), stage=LeadStage.NURTURING)
    go(lead, LeadStage.READY, mina)
    with pytest.raises(ReasonNeeded):
        go(lead, LeadStage.NURTURING, make_user())
    go(lead, LeadStage.NURTURING, mina)
    assert stages(lead) == [LeadStage.NURTURING]


def test_letting_go_by_mistake_is_taken_back(mina):
    lead = make_lead(at=ago(9), stage=LeadStage.QUALIFICATION)
    go(lead, LeadStage.DISQUALIFIED, mina, reason="a student")
    go(lead, LeadStage.QUALIFICATION, mina)
    assert (lead.stage, stages(lead)) == (LeadStage.QUALIFICATION, [LeadStage.QUALIFICATION])


def test_a_lead_woken_by_mistake_waits_on_for_its_day(mina):
    lead = make_lead(at=ago(9), stage=LeadStage.ACCEPTED)
    day = recycling.local_date(timezone.now()) + timedelta(days=30)
    recycling.put_back(lead, contact_again_on=day, by=mina, at=ago(1))
    go(lead, LeadStage.NURTURING, mina)
    go(lead, LeadStage.WAITING, mina)
    lead.refresh_from_db()
    assert (lead.stage, lead.contact_again_on) == (LeadStage.WAITING, day)


def test_what_sales_accepted_or_gave_back_is_no_slip_of_the_marketing_board(mina):
    lead = make_lead(at=ago(9), stage=LeadStage.READY)
    qualifying.accept(lead, by=mina, at=timezone.now())
    with pytest.raises(LeadCannotGoThere):
        go(lead, LeadStage.READY, mina)
    day = recycling.local_date(timezone.now())
    recycling.put_back(lead, contact_again_on=day, by=mina, at=timezone.now())
    with pytest.raises(LeadCannotGoThere):
        go(lead, LeadStage.ACCEPTED, mina)
