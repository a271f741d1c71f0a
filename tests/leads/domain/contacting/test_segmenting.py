"""A segment puts in who comes to belong to it, once, and only whom the cadence may write to."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from leads.domain import moving, qualifying
from leads.domain.contacting import consenting, segmenting, sequencing, shaping, wording
from leads.marketing import segments
from leads.models import Enrolment, EnrolmentState, Lead, Segment, SegmentEntry, WhyNot
from pipeline_crm.accounts.models import Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.kinds import kind_named
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina():
    return make_user(name="Mina", team=make_team(), role=Role.MARKETER)


@pytest.fixture
def cadence():
    template = wording.keep("Hello", subject="Hello", body="How are you?", purpose="offers", by=None, at=ago(9))
    cadence = shaping.keep("Introduction", by=None, at=ago(9))
    shaping.add_step(cadence, kind="email", wait_days=1, template=template, by=None, at=ago(9))
    return cadence


def prospect(mina, name: str, *, agreed: bool = True, **facts) -> Lead:
    lead = make_lead(name=name, email=f"{name.lower()}@juniper.example", owner=mina, by=mina, tags=["warm"], **facts)
    if agreed:
        consenting.record(lead.person, ["offers"], words="Yes", by=None, at=ago(5))
    return lead


def keep(mina, cadence=None, **facts) -> Segment:
    return segmenting.keep("Warm", query="tag=warm", cadence=cadence, by=mina, at=ago(0), **facts)


def run(segment: Segment, at=None) -> int:
    at = at or timezone.now()
    return max(segmenting.run(segment, partial(segments.members, segment, at=at), at=at), default=0)


def test_it_puts_in_those_who_belong_to_it_and_says_why_others_stay_out(mina, cadence):
    kim, lee = prospect(mina, "Kim"), prospect(mina, "Lee", agreed=False)
    make_lead(name="Cold", email="cold@juniper.example", owner=mina, by=mina)
    nobody = make_lead(organisation="Juniper", owner=mina, by=mina, tags=["warm"])
    segment = keep(mina, cadence)
    assert run(segment) == 3
    [enrolment] = Enrolment.objects.all()
    assert (enrolment.lead, enrolment.by) == (kim, mina)
    said = dict(segment.entries.values_list("lead", "why_not"))
    assert said == {kim.pk: "", lee.pk: WhyNot.NO_BASIS, nobody.pk: WhyNot.NOBODY}


def test_run_again_it_puts_nobody_in_twice_and_asks_the_next_day_who_was_left_out(mina, cadence):
    kim, lee = prospect(mina, "Kim"), prospect(mina, "Lee", agreed=False)
    segment = keep(mina, cadence)
    run(segment)
    sequencing.stop(Enrolment.objects.get(), by=mina, at=ago(0))
    consenting.record(lee.person, ["offers"], words="Yes", by=None, at=ago(0))
    assert run(segment) == 0
    assert run(segment, timezone.now() + segmenting.ASKS_AGAIN) == 1
    assert [one.lead for one in Enrolment.objects.active()] == [lee]
    assert Enrolment.objects.filter(lead=kim).count() == 1


def test_who_is_in_another_cadence_or_was_in_this_one_by_hand_stays_out(mina, cadence):
    other = shaping.keep("Other", by=None, at=ago(9))
    shaping.add_step(other, kind="task", wait_days=1, subject="Ring", by=None, at=ago(9))
    busy, before = prospect(mina, "Kim"), prospect(mina, "Lee")
    sequencing.enrol(busy, other, by=mina, at=ago(1))
    sequencing.stop(sequencing.enrol(before, cadence, by=mina, at=ago(3)), by=mina, at=ago(2))
    assert run(keep(mina, cadence)) == 0


def test_a_recycled_lead_is_put_in_once_more(mina, cadence):
    kim, segment = prospect(mina, "Kim"), keep(mina, cadence)
    run(segment)
    sequencing.stop(Enrolment.objects.get(), by=mina, at=ago(0))
    Lead.objects.filter(pk=kim.pk).update(attempt=2)
    assert run(segment) == 1
    assert list(segment.entries.values_list("attempt", flat=True)) == [1, 2]


def test_who_belongs_to_it_no_more_comes_out_if_it_says_so(mina, cadence):
    kim, lee = prospect(mina, "Kim"), prospect(mina, "Lee")
    segment = keep(mina, cadence)
    run(segment)
    Lead.objects.filter(pk=kim.pk).update(tags=[])
    run(segment)
    assert Enrolment.objects.active().count() == 2
    keep(mina, cadence, segment=segment, removes=True)
    run(segment)
    out = Enrolment.objects.get(lead=kim)
    assert (out.state, out.ended_because) == (EnrolmentState.STOPPED, "No longer in the segment “Warm”")
    assert [one.lead for one in Enrolment.objects.active()] == [lee]


def test_it_is_looked_at_with_the_eyes_of_whoever_kept_it_last(mina, cadence):
    prospect(mina, "Kim")
    stranger = make_user(team=make_team(), role=Role.MARKETER)
    segment = keep(stranger, cadence)
    assert run(segment) == 0
    keep(mina, cadence, segment=segment)
    assert run(segment) == 1
    mina.is_active = False
    mina.save()
    segment = Segment.objects.get()
    assert not segments.members(segment, at=timezone.now()).exists()


def test_an_archived_segment_and_one_without_a_cadence_do_nothing_by_themselves(mina, cadence):
    prospect(mina, "Kim")
    segment = keep(mina)
    assert run(segment) == 0
    segment = keep(mina, cadence, segment=segment)
    segmenting.archive(segment, by=mina, at=ago(0))
    assert run(segment) == 0 and not Enrolment.objects.exists()


def test_leads_with_sales_are_not_put_in(mina, cadence):
    lead = prospect(mina, "Kim")
    moving.move(lead, to="qualification", by=None, at=ago(3))
    qualifying.hand_over(lead, by=None, at=ago(2))
    assert run(keep(mina, cadence)) == 0


def test_the_job_runs_all_of_them_as_soon_as_one_is_kept(mina, cadence):
    prospect(mina, "Kim")
    keep(mina, cadence)
    job = Job.objects.get(kind="leads.run_segments")
    assert running.run(job.pk, clock=timezone.now) == "done" and Enrolment.objects.count() == 1


def test_nobody_is_taken_out_because_the_owner_of_the_segment_has_left(mina, cadence):
    prospect(mina, "Kim")
    run(keep(mina, cadence, removes=True))
    type(mina).objects.filter(pk=mina.pk).update(is_active=False)
    run_segments = kind_named("leads.run_segments").body
    assert list(run_segments(Job(kind="leads.run_segments"))) == []
    assert Enrolment.objects.get().state == EnrolmentState.RUNNING


def test_a_name_is_used_once_and_something_is_in_common(mina):
    keep(mina)
    with pytest.raises(segmenting.NameTaken):
        segmenting.keep("warm", query="tag=cold", by=mina, at=ago(0))
    with pytest.raises(segmenting.NothingInCommon):
        segmenting.keep("All", query="", by=mina, at=ago(0))


def test_the_database_keeps_names_entries_and_reasons_apart(mina, cadence):
    segment, lead = keep(mina), prospect(mina, "Kim")
    with pytest.raises(IntegrityError, match="segment_has_a_name_of_its_own"), transaction.atomic():
        Segment.objects.create(name="WARM", query="x", owner=mina, created_at=ago(0))
    with pytest.raises(IntegrityError, match="segment_entry_is_enrolled_or_says_why_not"), transaction.atomic():
        SegmentEntry.objects.create(segment=segment, lead=lead, attempt=1, at=ago(0))
    SegmentEntry.objects.create(segment=segment, lead=lead, attempt=1, why_not="busy", at=ago(0))
    with pytest.raises(IntegrityError, match="segment_puts_a_lead_in_once_an_attempt"), transaction.atomic():
        SegmentEntry.objects.create(segment=segment, lead=lead, attempt=1, why_not="busy", at=ago(0))
