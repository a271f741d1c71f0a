"""Telling colleagues what concerns them: once, in the page's bell, and by mail if it cannot wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Notification, User
from pipeline_crm.jobs.domain import accepting

KEPT = timedelta(days=90)
THINKS_OVER = timedelta(minutes=1)  # what is undone or read at once is not mailed


@transaction.atomic
def notify(
    user: User, *, kind: str, words: str, url: str, key: str, at: datetime, by_mail: bool = False
) -> Notification | None:
    """Tell the person, once per key; None when they have left, or have been told already.

    `url` is a path of ours, where the person sees more. With `by_mail` a job writes to them as well a minute later,
    unless they have read it by then, or have switched that off. Anything but a path is a programming error
    (ValueError).
    """
    if not url.startswith("/") or url.startswith(("//", "/\\")):
        raise ValueError(f"not a path of ours: {url}")
    User.objects.select_for_update(of=("self",)).filter(pk=user.pk).first()
    if not user.is_active:
        return None
    said = {"kind": kind, "words": _one_line(words), "url": url, "at": at}
    told, is_new = Notification.objects.get_or_create(user=user, key=key, defaults=said)
    if not is_new:
        return None
    _count(user)
    if by_mail and user.told_by_mail:
        args = {"notification": told.pk}
        accepting.accept("accounts.mail_notification", key=str(told.pk), args=args, at=at, due_at=at + THINKS_OVER)
    return told


@transaction.atomic
def unsay(key: str) -> int:
    """What the key stands for has been taken back: who has not read of it is told no more; how many."""
    unread = Notification.objects.unread().filter(key=key)
    people = list(User.objects.filter(pk__in=unread.values("user")).order_by("pk"))
    unread.delete()
    for user in people:
        _count(user)
    return len(people)


@transaction.atomic
def read(notification: Notification, *, at: datetime) -> None:
    """The person has seen it."""
    Notification.objects.filter(pk=notification.pk, read_at=None).update(read_at=at)
    _count(notification.user)


@transaction.atomic
def read_all(user: User, *, at: datetime) -> None:
    """The person has seen everything they were told up to now."""
    Notification.objects.filter(user=user, read_at=None, at__lte=at).update(read_at=at)
    _count(user)


@transaction.atomic
def tidy(*, at: datetime) -> int:
    """Forget what was told more than three months ago; how many."""
    old = Notification.objects.filter(at__lt=at - KEPT)
    told = list(User.objects.filter(pk__in=old.filter(read_at=None).values("user")))
    forgotten = old.delete()[0]
    for user in told:
        _count(user)
    return forgotten


def as_message(notification: Notification) -> EmailMessage:
    """The notification as a mail, the same each time it is asked for."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    where = settings.SITE_URL + notification.url
    why = _("You receive this as a colleague. Switch such mails off in your profile.")
    return EmailMessage(
        subject=notification.words[:200],
        body=f"{notification.words}\n\n{where}\n\n--\n{why}\n",
        to=[notification.user.email],
        headers={"Message-ID": f"<notification-{notification.pk}@{host}>", "Auto-Submitted": "auto-generated"},
    )


def _count(user: User) -> None:
    """Keep the number that every page shows with the person, whom each request reads anyway."""
    user.unread = Notification.objects.filter(user=user).unread().count()
    User.objects.filter(pk=user.pk).update(unread=user.unread)


def _one_line(words: str) -> str:
    line = " ".join(words.replace("\x00", "").split())
    return line if len(line) <= 300 else line[:299] + "…"
