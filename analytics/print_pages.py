"""Insight on paper: one report, or what all of them found, as a page for printing and as PDF."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from pipeline_crm.foundation.permissions import allows

from . import caching, catalogue, presenting
from .catalogue import REPORTS, Report
from .forms import ReportFilter
from .printing import paper
from .views import CAN_SEE, FIRST_PAGE


@allows(CAN_SEE)
@require_GET
@never_cache
def printed(request: HttpRequest, name: str) -> HttpResponse:
    """The report for printing; where its figures are not there yet, its own page, on which they come."""
    asked = _asked(request)
    html = _one(request, asked, _report(name))
    return HttpResponse(html) if html else redirect(_address(asked, "analytics:report", name))


@allows(CAN_SEE)
@require_GET
@never_cache
def printed_as_pdf(request: HttpRequest, name: str) -> HttpResponse:
    """As PDF; where this server cannot make any, the page for printing, which says so."""
    asked = _asked(request)
    if not paper.can_set():
        return redirect(_address(asked, "analytics:printed", name))
    html = _one(request, asked, _report(name))
    return _as_file(html, name) if html else redirect(_address(asked, "analytics:report", name))


@allows(CAN_SEE)
@require_GET
@never_cache
def all_printed(request: HttpRequest) -> HttpResponse:
    """What all reports found, and then each of them; those still being computed are named."""
    asked = _asked(request)
    html = _all(request, asked)
    return HttpResponse(html) if html else redirect(_address(asked, "analytics:report", FIRST_PAGE))


@allows(CAN_SEE)
@require_GET
@never_cache
def all_printed_as_pdf(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    if not paper.can_set():
        return redirect(_address(asked, "analytics:all_printed"))
    html = _all(request, asked)
    return _as_file(html, "insight") if html else redirect(_address(asked, "analytics:report", FIRST_PAGE))


def _one(request: HttpRequest, asked: ReportFilter, report: Report) -> str:
    part = _part(request, asked, report)
    if part is None:
        return ""
    back = _address(asked, "analytics:report", report.name)
    return paper.printed(request, [part], title=report.title, back=back, **_said(asked))


def _all(request: HttpRequest, asked: ReportFilter) -> str:
    reports = [REPORTS[page.name] for group in catalogue.tabs() for page in group.pages if page.name in REPORTS]
    parts = {report.name: _part(request, asked, report) for report in reports}
    there = [part for part in parts.values() if part]
    if not there:
        return ""
    return paper.printed(
        request,
        there,
        title=_("What Insight found"),
        findings=[{"report": REPORTS[part.name], "finding": part.context["finding"]} for part in there],
        awaited=[str(report.title) for report in reports if parts[report.name] is None],
        back=_address(asked, "analytics:report", FIRST_PAGE),
        **_said(asked),
    )


def _part(request: HttpRequest, asked: ReportFilter, report: Report) -> paper.Part | None:
    """What is stored of the report, however old; a job is accepted where it is not of this day and head."""
    selection = asked.selection()
    if selection is None:
        return None
    standing = caching.standing(report.name, report.asking(selection), is_dated=asked.is_dated, by=request.user)
    if standing.run is None:
        return None
    facts = standing.run.result
    shown = presenting.page(report, facts) | {"report": report, "standing": standing, **_said(asked)}
    return paper.Part(report.name, report.title, report.body, report.figures(facts), shown)


def _said(asked: ReportFilter) -> dict[str, Any]:
    return {
        "filter": asked,
        "selection": asked.selection(),
        "pipeline": asked.chosen_pipeline,
        "cannot_set": not paper.can_set(),
    }


def _asked(request: HttpRequest) -> ReportFilter:
    return ReportFilter.asked_by(request, user=request.user, at=timezone.now())


def _report(name: str) -> Report:
    if name not in REPORTS:
        raise Http404
    return REPORTS[name]


def _address(asked: ReportFilter, route: str, *args: str) -> str:
    query = asked.query()
    return f"{reverse(route, args=args)}{f'?{query}' if query else ''}"


def _as_file(html: str, name: str) -> HttpResponse:
    response = HttpResponse(paper.pdf(html), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}-{timezone.localdate()}.pdf"'
    return response
