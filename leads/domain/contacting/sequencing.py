"""A lead's way through a cadence: in, step by step at an appropriate distance, paused, skipped, out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import cast

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain import accepting
from pipeline_crm.jobs.models.job import Job, State

from ...models import (
    Cadence,
    CadenceStep,
    Enrolment,
    EnrolmentState,
    Lead,
    LeadActivity,
    LeadStage,
    Mail,
    StepKind,
    StepTaken,
)
from .. import noting
from . import consenting, explaining, mailing, recalling, ruling
from .consenting import WITH_MARKETING
from .distancing import Contact, Moment, Situation, earliest_moment
from .persons import house_of
from .zones import zone_of

log = logging.getLogger(__name__)

LOOKS_AGAIN = timedelta(days=1)
TROUBLE = timedelta(hours=1)
RUNS_EVERY = timedelta(minutes=5)
COMMITS_WITHIN = timedelta(minutes=1)  # what asks for a run is visible to it when it begins
AT_ONCE = 20


class CannotEnrol(Refusal):
    """Not everyone can begin every cadence."""


class NotInACadence(Refusal):
    """What has ended is not paused, resumed or skipped."""


@dataclass(frozen=True)
class Coming:
    """A step that is still to come: when, if nothing happens in between, and why not sooner."""

    step: CadenceStep
    at: datetime | None
    reasons: tuple[str, ...] = ()


@transaction.atomic
def enrol(lead: Lead, cadence: Cadence, *, by=None, at: datetime) -> Enrolment:
    """Begin the cadence with the lead. Its first step is due after its wait; a lead that waits for its day to be
    contacted again waits for that first.

    Refused (CannotEnrol): a lead that is not with marketing, has unsubscribed, or is in a cadence already; a cadence
    that is archived or has no steps.
    """
    _lock_lead(lead)
    first = cadence.steps.filter(retired_at=None).first()
    running = lead.enrolments.active().select_related("cadence").first()
    if running:
        raise CannotEnrol(_("%(name)s is in “%(cadence)s” already.") % {"name": lead.name, "cadence": running.cadence})
    if lead.stage not in WITH_MARKETING:
        raise CannotEnrol(
            _("%(name)s is not with marketing; it is in %(stage)s.")
            % {"name": lead.name, "stage": lead.get_stage_display()}
        )
    if consenting.has_left(lead.person):
        raise CannotEnrol(_("%(name)s has unsubscribed.") % {"name": lead.name})
    if cadence.archived_at or first is None:
        raise CannotEnrol(_("“%(cadence)s” is archived or has no steps.") % {"cadence": cadence})
    due_at = max(at + timedelta(days=first.wait_days), day_to_contact_again(lead) or at)
    enrolment = Enrolment.objects.create(
        lead=lead, cadence=cadence, next_step=first, due_at=due_at, by=by, started_at=at
    )
    _run_at(enrolment, at=at)
    return enrolment


@transaction.atomic
def advance(enrolment: Enrolment, *, at: datetime) -> bool:
    """Take the step that is due, if it may be taken now; whether it was. A step too near waits and says why; one that
    cannot be taken at all pauses the cadence until somebody has looked.

    A lead that marketing has handed over, or that has left, comes out here.
    """
    _lock(enrolment)
    if enrolment.state != EnrolmentState.RUNNING or enrolment.due_at is None or enrolment.due_at > at:
        return False
    lead, step = enrolment.lead, _step_of(enrolment)
    if ended := why_it_ends(lead):
        _end(enrolment, EnrolmentState.STOPPED, ended, at=at)
        return False
    wakes = day_to_contact_again(lead)
    if wakes and wakes > at:
        return _wait(enrolment, wakes, _("It waits for the day to contact it again."), at=at)
    mailing.take_turns(lead)
    moment = _moment_of(step, recalling.situation_of(lead.person, lead.organisation, at=at), lead, at)
    if moment.at is None or moment.at > at:
        zone = zone_of(lead.person, lead.organisation)
        return _wait(enrolment, moment.at or at + LOOKS_AGAIN, " ".join(explaining.reasons(moment, zone)), at=at)
    try:
        with transaction.atomic():
            taken = _take(enrolment, step, at=at)
    except Refusal as refusal:
        enrolment.state, enrolment.waits_because = EnrolmentState.PAUSED, str(refusal)[:300]
        enrolment.save()
        return False
    _go_on(enrolment, taken.at)
    return True


def run_due(*, at: datetime) -> Iterator[int]:
    """Take every step that is due: yields after each enrolment how many have been looked at, so that what was done is
    committed and nobody waits for its locks. Begun anew it goes on with those that are left."""
    looked_at = 0
    while due := list(Enrolment.objects.due(at).order_by("due_at", "pk")[:AT_ONCE]):
        for enrolment in due:
            try:
                with transaction.atomic():
                    advance(enrolment, at=at)
            except Exception:  # one lead's trouble is not the others': it is tried again later, and said
                log.exception("enrolment %s cannot be advanced", enrolment.pk)
                enrolment.refresh_from_db()
                _wait(enrolment, at + TROUBLE, _("Something went wrong; it is tried again."), at=at)
            looked_at += 1
            yield looked_at


@transaction.atomic
def pause(enrolment: Enrolment, *, by, at: datetime) -> None:
    """Nothing happens until it is resumed; a mail that is written and not sent yet waits as well."""
    _lock_active(enrolment)
    enrolment.state, enrolment.waits_because = EnrolmentState.PAUSED, ""
    enrolment.save()


@transaction.atomic
def resume(enrolment: Enrolment, *, by, at: datetime) -> None:
    """Go on where it was paused."""
    _lock_active(enrolment)
    enrolment.state, enrolment.waits_because = EnrolmentState.RUNNING, ""
    enrolment.due_at = max(enrolment.due_at or at, at)
    enrolment.save()
    for taken in enrolment.taken.exclude(mail=None).select_related("mail"):
        mailing.go_on(cast(Mail, taken.mail), at=at)
    _run_at(enrolment, at=at)


@transaction.atomic
def skip(enrolment: Enrolment, *, by, at: datetime) -> None:
    """Leave the next step out; the wait of the one after it begins now."""
    _lock_active(enrolment)
    StepTaken.objects.create(enrolment=enrolment, step=_step_of(enrolment), at=at, skipped_because=_("Skipped"), by=by)
    _go_on(enrolment, at)


@transaction.atomic
def stop(enrolment: Enrolment, *, reason: str = "", by=None, at: datetime) -> None:
    """End it before its last step."""
    _lock_active(enrolment)
    _end(enrolment, EnrolmentState.STOPPED, reason or _("Stopped by %(who)s") % {"who": by or "–"}, at=at)


def pass_over(step: CadenceStep, *, at: datetime) -> None:
    """The step is no more: whoever stood before it comes to the one that follows (called by `shaping`)."""
    for enrolment in Enrolment.objects.active().filter(next_step=step).order_by("pk"):
        _lock(enrolment)
        following = _following(step, enrolment)
        if following is None:
            _end(enrolment, EnrolmentState.FINISHED, "", at=at)
        else:
            enrolment.next_step = following
            enrolment.save()


def why_it_ends(lead: Lead) -> str:
    """Why marketing goes on no further with this lead, or nothing."""
    if consenting.has_left(lead.person):
        return _("Unsubscribed")
    if lead.stage not in WITH_MARKETING:
        return str(LeadStage(lead.stage).label)
    return ""


def coming(enrolment: Enrolment, *, at: datetime) -> list[Coming]:
    """What will happen, step by step, if nobody contacts them in between and no rule changes."""
    lead = enrolment.lead
    if not enrolment.is_active or enrolment.next_step is None or why_it_ends(lead):
        return []
    situation = recalling.situation_of(lead.person, lead.organisation, at=at)
    steps = _ahead(enrolment).filter(position__gte=enrolment.next_step.position)
    due, plan = max(enrolment.due_at or at, at), list[Coming]()
    for step in steps.select_related("template"):
        if plan:
            due += timedelta(days=step.wait_days)
        moment = _moment_of(step, situation, lead, due)
        plan.append(Coming(step, moment.at, tuple(explaining.reasons(moment, situation.zone))))
        if moment.at is None:
            break
        due = moment.at
        if step.kind != StepKind.TASK:
            reached = Contact(_reaches_at(step, due, situation), str(step))
            situation = replace(
                situation, person=(*situation.person, reached), organisation=(*situation.organisation, reached)
            )
    return plan


def _reaches_at(step: CadenceStep, due: datetime, situation: Situation) -> datetime:
    """When the step will have reached them: a mail when it is sent, a call, while only planned, on its day."""
    if step.kind == StepKind.MAIL:
        return due
    return recalling.planned_for(due.astimezone(situation.zone).date(), situation.zone)


def _moment_of(step: CadenceStep, situation: Situation, lead: Lead, at: datetime) -> Moment:
    """When the step may be taken: a task reaches nobody, so only its own day counts."""
    if step.kind == StepKind.TASK:
        return Moment(at)
    house = house_of(lead.person, lead.organisation)
    return earliest_moment(situation, ruling.current(house.country if house else ""), at)


def _take(enrolment: Enrolment, step: CadenceStep, *, at: datetime) -> StepTaken:
    lead = enrolment.lead
    mail, activity = None, None
    if step.template:
        mail = mailing.queue(lead, step.template, by=enrolment.by, at=at)
    else:
        day = at.astimezone(zone_of(lead.person, lead.organisation)).date()
        activity = cast(
            LeadActivity, noting.plan(lead, kind=step.kind, subject=step.subject, due_on=day, by=enrolment.by, at=at)
        )
    return StepTaken.objects.create(enrolment=enrolment, step=step, at=at, mail=mail, activity=activity)


def _go_on(enrolment: Enrolment, taken_at: datetime) -> None:
    following = _following(_step_of(enrolment), enrolment)
    if following is None:
        _end(enrolment, EnrolmentState.FINISHED, "", at=taken_at)
        return
    enrolment.next_step, enrolment.waits_because = following, ""
    enrolment.due_at = taken_at + timedelta(days=following.wait_days)
    enrolment.save()
    _run_at(enrolment, at=taken_at)


def _step_of(enrolment: Enrolment) -> CadenceStep:
    """The next step; there is one as long as it is active, which the database sees to."""
    assert enrolment.next_step is not None
    return enrolment.next_step


def _following(step: CadenceStep, enrolment: Enrolment) -> CadenceStep | None:
    """The next one; where steps have changed places, none that the lead has had already."""
    return _ahead(enrolment).filter(position__gt=step.position).first()


def _ahead(enrolment: Enrolment) -> QuerySet[CadenceStep]:
    steps = CadenceStep.objects.filter(cadence=enrolment.cadence_id, retired_at=None)
    return steps.exclude(pk__in=enrolment.taken.values("step")).order_by("position")


def _wait(enrolment: Enrolment, until: datetime, because: str, *, at: datetime) -> bool:
    enrolment.due_at, enrolment.waits_because = until, because[:300]
    enrolment.save(update_fields=["due_at", "waits_because"])
    _run_at(enrolment, at=at)
    return False


def _end(enrolment: Enrolment, state: str, because: str, *, at: datetime) -> None:
    enrolment.state, enrolment.next_step, enrolment.due_at = state, None, None
    enrolment.waits_because, enrolment.ended_because, enrolment.ended_at = "", because[:200], at
    enrolment.save()


def day_to_contact_again(lead: Lead) -> datetime | None:
    """When the wait of a recycled lead ends, where its person is; None for one that does not wait."""
    if lead.stage != LeadStage.WAITING or lead.contact_again_on is None:
        return None
    return datetime.combine(lead.contact_again_on, time(0), zone_of(lead.person, lead.organisation))


def _run_at(enrolment: Enrolment, *, at: datetime) -> None:
    """A job looks for due steps then: its own when the step is due now, else one for all of the same five minutes.

    A job that all share is only counted on while it surely has not begun: begun, it may have looked already.
    """
    due = enrolment.due_at
    assert due is not None
    if due <= at:
        key = f"enrolment {enrolment.pk} due {due.isoformat()} at {at.isoformat()}"
        accepting.accept("leads.run_cadences", key=key, due_at=at, at=at)
        return
    when = _next_run(max(due, at + COMMITS_WITHIN))
    while not _is_ahead(accepting.accept("leads.run_cadences", key=_key_of_run(when), due_at=when, at=at)):
        when += RUNS_EVERY


def _next_run(moment: datetime) -> datetime:
    grid = RUNS_EVERY.total_seconds()
    return datetime.fromtimestamp(-(-moment.timestamp() // grid) * grid, moment.tzinfo)


def _key_of_run(when: datetime) -> str:
    return f"steps due {int(when.timestamp())}"


def _is_ahead(job: Job) -> bool:
    return job.state == State.WAITING


def _lock_lead(lead: Lead) -> None:
    lead.refresh_from_db(from_queryset=Lead.objects.select_for_update(of=("self",)))


def _lock(enrolment: Enrolment) -> None:
    enrolment.refresh_from_db(from_queryset=Enrolment.objects.select_for_update(of=("self",)))
    _lock_lead(enrolment.lead)


def _lock_active(enrolment: Enrolment) -> None:
    _lock(enrolment)
    if not enrolment.is_active:
        raise NotInACadence(_("This has ended already."))
