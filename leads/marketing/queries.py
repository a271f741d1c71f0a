"""The letters to and fro with a lead, as its history shows them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from ..models import Lead, Mail, MailState, Reply, Touch, TouchKind


def letters(leads: Iterable[Lead] | QuerySet[Lead]) -> list[dict[str, Any]]:
    """The mails they were sent, those they wrote, and the links they followed, as entries of a history."""
    sent = Mail.objects.filter(lead__in=leads, state=MailState.SENT).select_related("by")
    replies = Reply.objects.filter(lead__in=leads).select_related("person").prefetch_related("attachments")
    clicks = Touch.objects.filter(lead__in=leads, kind=TouchKind.CLICK).select_related("person")
    return [
        *({"kind": "mail", "at": mail.sent_at, "mail": mail, "by": mail.by} for mail in sent),
        *({"kind": "reply", "at": reply.written_at, "reply": reply} for reply in replies),
        *({"kind": "click", "at": click.at, "click": click} for click in clicks),
    ]
