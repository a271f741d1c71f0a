"""Mails that come in are filed: on the mail they answer, the person who wrote, and their lead.

What comes from strangers is not kept, nor what colleagues write. A reply is a touch, ends the cadences its writer is
in, and is told to the lead's owner; an automatic one is only filed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation import stage_log

from ...models import Attachment, Enrolment, Lead, LeadStage, Mail, Person, Reply, TouchKind, Undeliverable
from .. import touching
from . import mailing, returning, sequencing
from .persons import same_person
from .reading import Arrived, File

LARGEST_FILE = 10 * 1024 * 1024
LARGEST_FILES = 25 * 1024 * 1024  # of one mail
MOST_FILES = 20
_PROGRAMS = (
    "ade adp apk app appx bat cab chm cmd com cpl dll dmg exe hta html htm img ins iso isp jar js jse lnk msc msi msix"
    " msp mst pif ps1 psc1 reg scf scr sct shb svg sys url vb vbe vbs vhd vxd wsc wsf wsh xhtml xll"
)
NEVER_KEPT = frozenset(_PROGRAMS.split())
OLDEST_DATE = timedelta(days=30)


class Fate(StrEnum):
    """What became of a mail that arrived."""

    FILED = "filed"
    KNOWN = "known"
    RETURNED = "returned"
    COLLEAGUE = "colleague"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Filed:
    fate: Fate
    reply: Reply | None = None


@transaction.atomic
def file(arrived: Arrived, *, at: datetime) -> Filed:
    """Keep the mail where it belongs; what became of it. The same mail again changes nothing."""
    if arrived.returned:
        return _take_back(arrived, at=at)
    if Reply.objects.filter(message_id=arrived.message_id[:300]).exists():
        return Filed(Fate.KNOWN)
    if User.objects.filter(email__iexact=arrived.sender).exists():
        return Filed(Fate.COLLEAGUE)
    mail = next((found for one in arrived.answers if (found := mailing.mail_of(one))), None)
    person = _writer(arrived.sender, mail)
    if person is None:
        return Filed(Fate.STRANGER)
    lead = mail.lead.standing if mail else lead_of(person)
    if not arrived.is_automatic:
        _end_cadences(person, mail, at=at)  # locks enrolments before leads, as taking their steps does
    if lead:
        stage_log.lock(lead)
    reply, is_new = Reply.objects.get_or_create(
        message_id=arrived.message_id[:300],
        defaults={
            "person": person,
            "lead": lead,
            "mail": mail,
            "sender": arrived.sender,
            "sender_name": arrived.sender_name,
            "subject": arrived.subject,
            "text": arrived.text,
            "quoted": arrived.quoted,
            "is_automatic": arrived.is_automatic,
            "written_at": _written_at(arrived, at),
            "received_at": at,
        },
    )
    if not is_new:
        return Filed(Fate.KNOWN)
    if not reply.is_automatic:
        _tell(reply, at=at)
    if lead:
        stage_log.touch(lead)
    _keep_files(reply, arrived.files)
    return Filed(Fate.FILED, reply)


def lead_of(person: Person) -> Lead | None:
    """Where a mail of theirs belongs: their newest open lead, else the one whose deal lives in sales, else any."""
    leads = Lead.objects.unmerged().filter(same_person(person)).order_by("-pk")
    return leads.open().first() or leads.filter(stage=LeadStage.ACCEPTED).first() or leads.first()


@transaction.atomic
def forget(person: Person) -> None:
    """Nothing is left of what they wrote, of their files and their address, except that they did, and when."""
    replies = Reply.objects.filter(person=person)
    for attachment in Attachment.objects.filter(reply__in=replies):
        _remove(attachment)
    for reply in replies:
        reply.message_id, reply.sender, reply.sender_name = f"forgotten-{reply.pk}", "", ""
        reply.subject = reply.text = reply.quoted = ""
        reply.save()
    if person.email:
        Undeliverable.objects.filter(address__iexact=person.email).delete()


def _take_back(arrived: Arrived, *, at: datetime) -> Filed:
    """A report of a mail server counts only for a mail that was ours, and for the address it went to."""
    returned = arrived.returned
    mail = mailing.mail_of(returned.message_id) if returned else None
    if returned is None or mail is None or mail.to.lower() != returned.address:
        return Filed(Fate.STRANGER)
    if returned.is_for_good:
        returning.came_back(mail.to, because=returned.because, mail=mail, at=at)
    return Filed(Fate.RETURNED)


def _writer(sender: str, mail: Mail | None) -> Person | None:
    """Whoever has the sender's address; of a stranger who answers a mail of ours, its reader. Who was erased stays so,
    whatever arrives."""
    known = returning.people_at(sender)
    person = known[-1] if known else mail.person.standing if mail else None
    return None if person is None or person.erased_at else person


def _end_cadences(person: Person, mail: Mail | None, *, at: datetime) -> None:
    """Of whoever wrote, and of whom they answer for."""
    theirs = same_person(person, "lead__person")
    theirs = theirs | same_person(mail.person, "lead__person") if mail else theirs
    for enrolment in Enrolment.objects.active().filter(theirs).select_related("lead").order_by("pk"):
        with suppress(sequencing.NotInACadence):  # it has ended since it was read
            sequencing.stop(enrolment, reason=_("They answered"), at=at)


def _tell(reply: Reply, *, at: datetime) -> None:
    key = f"reply {reply.pk}"
    touching.touch(
        reply.lead, person=reply.person, kind=TouchKind.REPLY, what=reply.subject, at=reply.written_at, key=key
    )
    owner = (reply.lead and reply.lead.owner) or (reply.mail and reply.mail.by)
    if owner and reply.lead:
        words = _("%(name)s answered: %(subject)s") % {"name": reply.person, "subject": reply}
        where = reverse("leads:lead", args=[reply.lead.pk])
        notifying.notify(owner, kind="reply", words=words, url=where, key=key, at=at)


def _written_at(arrived: Arrived, at: datetime) -> datetime:
    """When they say they wrote it, if that can be."""
    said = arrived.written_at
    return said if said and at - OLDEST_DATE < said <= at else at


def _keep_files(reply: Reply, files: tuple[File, ...]) -> None:
    left = LARGEST_FILES
    for number, one in enumerate(files[: 2 * MOST_FILES]):
        why_not = _why_not(one, number, left)
        attachment = Attachment(reply=reply, name=one.name, size=len(one.content), left_out_because=why_not)
        if not why_not:
            left -= len(one.content)
            attachment.file.save(one.name, ContentFile(one.content), save=False)
        attachment.save()


def _why_not(file: File, number: int, left: int) -> str:
    if file.name.rpartition(".")[2].strip().lower() in NEVER_KEPT:
        return _("Files of this kind can run programs.")
    if len(file.content) > min(LARGEST_FILE, left):
        return _("It is too large.")
    return _("The mail has too many files.") if number >= MOST_FILES else ""


def _remove(attachment: Attachment) -> None:
    if attachment.file:
        name, storage = str(attachment.file.name), attachment.file.storage
        transaction.on_commit(lambda: storage.delete(name))
    attachment.delete()
