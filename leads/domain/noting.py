"""What is planned next and what has been done, on any card that has activities."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.stage_log import touch

from ..models import Activity, ActivityKind
from . import touching
from .seeing import refuse_merged


class AlreadyDone(Refusal):
    """What is done stays done."""


class EmptyNote(Refusal):
    """A note says something."""

    status = 422


@transaction.atomic
def plan(card, *, kind: str, due_on: date, subject: str = "", person=None, by, at: datetime) -> Activity:
    """Plan a step with a date. The earliest planned one is the card's next step."""
    hold(card)
    activity = card.activities.create(
        kind=kind, subject=subject.strip(), due_on=due_on, person=person, by=by, created_at=at
    )
    touch(card)
    return activity


@transaction.atomic
def done(activity: Activity, *, outcome: str = "", by, at: datetime) -> Activity:
    """Tick a planned step off, with what came of it. A call or meeting is a touch."""
    card = card_of(activity)
    hold(card)
    activity.refresh_from_db()
    if activity.done_at:
        raise AlreadyDone(_("This was done already."))
    activity.done_at, activity.outcome, activity.by = at, outcome.strip(), by
    activity.save(update_fields=["done_at", "outcome", "by"])
    touching.of_activity(activity, card)
    touch(card)
    return activity


@transaction.atomic
def reschedule(activity: Activity, *, due_on: date, by, at: datetime) -> Activity:
    """Give a planned step another day."""
    card = card_of(activity)
    hold(card)
    activity.refresh_from_db()
    if activity.done_at:
        raise AlreadyDone(_("This was done already."))
    activity.due_on = due_on
    activity.save(update_fields=["due_on"])
    touch(card)
    return activity


@transaction.atomic
def unplan(activity: Activity, *, by, at: datetime) -> None:
    """Take a planned step away again: it was planned by mistake. What is done stays (AlreadyDone)."""
    card = card_of(activity)
    hold(card)
    activity.refresh_from_db()
    if activity.done_at:
        raise AlreadyDone(_("This was done already."))
    activity.delete()
    touch(card)


@transaction.atomic
def note(card, *, text: str, by, at: datetime, kind: str = ActivityKind.NOTE) -> Activity:
    """Write down what was heard or done. A call or meeting is a touch."""
    if not text.strip():
        raise EmptyNote(_("Write something first."), fields=["text"])
    hold(card)
    activity = card.activities.create(kind=kind, outcome=text.strip(), done_at=at, by=by, created_at=at)
    touching.of_activity(activity, card)
    touch(card)
    return activity


def hold(card) -> None:
    """Keep the card until the transaction ends. Refused when it was merged into another."""
    stage_log.lock(card)
    refuse_merged(card)


def card_of(activity: Activity):
    return getattr(activity, "deal", None) or getattr(activity, "lead", None)
