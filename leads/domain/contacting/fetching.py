"""A mailbox is read for what people write back: new mails only, each filed once, none marked, moved or deleted.

Access is by password, or as Microsoft and Google ask for it: a refresh token buys an access token for the hour.
"""

from __future__ import annotations

import imaplib
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from ssl import create_default_context

import requests
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from pipeline_crm.jobs.models import Job
from pipeline_crm.jobs.models.job import State

from ...models import MailboxPlace
from . import filing, reading

log = logging.getLogger(__name__)

JOB = "leads.read_mailbox"
FIRST_LOOKS_BACK = timedelta(days=14)
LARGEST_MAIL = 40 * 1024 * 1024
AT_ONCE = 500
SECONDS = 20
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MailboxTrouble(Exception):
    """The mailbox cannot be read; in words, since nobody but an operator can do anything about it."""


def read_new(*, at: datetime) -> Iterator[Counter[str]]:
    """File each mail that has come since the last time: yields how many had which fate, wherever that may be committed.

    Begun anew it goes on with those that are left. What cannot be filed is logged and passed over, so that one mail
    does not stop all that follow.
    """
    fates: Counter[str] = Counter()
    with _opened() as mailbox:
        place = _place(mailbox, at=at)
        for uid in _new(mailbox, place, at=at)[:AT_ONCE]:
            fates[_taken(mailbox, uid, at=at)] += 1
            place.last_uid, place.read_at = uid, at
            place.save()
            yield fates


def last_problem() -> str:
    """Why the mailbox could not be read the last time, or nothing."""
    if not settings.IMAP_HOST:
        return ""
    last = Job.objects.filter(kind=JOB, state__in=[State.DONE, State.DEAD]).order_by("-id").first()
    if last is None:
        return ""
    return (
        str(_("The last attempt ended unexpectedly.")) if last.state == State.DEAD else last.result.get("problem", "")
    )


@contextmanager
def _opened() -> Iterator[imaplib.IMAP4]:
    """The folder, opened so that nothing in it is changed."""
    try:
        with _connected() as mailbox:
            _sign_in(mailbox)
            status, words = mailbox.select(f'"{settings.IMAP_FOLDER}"', readonly=True)
            if status != "OK":
                raise MailboxTrouble(f"{settings.IMAP_FOLDER}: {words}")
            yield mailbox
    except (OSError, imaplib.IMAP4.error, requests.RequestException) as problem:
        raise MailboxTrouble(f"{settings.IMAP_HOST}: {problem}"[:300]) from problem


def _connected() -> imaplib.IMAP4:
    host, port = settings.IMAP_HOST, settings.IMAP_PORT
    if settings.IMAP_TLS:
        return imaplib.IMAP4_SSL(host, port, timeout=SECONDS, ssl_context=create_default_context())
    return imaplib.IMAP4(host, port, timeout=SECONDS)


def _sign_in(mailbox: imaplib.IMAP4) -> None:
    if not settings.IMAP_TOKEN_URL:
        mailbox.login(settings.IMAP_USER, settings.IMAP_PASSWORD)
        return
    words = iter([f"user={settings.IMAP_USER}\x01auth=Bearer {_access_token()}\x01\x01".encode()])
    mailbox.authenticate("XOAUTH2", lambda _challenge: next(words, b""))


def _access_token() -> str:
    """Bought with the refresh token. A provider may give a new one of these in return, which is kept."""
    kept = Path(settings.VAR) / "imap_refresh_token"
    refresh_token = kept.read_text().strip() if kept.exists() else settings.IMAP_REFRESH_TOKEN
    asks = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": settings.IMAP_CLIENT_ID,
        "client_secret": settings.IMAP_CLIENT_SECRET,
    }
    answer = requests.post(settings.IMAP_TOKEN_URL, data={k: v for k, v in asks.items() if v}, timeout=SECONDS)
    if answer.status_code in (400, 401) and kept.exists():
        kept.unlink()  # the one that an operator has set anew is tried the next time
    answer.raise_for_status()
    bought = answer.json()
    if bought.get("refresh_token", refresh_token) != refresh_token:
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(bought["refresh_token"])
    return str(bought["access_token"])


def _place(mailbox: imaplib.IMAP4, *, at: datetime) -> MailboxPlace:
    """How far the folder has been read; from the beginning when it is not the one it was."""
    _kind, said = mailbox.response("UIDVALIDITY")
    validity = int(said[0]) if said and said[0] else 0
    name = f"{settings.IMAP_USER} {settings.IMAP_HOST} {settings.IMAP_FOLDER}"[:300]
    facts = {"validity": validity, "read_at": at}
    place, _is_new = MailboxPlace.objects.get_or_create(mailbox=name, defaults=facts)
    if place.validity != validity:
        place.validity, place.last_uid = validity, 0
    return place


def _new(mailbox: imaplib.IMAP4, place: MailboxPlace, *, at: datetime) -> list[int]:
    """The numbers of the mails not read yet, the oldest first; the first time those of the last two weeks."""
    first = at - FIRST_LOOKS_BACK
    since = f"SINCE {first.day:02}-{MONTHS[first.month - 1]}-{first.year}"
    _status, said = mailbox.uid("SEARCH", f"UID {place.last_uid + 1}:*" if place.last_uid else since)
    numbers = sorted(int(number) for number in (said[0] or b"").split())
    return [number for number in numbers if number > place.last_uid]


def _taken(mailbox: imaplib.IMAP4, uid: int, *, at: datetime) -> str:
    if _size(mailbox, uid) > LARGEST_MAIL:
        return "too large"
    _status, said = mailbox.uid("FETCH", str(uid), "(BODY.PEEK[])")
    raw = next((part[1] for part in said if isinstance(part, tuple)), None)
    if raw is None:  # deleted since it was found
        return "gone"
    try:
        with transaction.atomic():
            return filing.file(reading.of_bytes(raw), at=at).fate
    except reading.Unreadable:
        return "unreadable"
    except (OSError, OperationalError):  # a full disk, two who wait for each other: the mail is read again next time
        raise
    except Exception:
        log.exception("mail %s of the mailbox cannot be filed", uid)
        return "trouble"


def _size(mailbox: imaplib.IMAP4, uid: int) -> int:
    _status, said = mailbox.uid("FETCH", str(uid), "(RFC822.SIZE)")
    found = re.search(rb"RFC822\.SIZE (\d+)", said[0] or b"")
    return int(found[1]) if found else 0
