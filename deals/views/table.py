"""The deals of the board's filter as a table, and as a file."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from leads.domain.recycling import local_date
from pipeline_crm.accounts.models import Company, User
from pipeline_crm.accounts.opening import first_view, views_of
from pipeline_crm.foundation import tabular
from pipeline_crm.foundation.answers import page_query
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on

from .. import listing
from ..filters import TableFilter
from ..models import Deal, Pipeline
from .board import chosen_bar, lost_reasons


@acts_on(Pipeline)
@require_GET
def table(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    if chosen := first_view(request, TableFilter, pipeline=pipeline):
        return chosen
    filter = TableFilter.asked_by(request, pipeline=pipeline)
    page = request.GET.get("page", "")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 8 else 1
    context = table_of(request, pipeline, filter, page=number)
    return render_page(request, "deals/table.html", context, fragments=["rows"])


def table_of(request: HttpRequest, pipeline: Pipeline, filter: TableFilter, *, page: int = 1) -> dict:
    """What the table's page shows under that filter."""
    at = timezone.now()
    found = listing.listing(pipeline, user=request.user, filter=filter, at=at, page=page)
    _mark(found.rows, request.user, at)
    return {
        "listing": found,
        "currency": found.currency,
        "heads": heads(filter),
        "pipeline": pipeline,
        "pipelines": Pipeline.objects.visible_to(request.user),
        "filter": filter,
        **views_of(request, "deals:table", "deals:board", filter, pipeline.pk),
        "bulk": chosen_bar(pipeline),
        "lost_reasons": lost_reasons(at),
        "today": local_date(at),
    }


def heads(filter: TableFilter) -> list[dict]:
    """Each column's name, how it is ordered now, and the address that orders by it or turns it round."""
    shown = []
    for head in listing.HEADS:
        is_now = head.name == filter.column
        falls = not filter.falls if is_now else head.name in listing.FIRST_DOWN
        query = filter.query(order=f"-{head.name}" if falls else head.name)
        state = ("descending" if filter.falls else "ascending") if is_now else ""
        shown.append(
            {"name": head.name, "label": head.label, "is_number": head.is_number, "sort": state, "query": query}
        )
    return shown


@acts_on(Deal.objects.select_related("pipeline"))
@require_GET
def row(request: HttpRequest, deal: Deal) -> HttpResponse:
    """One line of the table and its sums, after a change; typed by hand, the deal's page."""
    if not request.htmx:
        return redirect("deals:deal", deal.pk)
    at = timezone.now()
    filter = filter_of_page(request, deal.pipeline)
    inside = filter.apply(Deal.objects.filter(pk=deal.pk), user=request.user, at=at, today=local_date(at)).exists()
    shown = listing.in_order([deal.pk], at=at)
    _mark(shown, request.user, at)
    context = {
        "deal": shown[0],
        "pipeline": deal.pipeline,
        "filter": filter,
        "is_outside": not inside,
        "sums": listing.sums(deal.pipeline, user=request.user, filter=filter, at=at),
        "currency": Company.get().base_currency,
    }
    return render_page(request, "deals/table.html", context, fragments=["row", "sums"])


def _mark(deals: list[Deal], user: User, at: datetime) -> None:
    """What a row needs beside a card's face: whether this person may change it."""
    for deal in deals:
        deal.may_change = user.has_perm("deals.change_deal", deal)


def filter_of_page(request: HttpRequest, pipeline: Pipeline) -> TableFilter:
    """The filter of the table that sent the request; where it is none, the one that admits all open deals."""
    filter = TableFilter(page_query(request), pipeline=pipeline)
    return filter if filter.is_valid() else TableFilter.none()


@acts_on(Pipeline)
@require_GET
def table_csv(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    """All deals of the filter as a file for spreadsheets: numbers and days as programs read them."""
    at = timezone.now()
    filter = TableFilter.asked_by(request, pipeline=pipeline)
    lines = listing.lines(pipeline, user=request.user, filter=filter, at=at)
    response = StreamingHttpResponse(tabular.stream(lines), content_type="text/csv; charset=utf-8")
    name = f"deals-{local_date(at).isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
