"""Mails that come back, and readers who call them unwanted: an address that takes no mail is left alone."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from pipeline_crm.foundation.stage_log import touch

from ...models import Channel, Mail, MailState, Person, Undeliverable
from . import consenting


@transaction.atomic
def came_back(address: str, *, because: str, mail: Mail | None = None, at: datetime) -> None:
    """A mail to this address could not be delivered, for good: nothing more is sent there. Told twice it is once."""
    because = because or _("The mail server gave no reason.")
    Undeliverable.objects.get_or_create(
        address__iexact=address, ended_at=None, defaults={"address": address, "because": because[:300], "since": at}
    )
    if mail and not mail.returned_at:
        mail.returned_at, mail.problem = at, because[:500]
        mail.save(update_fields=["returned_at", "problem"])
    transaction.on_commit(lambda: _show(address))


@transaction.atomic
def complained(address: str, *, mail: Mail | None = None, at: datetime) -> None:
    """Its reader called the mail unwanted, which withdraws every consent of theirs."""
    left(address, mail=mail, at=at)  # leads are locked before mails, as cadences do
    if mail and not mail.complained_at:
        mail.complained_at = at
        mail.save(update_fields=["complained_at"])


@transaction.atomic
def left(address: str, *, mail: Mail | None = None, at: datetime) -> None:
    """They told the provider that delivers our mails that they want none. With the mail its reader is known, whatever
    their address is by now."""
    reader = mail.person.standing if mail else None
    people = {one.pk: one for one in (*people_at(address), *([reader] if reader and not reader.erased_at else []))}
    for _pk, person in sorted(people.items()):
        consenting.withdraw(person, channel=Channel.MAIL, at=at)


@transaction.atomic
def works_again(address: str, *, by, at: datetime) -> None:
    """Somebody knows that the address takes mails again."""
    Undeliverable.objects.filter(address__iexact=address, ended_at=None).update(ended_at=at, ended_by=by)
    transaction.on_commit(lambda: _show(address))


def undeliverable(person: Person | None) -> Undeliverable | None:
    """Since when and why mails to the person come back, or None."""
    if person is None or not person.email:
        return None
    return Undeliverable.objects.filter(address__iexact=person.email, ended_at=None).first()


def people_at(address: str) -> list[Person]:
    """Whoever has the address, the oldest first; by the address of a record that was merged, who it was merged into."""
    if not address:
        return []
    found = Person.objects.filter(email__iexact=address, erased_at=None).select_related("merged_into")
    return sorted({one.standing for one in found}, key=lambda person: person.pk)


def of_provider(message_id: str, address: str) -> Mail | None:
    """The mail that a provider speaks of by its own name for it."""
    if not message_id:
        return None
    found = Mail.objects.filter(Q(provider_id=message_id) | Q(provider_id=message_id.strip("<>")))
    return found.filter(to__iexact=address, state=MailState.SENT).first()


@transaction.atomic
def _show(address: str) -> None:
    """Whoever looks at a lead of theirs is shown, once the mail is no longer locked."""
    for person in people_at(address):
        for lead in person.leads.unmerged().select_for_update(of=("self",)).order_by("pk"):
            touch(lead)
