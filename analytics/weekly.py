"""The mail of Monday morning: what every report found, in words, to who leads a team and wants it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company, Role, User
from pipeline_crm.jobs.domain import accepting
from pipeline_crm.jobs.models import Job

from . import caching, catalogue, sources
from .catalogue import Report
from .selection import Selection

log = logging.getLogger(__name__)

MONDAY = 0
BEGINS = time(6)  # of the company's Monday; an hour that was missed is made up while the day lasts
KIND = "analytics.mail_weekly"


def monday(at: datetime) -> date | None:
    """The company's Monday if it is one and morning has come, else None."""
    local = at.astimezone(ZoneInfo(Company.get().time_zone))
    return local.date() if local.weekday() == MONDAY and local.time() >= BEGINS else None


def readers() -> QuerySet[User]:
    """All who lead a team, and the administrators, but for those who do not want it."""
    leading = Q(memberships__role__in=[Role.MANAGER, Role.ADMIN]) | Q(is_superuser=True)
    return User.objects.filter(leading, is_active=True, told_weekly=True).distinct().order_by("pk")


def prepare(*, at: datetime) -> Iterator[None]:
    """Compute what the mails tell, one report at a time, unless it is of this day already; nobody reads it: nothing."""
    if readers().exists():
        for pipeline in Pipeline.objects.filter(archived_at=None):
            for report in _reports():
                selection = report.asking(Selection(pipeline.pk, sources.today(pipeline, at)))
                asked = caching.question(selection, is_dated=False)
                try:
                    with transaction.atomic():
                        caching.refresh(report.name, selection, asked=asked, job=None, at=at)
                except Exception:  # the mail tells what the others found
                    log.exception("%s of %s cannot be computed", report.name, pipeline)
                yield


def post(week: date, *, at: datetime) -> int:
    """Accept a mail for each reader, once a week however often it is rung; how many readers there are."""
    people = list(readers())
    for person in people:
        args = {"user": person.pk, "week": week.isoformat()}
        accepting.accept(KIND, key=f"{week} {person.pk}", args=args, at=at)
    return len(people)


def is_posted(week: date) -> bool:
    """Whether the week's mails have been accepted."""
    return Job.objects.filter(kind=KIND, idem_key__startswith=f"{week} ").exists()


def message(user: User, week: date, *, at: datetime) -> EmailMessage | None:
    """The reader's mail, in their language; None where there is nothing to tell, or they want none any more."""
    if not readers().filter(pk=user.pk).exists():
        return None
    with translation.override(user.language or settings.LANGUAGE_CODE):
        told = [part for pipeline in _pipelines(user) if (part := _findings(pipeline, at=at))]
        if not told:
            return None
        day = date_format(week, "j F Y")
        where = settings.SITE_URL + reverse("accounts:profile")
        why = _("You receive this each Monday as somebody who leads a team. Switch it off in your profile:")
        return EmailMessage(
            subject=_("What Insight found: %(day)s") % {"day": day},
            body="\n\n\n".join(told) + f"\n\n--\n{why}\n{where}\n",
            to=[user.email],
            headers={"Message-ID": f"<weekly-{week}-{user.pk}@{_host()}>", "Auto-Submitted": "auto-generated"},
        )


def _reports() -> list[Report]:
    """In the order of the tabs."""
    return [
        catalogue.REPORTS[page.name]
        for group in catalogue.tabs()
        for page in group.pages
        if page.name in catalogue.REPORTS
    ]


def _pipelines(user: User) -> QuerySet[Pipeline]:
    return Pipeline.objects.visible_to(user).filter(archived_at=None).order_by("-is_default", "pk")


def _findings(pipeline: Pipeline, *, at: datetime) -> str:
    """Each report's finding with the way to its page; empty where nothing has been computed of the pipeline."""
    lines = []
    for report in _reports():
        selection = report.asking(Selection(pipeline.pk, sources.today(pipeline, at)))
        run = caching.newest(report.name, selection, is_dated=False)
        if run:
            finding = report.finding(run.result)
            lines.append(
                f"* {_sentence(finding['head'])} {finding['sentence']}\n  {_address(pipeline, report.address)}"
            )
    if not lines:
        return ""
    whole = _address(pipeline, reverse("analytics:all_printed_as_pdf"))
    return "\n\n".join([str(pipeline).upper(), *lines, f"{_('All of it, with tables and charts:')}\n  {whole}"])


def _sentence(head: Any) -> str:
    text = str(head)
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _address(pipeline: Pipeline, path: str) -> str:
    return f"{settings.SITE_URL}{path}?pipeline={pipeline.pk}"


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
