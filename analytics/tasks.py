"""Doorbells: a report that a page waits for, and the norms of each day."""

import logging
from collections.abc import Generator
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import User
from pipeline_crm.jobs.kinds import BULK, job_kind
from pipeline_crm.jobs.models import Job

from . import caching, chances, foreseeing, grading, norming, recording, retries, sources, watching, weekly
from .selection import Selection

log = logging.getLogger(__name__)


@job_kind(caching.KIND, title=_("Computing a report"))
def report(job: Job, *, name: str, question: str, **selection: Any) -> dict[str, Any]:
    """Safe to ring twice: a report of the same logs is computed once."""
    job.set_progress(0, 1, _("Reading the log"))
    run = caching.refresh(name, Selection.from_arguments(**selection), asked=question, job=job, at=timezone.now())
    caching.forget_superseded(name, question, at=timezone.now())
    return {"run": run.pk}


@job_kind("analytics.settle", title=_("Packing the log for reports"), queue=BULK)
def settle(job: Job) -> dict[str, Any]:
    sources.forget(at=timezone.now())
    return {"packed": sources.settle()}


@job_kind("analytics.watch", title=_("Watching for bottlenecks"))
def watch(job: Job) -> dict[str, Any]:
    return {"told": watching.watch(at=timezone.now())}


@job_kind("analytics.record", title=_("Keeping what is forecast"), queue=BULK)
def record(job: Job) -> Generator[None, None, dict[str, Any]]:
    """What cannot be kept of one pipeline keeps nothing of the others back; the job is tried again for it."""
    kept, troubles = 0, list[Exception]()
    for evening in recording.due(at=timezone.now()):
        for selection in evening.selections:
            try:
                kept += evening.keep(selection, at=timezone.now())
            except Exception as trouble:
                log.exception("the forecast of %s cannot be kept", selection)
                troubles.append(trouble)
            yield
    if troubles:
        raise troubles[0]
    return {"kept": kept}


@job_kind("analytics.weekly", title=_("Writing to managers what Insight found"), queue=BULK)
def write_weekly(job: Job) -> Generator[None, None, dict[str, Any]]:
    """On the company's Monday morning the reports are computed, and then a mail is accepted for each reader."""
    week = weekly.monday(timezone.now())
    if week is None or weekly.is_posted(week):
        return {"mails": 0}
    yield from weekly.prepare(at=timezone.now())
    return {"mails": weekly.post(week, at=timezone.now())}


@job_kind(weekly.KIND, title=_("Mailing what Insight found"))
def mail_weekly(job: Job, *, user: int, week: str) -> dict[str, Any]:
    written = weekly.message(User.objects.get(pk=user), date.fromisoformat(week), at=timezone.now())
    return {"sent": written.send() if written else 0}


@job_kind("analytics.learn_norms", title=_("Learning how long stages take"))
def learn_norms(job: Job) -> dict[str, Any]:
    return {"written": norming.learn(at=timezone.now())}


@job_kind("analytics.learn_chances", title=_("Learning which leads become deals"))
def learn_chances(job: Job) -> dict[str, Any]:
    return {"written": chances.learn(at=timezone.now())}


@job_kind("analytics.learn_retries", title=_("Learning when to ask again after a loss"))
def learn_retries(job: Job) -> dict[str, Any]:
    return {"written": retries.learn(at=timezone.now())}


@job_kind("analytics.foresee", title=_("Learning what becomes of open deals"))
def foresee(job: Job) -> dict[str, Any]:
    return {"written": foreseeing.foresee(at=timezone.now())}


@job_kind("analytics.grade_judgements", title=_("Writing down what came of what people expected"))
def grade_judgements(job: Job) -> dict[str, Any]:
    return {"written": grading.write_outcomes(at=timezone.now())}
