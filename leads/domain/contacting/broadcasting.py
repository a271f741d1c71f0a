"""One mail to a whole segment: each reader's own, at the moment that is appropriate for them, or the reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain import accepting

from ...models import Lead, Mailing, MailingLine, MailTemplate, Segment, WhyNot
from . import consenting, mailing, recalling, returning, sequencing, templating

AT_ONCE = 20
WHY: dict[type[Refusal], WhyNot] = {
    mailing.NobodyToWriteTo: WhyNot.NOBODY,
    mailing.ComesBack: WhyNot.RETURNED,
    mailing.NoBasis: WhyNot.NO_BASIS,
    mailing.NotNow: WhyNot.NEVER,
    templating.NothingToPutIn: WhyNot.NOT_KNOWN,
}
Members = Callable[[], QuerySet[Lead]]


class NotOffered(Refusal):
    """What is archived is used no more."""


@transaction.atomic
def begin(segment: Segment, template: MailTemplate, *, by, at: datetime) -> Mailing:
    """Accept the mailing: a job writes the mails, of which each goes out once it may.

    Refused (NotOffered): a template or segment that is archived.
    """
    if template.archived_at or segment.archived_at:
        raise NotOffered(_("This is archived. Choose another."), fields=["template"])
    made = Mailing.objects.create(segment=segment, template=template, by=by, at=at)
    accepting.accept("leads.write_mailing", key=f"mailing {made.pk}", args={"mailing": made.pk}, by=by, at=at)
    return made


def write(mailed: Mailing, members: Members, *, at: datetime) -> Iterator[int]:
    """Write the mails, one to each: yields how many leads were looked at, wherever that may be committed. Begun anew
    it goes on with those that are left."""
    if mailed.written_at:
        return
    seen = 0
    while some := list(_left(mailed, members())[:AT_ONCE]):
        for lead in some:
            _write_one(mailed, lead, at=at)
        seen += len(some)
        yield seen
    mailed.written_at = at
    mailed.save(update_fields=["written_at"])


def why_not(lead: Lead, template: MailTemplate, *, by, at: datetime) -> str:
    """Why the lead would get no mail from this template now, or nothing; nobody is written to by asking."""
    if lead.stage not in consenting.WITH_MARKETING:
        return WhyNot.BUSY
    person = lead.person
    if person is None or not person.email:
        return WhyNot.NOBODY
    if consenting.basis_for(person, template.purpose) is None:
        return WhyNot.NO_BASIS
    if returning.undeliverable(person):
        return WhyNot.RETURNED
    try:
        mailing.compose(lead, template, by=by)
    except templating.NothingToPutIn:
        return WhyNot.NOT_KNOWN
    return WhyNot.NEVER if recalling.next_moment(lead, at=_from(lead, at)).at is None else ""


def sums(mailed: Mailing) -> list[tuple[str, int]]:
    """[(why not, how many)], those that were written to first, under the empty reason."""
    counted = Counter(mailed.lines.values_list("why_not", flat=True))
    return sorted(counted.items(), key=lambda one: (one[0] != "", -one[1], one[0]))


def _left(mailed: Mailing, members: QuerySet[Lead]) -> QuerySet[Lead]:
    done = MailingLine.objects.filter(mailing=mailed, lead=OuterRef("pk"))
    return members.filter(~Exists(done)).select_related("person", "organisation", "owner").order_by("pk")


@transaction.atomic
def _write_one(mailed: Mailing, lead: Lead, *, at: datetime) -> None:
    line = MailingLine(mailing=mailed, lead=lead)
    if lead.stage not in consenting.WITH_MARKETING:  # whoever is offered to sales waits for its word
        line.why_not = WhyNot.BUSY
    elif lead.person and lead.person.email and _has_it(mailed, lead.person.email):
        line.why_not = WhyNot.TWICE
    else:
        try:
            with transaction.atomic():
                line.mail = mailing.queue(lead, mailed.template, by=mailed.by, at=at, not_before=_from(lead, at))
        except Refusal as refusal:
            line.why_not = WHY.get(type(refusal), WhyNot.NEVER)
    line.save()


def _from(lead: Lead, at: datetime) -> datetime:
    """The moment from which the lead may be written to: who is to be contacted again on a day is left alone till then,
    as cadences do."""
    return max(at, sequencing.day_to_contact_again(lead) or at)


def _has_it(mailed: Mailing, address: str) -> bool:
    return mailed.lines.filter(mail__to__iexact=address).exists()
