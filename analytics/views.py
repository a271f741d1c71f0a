"""Insight: stored reports as pages and files. What is stale is shown with its age while a job computes it anew."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.permissions import allows

from . import caching, exports, listing, presenting
from .behind import NoSuchStage
from .catalogue import REPORTS, Facts, Report
from .forms import CardsFilter, ReportFilter
from .improvement_pages import ImprovementForm

CAN_SEE = "insight.view"
FIRST_PAGE = "river"


@allows(CAN_SEE)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("analytics:report", FIRST_PAGE)


@allows(CAN_SEE)
@require_GET
@never_cache
def report(request: HttpRequest, name: str) -> HttpResponse:
    """While figures are computed the page asks again each second, and is given them as soon as they are there."""
    shown, asked, standing = _asked(request, name)
    context: dict[str, Any] = {
        "report": shown,
        "filter": asked,
        "pipeline": asked.chosen_pipeline,
        "page_path": request.path,
        "standing": standing,
    }
    if name == "improve" and asked.chosen_pipeline and request.user.has_perm("analytics.improve"):
        context["improving"] = ImprovementForm(pipeline=asked.chosen_pipeline)
    if standing and standing.run:
        context |= presenting.page(shown, standing.run.result)
        if name == FIRST_PAGE and not standing.is_updating:
            context["others"] = _other_findings(asked, by=request.user)
    if standing and standing.is_updating:
        return render_page(request, "analytics/report.html", context, fragments=["freshness"])
    response = render_page(request, "analytics/report.html", context, fragments=["report"])
    if is_fragment_request(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#report", "outerHTML"
    return response


@allows(CAN_SEE)
@require_GET
@never_cache
def report_as_json(request: HttpRequest, name: str) -> HttpResponse:
    """The newest figures; while there are none yet, 202 and the job that makes them."""
    shown, _filter, standing = _asked(request, name)
    if standing is None or standing.run is None:
        return _not_yet(standing)
    response = JsonResponse(shown.shape(standing.run.result), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Last-Modified"] = standing.run.computed_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return response


@allows(CAN_SEE)
@require_GET
@never_cache
def report_as_csv(request: HttpRequest, name: str) -> HttpResponse:
    shown, asked, standing = _asked(request, name)
    if standing is None or standing.run is None:
        return _not_yet(standing)
    return csv_file(shown.rows(standing.run.result), f"{name}-{standing.run.as_of}")


@allows(CAN_SEE)
@require_GET
@never_cache
def table_as_json(request: HttpRequest, name: str, table: str) -> HttpResponse:
    """One table of the report's page, as a list of its rows."""
    rows_of, standing = _table(request, name, table)
    if standing is None or standing.run is None:
        return _not_yet(standing)
    rows = rows_of(standing.run.result)
    return JsonResponse(rows, safe=False, json_dumps_params={"ensure_ascii": False, "indent": 2})


@allows(CAN_SEE)
@require_GET
@never_cache
def table_as_csv(request: HttpRequest, name: str, table: str) -> HttpResponse:
    rows_of, standing = _table(request, name, table)
    if standing is None or standing.run is None:
        return _not_yet(standing)
    return csv_file(rows_of(standing.run.result), f"{name}-{table}-{standing.run.as_of}")


@allows(CAN_SEE)
@require_GET
@never_cache
def cards(request: HttpRequest) -> HttpResponse:
    """The cards behind a number. Numbers are of whole pipelines; of cards only those are listed that one may see."""
    asked = CardsFilter.asked_by(request, user=request.user, at=timezone.now())
    selection = asked.selection()
    if selection is None:
        raise Http404
    try:
        listed = listing.listing(selection, asked.question(), user=request.user)
    except NoSuchStage as problem:
        raise Http404 from problem
    return render_page(request, "analytics/cards.html", {"filter": asked, "selection": selection, "listed": listed})


def csv_file(rows: list[Facts], name: str) -> HttpResponse:
    response = HttpResponse(exports.as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _other_findings(asked: ReportFilter, *, by: Any) -> list[dict[str, Any]]:
    """What the other pages found of the same question; what is not of this day and head is computed meanwhile."""
    selection = asked.selection()
    if selection is None:
        return []
    standings = {
        other: caching.standing(other.name, other.asking(selection), is_dated=asked.is_dated, by=by)
        for other in REPORTS.values()
        if other.name != FIRST_PAGE
    }
    return [
        {"report": other, "finding": other.finding(standing.run.result)}
        for other, standing in standings.items()
        if standing.run
    ]


def _asked(request: HttpRequest, name: str) -> tuple[Report, ReportFilter, caching.Standing | None]:
    if name not in REPORTS:
        raise Http404
    asked = ReportFilter.asked_by(request, user=request.user, at=timezone.now())
    selection = asked.selection()
    if selection is None:
        return REPORTS[name], asked, None
    return (
        REPORTS[name],
        asked,
        caching.standing(name, REPORTS[name].asking(selection), is_dated=asked.is_dated, by=request.user),
    )


def _table(
    request: HttpRequest, name: str, table: str
) -> tuple[Callable[[Facts], list[Facts]], caching.Standing | None]:
    if name not in REPORTS or table not in REPORTS[name].tables:
        raise Http404
    shown, _filter, standing = _asked(request, name)
    return shown.tables[table], standing


def _not_yet(standing: caching.Standing | None) -> HttpResponse:
    if standing is None or standing.job is None:
        return JsonResponse({"message": _("There is no pipeline yet.")}, status=404)
    answer = JsonResponse(
        {"message": _("The figures are being computed."), "job": standing.job.get_absolute_url()}, status=202
    )
    answer["Retry-After"] = "2"
    return answer
