"""The letters to and fro with a lead, as its history shows them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from ..models import Lead, Mail, MailState, Reply


def letters(leads: Iterable[Lead] | QuerySet[Lead]) -> list[dict[str, Any]]:
    """The mails they were sent and those they wrote, as entries of a history."""
    sent = Mail.objects.filter(lead__in=leads, state=MailState.SENT).select_related("by")
    replies = Reply.objects.filter(lead__in=leads).select_related("person").prefetch_related("attachments")
    return [{"kind": "mail", "at": mail.sent_at, "mail": mail, "by": mail.by} for mail in sent] + [
        {"kind": "reply", "at": reply.written_at, "reply": reply} for reply in replies
    ]
