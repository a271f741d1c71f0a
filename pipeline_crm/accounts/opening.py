"""Pages that have saved views: what they show of them, and which opens for who comes without asking for anything."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.middleware import is_fragment_request

from . import queries


def first_view(request: HttpRequest, filter: type[FilterForm], **kwargs) -> HttpResponse | None:
    """A redirect to the person's first view of this page, if there is one and the page still understands it."""
    if request.GET or is_fragment_request(request):
        return None
    view = queries.Views(request.user, request.path, "").first
    if view is None or not filter.understands(QueryDict(view.query), **kwargs):
        return None
    return redirect(view.address)


def views_of(request: HttpRequest, page: str, beside: str, filter: FilterForm, *args: int) -> dict:
    """What the templates of saved views want: the page's path, and its views with those of the page beside it."""
    path = reverse(page, args=args)
    others = (reverse(beside, args=args),) if beside else ()
    return {
        "page_path": path,
        "views": queries.Views(request.user, path, filter.query(), others),
    }
