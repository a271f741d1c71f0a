"""The way back: a lost deal's lead waits at an appropriate distance, and comes again."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation import ranks, stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.loading import copy_in
from pipeline_crm.foundation.placing import rank_between

from ..models import ActivityKind, Basis, Consent, Lead, LeadActivity, LeadStage, Recycling
from . import _log, noting
from .contacting import consenting
from .contacting.persons import erased_among
from .moving import LeadCannotGoThere, step

AT_ONCE = 500


class ContactAgainInPast(Refusal):
    """The appropriate distance lies ahead."""

    status = 422


@transaction.atomic
def put_back(
    lead: Lead,
    *,
    contact_again_on: date,
    reason: str = "",
    amount=None,
    currency: str | None = None,
    by,
    at,
    via: str = Origin.USER,
    batch=None,
) -> Lead:
    """Return an accepted lead to marketing: it waits until `contact_again_on`, and its next deal is one attempt later.

    Refused unless sales had it (LeadCannotGoThere), and for a day before the return (ContactAgainInPast).
    """
    _log.lock(lead)
    if lead.stage != LeadStage.ACCEPTED:
        raise LeadCannotGoThere(
            _("%(name)s is with marketing already, in %(stage)s.")
            % {"name": lead.name, "stage": lead.get_stage_display()},
            card=lead,
            stage=lead.stage,
        )
    if contact_again_on < local_date(at):
        raise ContactAgainInPast(
            _("Choose a day to contact again that lies ahead."), card=lead, fields=["contact_again_on"]
        )
    attempt, lead.attempt = lead.attempt, lead.attempt + 1
    lead.contact_again_on = contact_again_on
    lead.rank = rank_between(Lead.objects.in_stage(LeadStage.WAITING))
    _log.append(lead, to=LeadStage.WAITING, at=at, by=by, source=via, batch=batch)
    Recycling.objects.create(
        lead=lead,
        seq=lead.seq,
        attempt=attempt,
        reason=reason,
        amount=amount,
        currency=currency or lead.currency,
        contact_again_on=contact_again_on,
        by=by,
        at=at,
    )
    return lead


@transaction.atomic
def let_go(lead: Lead, *, reason: str, by, at, via: str = Origin.USER, batch=None) -> Lead:
    """End the tries: a lead that sales had is disqualified instead of waiting for another day.

    Refused unless sales had it (LeadCannotGoThere).
    """
    _log.lock(lead)
    if lead.stage != LeadStage.ACCEPTED:
        raise LeadCannotGoThere(
            _("%(name)s is with marketing already, in %(stage)s.")
            % {"name": lead.name, "stage": lead.get_stage_display()},
            card=lead,
            stage=lead.stage,
        )
    lead.rank = rank_between(Lead.objects.in_stage(LeadStage.DISQUALIFIED))
    _log.append(lead, to=LeadStage.DISQUALIFIED, reason=reason[:200], at=at, by=by, source=via, batch=batch)
    return lead


def was_let_go(lead: Lead) -> bool:
    """Whether its last step is the end of its tries, and not a word of marketing."""
    story = stage_log.history(lead)
    return len(story) > 1 and (story[-2].to_key, story[-1].to_key) == (LeadStage.ACCEPTED, LeadStage.DISQUALIFIED)


def hold(lead: Lead) -> None:
    """Keep the lead until the transaction ends: whoever opens or takes up a deal of it waits, or has done so before."""
    _log.lock(lead)


@transaction.atomic
def wake(lead: Lead, *, by, at, via: str = Origin.USER) -> Lead:
    """End the wait: the lead goes to Nurturing, with a task to contact it today."""
    _log.lock(lead)
    if lead.stage != LeadStage.WAITING:
        raise LeadCannotGoThere(_("%(name)s is not waiting.") % {"name": lead.name}, card=lead, stage=lead.stage)
    step(lead, to=LeadStage.NURTURING, by=by, at=at, via=via)
    noting.plan(lead, kind=ActivityKind.TASK, subject=_("Contact again"), due_on=local_date(at), by=by, at=at)
    return lead


def wake_due(*, at: datetime, by=None) -> int:
    """Wake every waiting lead whose day has come; how many. Safe to repeat: each is woken once."""
    woken = 0
    while some := wake_some(at=at, by=by):
        woken += some
    return woken


@transaction.atomic
def wake_some(*, at: datetime, by=None, most: int = AT_ONCE) -> int:
    """Wake some hundreds of those whose day has come, in one transaction; how many, and none when all are awake.

    Leads that somebody works on at the moment are left for the next time. Who unsubscribed while sales had them goes to
    Unsubscribed instead, and nobody is asked to contact them.
    """
    due = Lead.objects.due(local_date(at)).filter(stage_entered_at__lte=at).order_by("pk")[:most]
    found = list(due.select_for_update(of=("self",), skip_locked=True))
    leaving = _who_has_left(found)
    for lead in leaving:
        step(lead, to=LeadStage.UNSUBSCRIBED, by=by, at=at, via=Origin.SCHEDULE)
    leads = [lead for lead in found if lead not in leaving]
    first = Lead.objects.in_stage(LeadStage.NURTURING).order_by("rank").values_list("rank", flat=True).first()
    for lead, rank in zip(leads, ranks.many(len(leads), after=first), strict=True):
        lead.contact_again_on, lead.rank = None, rank
    _log.append_many(leads, to=LeadStage.NURTURING, at=at, by=by, source=Origin.SCHEDULE)
    task = {"kind": ActivityKind.TASK, "subject": _("Contact again"), "due_on": local_date(at), "by": by}
    copy_in([LeadActivity(lead=lead, created_at=at, **task) for lead in leads])
    return len(found)


def local_date(at: datetime) -> date:
    """The day it is at the company."""
    return at.astimezone(ZoneInfo(Company.get().time_zone)).date()


def _who_has_left(leads: list[Lead]) -> list[Lead]:
    """A few questions for all of them; only whoever has ever withdrawn is looked at closely."""
    people = {lead.person_id for lead in leads if lead.person_id}
    withdrew = Consent.objects.filter(person__in=people, basis=Basis.WITHDRAWN).values_list("person_id", flat=True)
    ended = Lead.objects.filter(person__in=people, stage=LeadStage.UNSUBSCRIBED).values_list("person_id", flat=True)
    perhaps = {*withdrew, *ended, *erased_among(people)}
    return [lead for lead in leads if lead.person_id in perhaps and consenting.has_left(lead.person)]
