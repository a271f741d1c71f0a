"""The way back: a lost deal's lead waits at an appropriate distance, and comes again."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import rank_between

from ..models import ActivityKind, Lead, LeadStage, Recycling
from . import _log, noting
from .moving import LeadCannotGoThere, step


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
    """Wake each waiting lead whose day has come, each in a transaction of its own; answers how many. Safe to repeat."""
    woken = 0
    for pk in list(Lead.objects.due(local_date(at)).order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            lead = Lead.objects.select_for_update(of=("self",)).get(pk=pk)
            if lead.stage == LeadStage.WAITING and lead.contact_again_on and lead.contact_again_on <= local_date(at):
                wake(lead, by=by, at=at, via=Origin.SCHEDULE)
                woken += 1
    return woken


def local_date(at: datetime) -> date:
    """The day it is at the company."""
    return at.astimezone(ZoneInfo(Company.get().time_zone)).date()
