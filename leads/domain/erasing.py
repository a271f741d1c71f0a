"""Forgetting a person: their row, and the words of and about them, say nothing any more. See decision 9.

Ids, stages, days and amounts stay, so no number changes. Each app blanks its own tables (registered with `erases`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain._log import note
from pipeline_crm.accounts.models import Notification
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.models import Request
from pipeline_crm.jobs.models import Job

from ..models import (
    Batch,
    Capture,
    Consent,
    ConsentProof,
    Enrolment,
    Lead,
    LeadActivity,
    LeadAmendment,
    LeadChange,
    LeadEvent,
    Mail,
    MailState,
    Merge,
    MergeKind,
    Person,
    Reply,
    Touch,
)
from . import merging
from .contacting import filing, mailing, sequencing
from .contacting.persons import addresses, mark_of

ERASED = "erased"
NOBODY = "erased@erased.invalid"
SHORTEST = 3  # a part of a name that is looked for in other texts
TEXTS = ("title", "tags")  # of a lead's fields, those that hold words


class ErasedAlready(Refusal):
    """Who was erased is not known any more."""


@dataclass(frozen=True)
class Subject:
    """Who is erased: their records, their leads, and the words by which texts would name them."""

    people: list[Person]
    leads: list[int]
    words: list[str]

    @property
    def naming(self) -> str:
        """A pattern, of Python and of PostgreSQL, that finds a word of theirs however it is written."""
        return "|".join(re.escape(word) for word in self.words) or "(?!)"

    @property
    def naming_whole(self) -> str:
        """As `naming`, where nothing else says that the text is about them: no part of another word counts."""
        return rf"(?<!\w)(?:{self.naming})(?!\w)"

    def names(self, text: str) -> bool:
        return re.search(self.naming, text, re.IGNORECASE) is not None

    def without(self, text: str) -> str:
        return re.sub(self.naming, "…", text, flags=re.IGNORECASE)


Eraser = Callable[[Subject], None]
_erasers: list[Eraser] = []


def erases(eraser: Eraser) -> Eraser:
    """Register `eraser(subject)`, which blanks what an app holds of them."""
    if eraser not in _erasers:
        _erasers.append(eraser)
    return eraser


@transaction.atomic
def erase(person: Person, *, by, at: datetime) -> Person:
    """Erase the person with all of their records: those merged, and those with one of their addresses.

    Cadences end and mails that wait are not sent. Who did it is written down. It cannot be undone. Refused for who was
    erased (ErasedAlready).
    """
    people = records(person)
    merging.hold_cards(Q(person__in=people))
    list(Person.objects.select_for_update(of=("self",)).filter(pk__in=[one.pk for one in people]).order_by("pk"))
    person.refresh_from_db()
    if person.erased_at:
        raise ErasedAlready(_("This person has been erased already."))
    subject = subject_of(people)
    _stop_contact(subject, by=by, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pipeline.erases', 'yes', true)")
        for eraser in _erasers:
            eraser(subject)
        cursor.execute("SELECT set_config('pipeline.erases', '', true)")
    for one in people:
        one.erased_at, one.erased_mark = at, mark_of(one.email)
        one.name = one.email = one.phone = one.phone_e164 = one.role = one.time_zone = ""
        one.organisation = None
        one.save()
        note(one, "erased", False, True, by=by, at=at)
    merging.show_anew(*people)
    person.refresh_from_db()
    return person


def records(person: Person) -> list[Person]:
    """All records of the person that are not erased yet."""
    mine = Q(pk=person.standing.pk) | Q(merged_into=person.standing)
    for address in addresses(person.standing):
        mine |= Q(email__iexact=address)
    found = Person.objects.filter(mine)
    return list(Person.objects.filter(Q(pk__in=found) | Q(merged_into__in=found), erased_at=None).order_by("pk"))


def subject_of(people: Sequence[Person]) -> Subject:
    words = {one.name for one in people} | {one.email for one in people} | {one.phone for one in people}
    words |= {part for one in people for part in one.name.split() if len(part) >= SHORTEST}
    leads = Lead.objects.filter(person__in=people).values_list("pk", flat=True)
    known = sorted((word for word in words if word.strip()), key=len, reverse=True)
    return Subject(list(people), sorted(leads), known)


def blank_activities(activities: QuerySet) -> None:
    """What was planned and done stays, with its day and kind; what was said about it goes."""
    activities.update(subject="", outcome="")


def blank_changes(changes: QuerySet, fields: Sequence[str], subject: Subject) -> None:
    """Words in a log of changes become "erased" where they name the person. Amounts, days and ids are left."""
    for change in changes.filter(field__in=fields):
        if subject.names(json.dumps([change.before, change.after], ensure_ascii=False)):
            gone = {name: ERASED for name in ("before", "after") if getattr(change, name) is not None}
            changes.filter(pk=change.pk).update(**gone)


def blank_reasons(log: QuerySet, subject: Subject) -> None:
    """A reason that names the person becomes "erased"."""
    if subject.words:
        log.filter(reason__iregex=subject.naming).update(reason=ERASED)


def discrepancies() -> Iterator[str]:
    """Sentences about words that are left of who was erased; none when all is well. Repairs nothing."""
    erased = Person.objects.exclude(erased_at=None)
    for person in erased.exclude(name="", email="", phone="", phone_e164="", role=""):
        yield f"person {person.pk}: erased, but something is still known of them"
    said = (
        Mail.objects.exclude(text="", subject="", to=NOBODY).filter(person__in=erased),
        Reply.objects.exclude(text="", subject="", quoted="", sender="").filter(person__in=erased),
        LeadActivity.objects.exclude(subject="", outcome="").filter(person__in=erased),
        ConsentProof.objects.filter(consent__person__in=erased),
    )
    for rows in said:
        for pk in rows.values_list("pk", flat=True):
            yield f"{rows.model._meta.verbose_name} {pk}: its person was erased, its words were not"


@erases
def of_leads(subject: Subject) -> None:
    """Mails both ways, forms, proofs, activities, answers, titles and logs of their leads."""
    people, leads = subject.people, Lead.objects.filter(pk__in=subject.leads)
    mine = Q(lead__in=leads) | Q(person__in=people)
    for one in people:
        filing.forget(one)
    Mail.objects.filter(person__in=people).update(to=NOBODY, subject="", text="", problem="")
    consents = Consent.objects.filter(person__in=people).values_list("pk", flat=True)
    ConsentProof.objects.filter(consent__in=list(consents)).delete()  # by their numbers: by no plan it reads them all
    _blank_captures(subject)
    blank_activities(LeadActivity.objects.filter(mine))
    for touch in Touch.objects.filter(mine):
        touch.what, touch.page = "", _without_query(touch.page)
        touch.save(update_fields=["what", "page"])
    for lead in leads:
        lead.answers.update(note="")
        lead.title, lead.tags = subject.without(lead.title), [subject.without(tag) for tag in lead.tags]
        lead.save(update_fields=["title", "tags"])
    blank_changes(LeadChange.objects.filter(lead__in=leads), TEXTS, subject)
    blank_reasons(LeadEvent.objects.filter(card__in=leads), subject)
    blank_reasons(LeadAmendment.objects.filter(card__in=leads), subject)
    ids = [one.pk for one in people]
    merges = Q(kind=MergeKind.PERSON) & (Q(keep__in=ids) | Q(other__in=ids))
    merges |= Q(kind=MergeKind.LEAD) & (Q(keep__in=subject.leads) | Q(other__in=subject.leads))
    Merge.objects.filter(merges).update(took={})


@erases
def of_the_house(subject: Subject) -> None:
    """Notifications, answers kept for repeated requests, and what jobs and imports said."""
    if not subject.words:
        return
    about = Q(words__iregex=subject.naming_whole)
    for pk in subject.leads:
        about |= Q(url__startswith=f"/leads/{pk}/")
    Notification.objects.filter(about).delete()
    Request.objects.filter(body__iregex=subject.naming_whole).delete()
    whole = [word for word in subject.words if " " in word or "@" in word] or subject.words
    named = re.compile("|".join(re.escape(word) for word in whole), re.IGNORECASE)
    for job in Job.objects.filter(Q(last_error__iregex=named.pattern) | _in_json("result", whole)):
        job.last_error, job.result = named.sub("…", job.last_error), _json_without(job.result, named)
        job.save(update_fields=["last_error", "result"])
    for batch in Batch.objects.filter(_in_json("summary", whole)):
        batch.summary = _json_without(batch.summary, named)
        batch.save(update_fields=["summary"])


def _stop_contact(subject: Subject, *, by, at: datetime) -> None:
    for enrolment in Enrolment.objects.active().filter(lead__in=subject.leads):
        sequencing.stop(enrolment, by=by, at=at)
    for mail in Mail.objects.filter(person__in=subject.people, state=MailState.WAITING):
        mailing.cancel(mail, by=by, at=at)


def _blank_captures(subject: Subject) -> None:
    """What forms said goes; that one came, when, by which campaign and page stays. Unconfirmed ones go as a whole."""
    captures = Capture.objects.filter(lead__in=subject.leads)
    for one in subject.people:
        if one.email:
            captures |= Capture.objects.filter(said__email=one.email.lower())
    captures.filter(lead=None).delete()
    for capture in captures.exclude(lead=None):
        capture.said, capture.address, capture.agent = {}, None, ""
        capture.page = _without_query(capture.page)
        capture.save(update_fields=["said", "address", "agent", "page"])


def _without_query(page: str) -> str:
    """The address of a page, which reports count by, without what stood behind it."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _in_json(field: str, words: Sequence[str]) -> Q:
    found = Q(pk__in=[])
    for word in words:
        found |= Q(**{f"{field}__icontains": word})
    return found


def _json_without(value: Any, named: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return named.sub("…", value)
    if isinstance(value, list):
        return [_json_without(one, named) for one in value]
    if isinstance(value, dict):
        return {key: _json_without(one, named) for key, one in value.items()}
    return value
