"""A lead's way through a cadence, by the job that takes the due steps, with the clock passed in."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deals.domain import opening
from leads.domain import noting, qualifying, recycling
from leads.domain.contacting import consenting, recalling, sequencing, shaping, wording
from leads.models import Cadence, Enrolment, EnrolmentState, Lead, LeadActivity, Mail, MailState, StepTaken
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import make_lead, make_pipeline, make_user

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 10, 12, 10, tzinfo=BERLIN)


def october(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=BERLIN)


@pytest.fixture
def cadence():
    """A mail at once, a call after a week, a mail after three days more, a task the day after."""
    template = wording.keep("Hello", subject="Hello", body="How are you?", purpose="offers", by=None, at=MONDAY)
    cadence = shaping.keep("Introduction", by=None, at=MONDAY)
    for kind, days, what in (("email", 0, ""), ("call", 7, "Ring them"), ("email", 3, ""), ("task", 1, "Decide")):
        shaping.add_step(
            cadence, kind=kind, wait_days=days, template=template if kind == "email" else None, subject=what, by=None,
            at=MONDAY,
        )  # fmt: skip
    return cadence


def prospect(number: int = 1, house: str = "Juniper") -> Lead:
    lead = make_lead(
        name=f"Person {number}", email=f"p{number}@{house.lower()}.example", organisation=house, at=october(1)
    )
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=october(1))
    return lead


def work(until: datetime, monkeypatch) -> None:
    """Let the workers do everything that becomes due, each job at its own time; then it is `until`."""
    while job := Job.objects.filter(state="waiting", due_at__lte=until).order_by("due_at", "pk").first():
        monkeypatch.setattr(timezone, "now", lambda job=job: job.due_at)
        running.run(job.pk, clock=lambda job=job: job.due_at)
    monkeypatch.setattr(timezone, "now", lambda: until)


def story(lead: Lead) -> list[tuple]:
    """What has reached, or was planned for, the lead: (day of October, what)."""
    mails = [(mail.sent_at, "mail") for mail in lead.mails.filter(state=MailState.SENT)]
    planned = [
        (step.at, step.activity.kind) for step in StepTaken.objects.filter(enrolment__lead=lead) if step.activity
    ]
    return [(at.astimezone(BERLIN).day, what) for at, what in sorted(mails + planned)]


def test_a_lead_goes_step_by_step_to_the_end(cadence, monkeypatch):
    lead = prospect()
    sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(30), monkeypatch)
    assert story(lead) == [(12, "mail"), (19, "call"), (22, "mail"), (23, "task")]
    assert lead.enrolments.get().state == EnrolmentState.FINISHED
    assert list(LeadActivity.objects.values_list("kind", "subject")) == [("call", "Ring them"), ("task", "Decide")]


def test_a_step_waits_when_sales_has_called_and_says_why(cadence, monkeypatch):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(18), monkeypatch)
    call = noting.plan(lead, kind="call", subject="Prices", due_on=october(18).date(), by=None, at=october(18))
    noting.done(call, by=None, at=october(18, 12))
    work(october(19, 12), monkeypatch)
    enrolment.refresh_from_db()
    assert enrolment.due_at == october(21, 12)
    assert "At least 3 days between contacts with a person; the last was Call on 18 Oct" in enrolment.waits_because
    work(october(21, 13), monkeypatch)
    assert story(lead) == [(12, "mail"), (21, "call")]


def test_what_will_happen_is_what_happens(cadence, monkeypatch):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=october(10, 20))  # a Saturday evening
    plan = sequencing.coming(enrolment, at=october(10, 20))
    assert [coming.at for coming in plan] == [october(12, 9), october(19, 9), october(22, 9), october(23, 9)]
    assert plan[0].reasons == ("Outside the hours in which people are contacted, where they are.",) or plan[0].reasons
    work(october(30), monkeypatch)
    assert [day for day, _what in story(lead)] == [coming.at.day for coming in plan]


def test_a_lead_is_in_one_cadence_at_most(cadence):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    with pytest.raises(sequencing.CannotEnrol, match="is in “Introduction” already"):
        sequencing.enrol(lead, cadence, at=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.create(
            lead=lead, cadence=cadence, next_step=enrolment.next_step, due_at=MONDAY, started_at=MONDAY
        )
    sequencing.stop(enrolment, at=MONDAY)
    assert sequencing.enrol(lead, cadence, at=MONDAY).pk != enrolment.pk


def test_who_is_with_sales_has_left_or_finds_nothing_to_do_cannot_begin(cadence):
    accepted, gone = prospect(1), prospect(2)
    qualifying.accept(accepted, by=None, at=october(2))
    consenting.withdraw(gone.person, at=october(2))
    empty = shaping.keep("Empty", by=None, at=MONDAY)
    for lead, which in ((accepted, cadence), (gone, cadence), (prospect(3), empty)):
        with pytest.raises(sequencing.CannotEnrol):
            sequencing.enrol(lead, which, at=MONDAY)


@pytest.mark.parametrize("leaves", ["hand_over", "unsubscribe", "accept"])
def test_handing_over_and_leaving_end_it(cadence, monkeypatch, leaves):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(14), monkeypatch)
    getattr(qualifying, leaves)(Lead.objects.get(pk=lead.pk), by=None, at=october(14))
    assert sequencing.coming(Enrolment.objects.get(), at=october(14)) == []
    work(october(30), monkeypatch)
    enrolment.refresh_from_db()
    assert (enrolment.state, story(lead)) == (EnrolmentState.STOPPED, [(12, "mail")])


def test_a_mail_that_waits_is_not_sent_once_sales_has_the_lead(cadence, monkeypatch):
    lead = prospect()
    sequencing.enrol(lead, cadence, at=MONDAY)
    monkeypatch.setattr(timezone, "now", lambda: MONDAY)
    running.run(Job.objects.get(kind="leads.run_cadences").pk, clock=lambda: MONDAY)
    opening.open_deal(lead=Lead.objects.get(), pipeline=make_pipeline(), by=make_user(), at=MONDAY)
    work(october(30), monkeypatch)
    assert Mail.objects.get().state == MailState.CANCELLED


def test_a_mail_that_waits_is_not_sent_once_its_cadence_is_stopped(cadence, monkeypatch):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    monkeypatch.setattr(timezone, "now", lambda: MONDAY)
    running.run(Job.objects.get(kind="leads.run_cadences").pk, clock=lambda: MONDAY)
    sequencing.stop(enrolment, by=make_user(name="Mina"), at=MONDAY)
    work(october(30), monkeypatch)
    mail = Mail.objects.get()
    assert (mail.state, mail.problem) == (
        MailState.CANCELLED, "Its cadence ended before it was sent: Stopped by Mina.",
    )  # fmt: skip


def test_paused_resumed_and_skipped(cadence, monkeypatch):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(13), monkeypatch)
    sequencing.pause(enrolment, by=None, at=october(13))
    work(october(25), monkeypatch)
    assert story(lead) == [(12, "mail")]
    sequencing.resume(enrolment, by=None, at=october(26))
    sequencing.skip(enrolment, by=None, at=october(26))
    work(october(31), monkeypatch)
    assert story(lead) == [(12, "mail"), (29, "mail"), (30, "task")]
    with pytest.raises(sequencing.NotInACadence):
        sequencing.skip(enrolment, by=None, at=october(31))


def test_a_mail_that_is_written_waits_while_its_cadence_is_paused(cadence, monkeypatch):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    monkeypatch.setattr(timezone, "now", lambda: MONDAY)
    running.run(Job.objects.get(kind="leads.run_cadences").pk, clock=lambda: MONDAY)
    sequencing.pause(enrolment, by=None, at=MONDAY)
    work(october(14), monkeypatch)
    mail = Mail.objects.get()
    assert (mail.state, mail.problem) == (MailState.WAITING, "Its cadence is paused.")
    sequencing.resume(enrolment, by=None, at=october(14))
    work(october(15), monkeypatch)
    assert story(lead) == [(14, "mail")]


def test_a_mail_that_is_resumed_at_the_moment_it_was_held_is_sent(cadence, monkeypatch):
    lead = prospect()
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    monkeypatch.setattr(timezone, "now", lambda: MONDAY)
    running.run(Job.objects.get(kind="leads.run_cadences").pk, clock=lambda: MONDAY)
    sequencing.pause(enrolment, by=None, at=MONDAY)
    work(MONDAY, monkeypatch)
    sequencing.resume(enrolment, by=None, at=MONDAY)
    work(MONDAY, monkeypatch)
    assert story(lead) == [(12, "mail")]


def test_a_mail_that_meets_an_open_deal_waits_and_says_why_and_goes_out_when_it_may(cadence, monkeypatch):
    lead = prospect()
    sequencing.enrol(lead, cadence, at=MONDAY)
    monkeypatch.setattr(timezone, "now", lambda: MONDAY)
    running.run(Job.objects.get(kind="leads.run_cadences").pk, clock=lambda: MONDAY)
    colleague = make_lead(name="Colleague", organisation=lead.organisation.name, at=october(1))
    deal = opening.open_deal(lead=colleague, pipeline=make_pipeline(), by=make_user(), at=MONDAY)
    work(october(14), monkeypatch)
    mail = Mail.objects.get()
    assert (mail.state, mail.due_at) == (MailState.WAITING, october(14) + timedelta(days=1))
    assert "Sales has an open deal with them" in mail.problem
    type(deal).objects.update(marketing_allowed=True)
    work(october(16), monkeypatch)
    mail.refresh_from_db()
    assert (story(lead), mail.problem) == ([(15, "mail")], "")


def test_a_planned_call_keeps_its_distance_as_the_plan_says(cadence, monkeypatch):
    lead = prospect()
    third = cadence.steps.get(position=3)
    shaping.revise_step(third, wait_days=0, template=third.template, by=None, at=MONDAY)
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    plan = [coming.at.astimezone(BERLIN) for coming in sequencing.coming(enrolment, at=MONDAY)]
    assert [at.day for at in plan] == [12, 19, 22, 23]
    work(october(30), monkeypatch)
    assert [day for day, _what in story(lead)] == [12, 19, 22, 23]


def test_whoever_begins_while_the_shared_run_has_begun_is_taken_by_the_next(cadence, monkeypatch):
    first, second = prospect(1, "Alder"), prospect(2, "Birch")
    step = cadence.steps.get(position=1)
    shaping.revise_step(step, wait_days=1, template=step.template, by=None, at=MONDAY)
    sequencing.enrol(first, cadence, at=MONDAY)
    shared = Job.objects.get(kind="leads.run_cadences")
    Job.objects.filter(pk=shared.pk).update(state="done")
    sequencing.enrol(second, cadence, at=MONDAY)
    later = Job.objects.get(kind="leads.run_cadences", state="waiting")
    assert later.due_at == shared.due_at + sequencing.RUNS_EVERY
    work(october(14), monkeypatch)
    assert story(second) == [(13, "mail")]


def test_a_step_that_is_due_now_has_a_run_of_its_own(cadence):
    for number, house in enumerate(("Alder", "Birch")):
        sequencing.enrol(prospect(number, house), cadence, at=MONDAY)
    assert [job.due_at for job in Job.objects.filter(kind="leads.run_cadences")] == [MONDAY, MONDAY]


def test_the_locks_of_one_lead_are_let_go_before_the_next(cadence):
    for number, house in enumerate(("Alder", "Birch", "Cedar")):
        sequencing.enrol(prospect(number, house), cadence, at=MONDAY)
    assert list(sequencing.run_due(at=MONDAY)) == [1, 2, 3]


def test_a_mail_that_cannot_be_written_pauses_until_somebody_has_looked(cadence, monkeypatch):
    lead = make_lead(name="No Consent", email="no@x.example", at=october(1))
    enrolment = sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(13), monkeypatch)
    enrolment.refresh_from_db()
    assert (enrolment.state, "has not agreed" in enrolment.waits_because) == (EnrolmentState.PAUSED, True)


def test_a_lead_that_waits_for_its_day_begins_on_that_day(cadence, monkeypatch):
    lead = prospect()
    qualifying.accept(lead, by=None, at=october(2))
    recycling.put_back(lead, contact_again_on=october(20).date(), by=None, at=october(3))
    sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(19, 23), monkeypatch)
    assert story(lead) == []
    work(october(20, 1), monkeypatch)
    recycling.wake_due(at=october(20, 1))
    work(october(20, 12), monkeypatch)
    assert story(lead) == [(20, "mail")]


def test_a_retired_step_is_passed_over_and_its_past_is_kept(cadence, monkeypatch):
    lead = prospect()
    sequencing.enrol(lead, cadence, at=MONDAY)
    work(october(13), monkeypatch)
    steps = list(cadence.steps.all())
    shaping.retire_step(steps[1], by=None, at=october(13))
    shaping.retire_step(steps[3], by=None, at=october(13))
    work(october(30), monkeypatch)
    assert story(lead) == [(12, "mail"), (19, "mail")]
    assert lead.enrolments.get().state == EnrolmentState.FINISHED
    assert Cadence.objects.get().steps.count() == 4


def test_steps_change_places_and_nobody_gets_one_twice(cadence, monkeypatch):
    early, late = prospect(1, "Alder"), prospect(2, "Birch")
    sequencing.enrol(early, cadence, at=MONDAY)
    work(october(20), monkeypatch)
    first, call, second_mail, _task = cadence.steps.all()
    assert list(early.enrolments.get().taken.values_list("step", flat=True)) == [first.pk, call.pk]
    shaping.bring_forward(second_mail, by=None, at=october(20))
    shaping.bring_forward(first, by=None, at=october(20))
    assert list(cadence.steps.values_list("pk", flat=True))[:3] == [first.pk, second_mail.pk, call.pk]
    sequencing.enrol(late, cadence, at=october(20))
    work(october(31), monkeypatch)
    late_steps = late.enrolments.get().taken.values_list("step", flat=True)
    assert list(late_steps)[:2] == [first.pk, second_mail.pk]
    taken = list(early.enrolments.get().taken.values_list("step", flat=True))
    assert taken[:2] == [first.pk, call.pk] and len(set(taken)) == len(taken)


def test_one_leads_trouble_is_not_the_others(cadence, monkeypatch):
    troubled, well = prospect(1, "Alder"), prospect(2, "Birch")
    for lead in (troubled, well):
        sequencing.enrol(lead, cadence, at=MONDAY)
    real = recalling.situation_of

    def stumbles(person, organisation, *, at):
        if person.pk == troubled.person_id:
            raise RuntimeError("torn")
        return real(person, organisation, at=at)

    with monkeypatch.context() as patch:
        patch.setattr(recalling, "situation_of", stumbles)
        work(MONDAY, monkeypatch)
    assert (story(troubled), story(well)) == ([], [(12, "mail")])
    assert "tried again" in troubled.enrolments.get().waits_because
    work(october(13), monkeypatch)
    assert story(troubled) == [(12, "mail")]


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    calls=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 24 * 28)), max_size=6),
    leaving=st.dictionaries(st.integers(0, 2), st.integers(0, 24 * 28), max_size=1),
    starts=st.lists(st.integers(0, 24 * 10), min_size=3, max_size=3),
    plans=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 24 * 28)), max_size=3),
    pauses=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 24 * 28)), max_size=3),
)
def test_nobody_is_contacted_too_near_or_after_leaving_and_nobody_is_forgotten(
    cadence, monkeypatch, calls, leaving, starts, plans, pauses
):
    """Three people of one house in a cadence, sales calling and planning calls as it likes, cadences paused, resumed,
    one leaving, through the real jobs."""
    with transaction.atomic():
        leads = [prospect(number, "Cedar") for number in range(3)]
        happenings = [(october(1) + timedelta(hours=hours), 0, "start", who) for who, hours in enumerate(starts)]
        happenings += [(october(1) + timedelta(hours=hours), 1, "call", who) for who, hours in calls]
        happenings += [(october(1) + timedelta(hours=hours), 2, "leave", who) for who, hours in leaving.items()]
        happenings += [(october(1) + timedelta(hours=hours), 3, "plan", who) for who, hours in plans]
        happenings += [(october(1) + timedelta(hours=hours), 4, "pause", who) for who, hours in pauses]
        left: dict[int, datetime] = {}
        for moment, _order, what, who in sorted(happenings):
            work(moment, monkeypatch)
            lead = Lead.objects.get(pk=leads[who].pk)
            if what == "start" and who not in left:
                sequencing.enrol(lead, cadence, at=moment)
            elif what == "call":
                noting.done(
                    noting.plan(lead, kind="call", due_on=moment.date(), by=None, at=moment), by=None, at=moment
                )
            elif what == "plan":
                noting.plan(lead, kind="call", due_on=moment.date() + timedelta(days=2), by=None, at=moment)
            elif what == "pause" and (enrolment := lead.enrolments.active().first()):
                (sequencing.pause if enrolment.state == "running" else sequencing.resume)(enrolment, by=None, at=moment)
            elif what == "leave":
                consenting.withdraw(lead.person, at=moment)
                left[who] = moment
        for paused in Enrolment.objects.filter(state=EnrolmentState.PAUSED):
            sequencing.resume(paused, by=None, at=october(1) + timedelta(days=29))
        work(october(1) + timedelta(days=150), monkeypatch)

        for who, lead in enumerate(leads):
            calls_of = [a.done_at for a in LeadActivity.objects.filter(lead=lead, done_at__isnull=False)]
            for mail in Mail.objects.filter(lead=lead, state=MailState.SENT):
                local = mail.sent_at.astimezone(BERLIN)
                assert local.weekday() < 5 and 9 <= local.hour < 17
                assert who not in left or mail.sent_at <= left[who]
                near = [at for at in calls_of if timedelta(0) < mail.sent_at - at < timedelta(days=3)]
                assert not near, f"{mail.sent_at} after a call at {near}"
                planned = LeadActivity.objects.filter(lead=lead, kind="call", done_at=None, created_at__lt=mail.sent_at)
                days = [recalling.planned_for(activity.due_on, BERLIN) for activity in planned]
                assert not [day for day in days if abs(mail.sent_at - day) < timedelta(days=3)]
            if who not in left:
                assert lead.enrolments.get().state == EnrolmentState.FINISHED
        sent = sorted(Mail.objects.filter(state=MailState.SENT).values_list("sent_at", flat=True))
        assert all(later - earlier >= timedelta(days=1) for earlier, later in zip(sent, sent[1:], strict=False))
        transaction.set_rollback(True)
