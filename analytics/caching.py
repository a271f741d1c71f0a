"""Stored reports: nothing is computed twice.

The key is report + selection + head: how far the logs have come, and what rates, stages and prices are set to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pipeline_crm.jobs.domain.accepting import accept
from pipeline_crm.jobs.models import Job
from pipeline_crm.jobs.models.job import State

from . import catalogue, sources
from .models import ReportRun
from .selection import Selection

NO_DAY = date(1970, 1, 1)
KIND = "analytics.report"
SUPPOSED_FOR = timedelta(days=2)
SHAPE = 8  # raise it when the facts of a report change their shape or meaning: stored ones are then computed anew


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be shown now: the newest run, and the job that makes a fresher one, if one is needed."""

    run: ReportRun | None
    job: Job | None

    @property
    def is_fresh(self) -> bool:
        return self.job is None

    @property
    def is_updating(self) -> bool:
        return self.job is not None and not self.job.is_finished

    @property
    def has_failed(self) -> bool:
        return self.job is not None and self.job.is_finished


def question(selection: Selection, *, is_dated: bool) -> str:
    """The same for a page asked without a date on different days; with a date, that date's own."""
    return selection.digest() if is_dated else replace(selection, as_of=NO_DAY).digest()


def standing(name: str, selection: Selection, *, is_dated: bool, by) -> Standing:
    """The stored report; where it is not of this day and head, a job is accepted that makes it so."""
    exact = known(name, selection)
    if exact:
        return Standing(exact, None)
    asked = question(selection, is_dated=is_dated)
    job = _job(f"{name} {selection.digest()} {_head(name)}", name, asked, selection, by)
    return Standing(newest(name, selection, is_dated=is_dated), job)


def known(name: str, selection: Selection) -> ReportRun | None:
    """The report of this day and head, if it is there already; no job is asked for it."""
    return ReportRun.objects.filter(report=name, digest=selection.digest(), head=_head(name)).first()


def newest(name: str, selection: Selection, *, is_dated: bool) -> ReportRun | None:
    """The newest answer there is to the question, in the present shape, however old."""
    run = ReportRun.objects.newest_for(name, question(selection, is_dated=is_dated))
    return run if run and run.head.startswith(f"{SHAPE}:") else None


def refresh(name: str, selection: Selection, *, asked: str, job: Job | None, at: datetime) -> ReportRun:
    """Compute and store the report of the logs as they are, unless that was done already."""
    head = _head(name)
    digest = selection.digest()
    known = ReportRun.objects.filter(report=name, digest=digest, head=head).first()
    if known:
        return known
    begun = time.perf_counter()
    result = catalogue.compute(name, selection)
    took = round((time.perf_counter() - begun) * 1000)
    run, is_new = ReportRun.objects.get_or_create(
        report=name,
        digest=digest,
        head=head,
        defaults={
            "question": asked,
            "as_of": selection.as_of,
            "result": result,
            "computed_at": at,
            "took_ms": took,
            "job": job,
        },
    )
    return run


def _head(name: str) -> str:
    beside = catalogue.KEPT[name].head()
    return ":".join(part for part in (str(SHAPE), sources.log_head(), sources.settings_digest(), beside) if part)


def _job(key: str, name: str, asked: str, selection: Selection, by) -> Job:
    """The job that computes the report; a new one where the former is done but its figures are no longer kept."""
    args = {"name": name, "question": asked, **selection.as_arguments()}
    job = accept(KIND, key=key, args=args, by=by)
    return accept(KIND, key=f"{key} after {job.pk}", args=args, by=by) if job.state == State.DONE else job


def forget_superseded(name: str, asked: str, *, at: datetime, keep: int = 3) -> None:
    """Drop all but the newest runs of a question; and what was supposed once, since nobody asks that again."""
    ReportRun.objects.filter(report="what_if", result__curves=None, computed_at__lt=at - SUPPOSED_FOR).delete()
    runs = ReportRun.objects.filter(report=name, question=asked).order_by("-computed_at").values_list("pk", flat=True)
    ReportRun.objects.filter(pk__in=list(runs[keep:])).delete()


__all__ = ["KIND", "Standing", "forget_superseded", "known", "question", "refresh", "standing"]
