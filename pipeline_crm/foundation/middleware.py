"""What every answer has in common: refusals become sentences, and a fragment never carries the sign-in page."""

import logging
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure
from django_htmx.http import trigger_client_event

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.within_request import keeping

GIVEN_UP = {"55P03", "40P01", "40001"}
TWICE = "23505"

log = logging.getLogger(__name__)


class KeepingMiddleware:
    """What one request asks for often is read once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with keeping():
            return self.get_response(request)


class RefusalMiddleware:
    """Answers an uncaught Refusal with its sentence: a fragment and a `refused` event for htmx, else a whole page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DatabaseError):
            exception = _meanwhile(exception) or exception
        if not isinstance(exception, Refusal):
            return None
        sentence = str(exception)
        if is_fragment_request(request):
            response = render(request, "refused.html#sentence", {"sentence": sentence}, status=exception.status)
            return trigger_client_event(response, "refused", {"message": sentence})
        context = {"sentence": sentence, "back": _where_from(request)}
        return render(request, "refused.html", context, status=exception.status)


class SignInMiddleware:
    """When a session has ended, htmx hears 401 and the event `signed-out`, instead of getting the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_fragment_request(request):
            patch_vary_headers(response, ["HX-Request"])
            if isinstance(response, HttpResponseRedirect) and response.url.split("?")[0] == resolve_url(
                settings.LOGIN_URL
            ):
                here = request.htmx.current_url_abs_path or "/"
                address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': here})}"
                return trigger_client_event(HttpResponse(status=401), "signed-out", {"url": address})
        return response


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a form from before somebody signed in anew; htmx hears `stale-page` and may send it again."""
    response = csrf_failure(request, reason)
    return trigger_client_event(response, "stale-page", {}) if is_fragment_request(request) else response


def is_fragment_request(request: HttpRequest) -> bool:
    """True when htmx asks for a part of a page: not for a boosted link and not when it restores history."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _meanwhile(problem: DatabaseError) -> Refusal | None:
    """What PostgreSQL gives up because others hold it (a lock timeout, a deadlock), or because others added the same a
    moment earlier, is refused, not broken."""
    code = getattr(problem.__cause__, "sqlstate", None)
    if code in GIVEN_UP:
        return Refusal(_("Somebody else is changing this at the moment. Nothing has been changed; please try again."))
    if code != TWICE:
        return None
    log.warning("the same was added twice", exc_info=problem)
    return Refusal(_("Somebody else has added the same meanwhile. Nothing has been changed; please look again."))


def _where_from(request: HttpRequest) -> str:
    """The page of ours the person came from, else the first one."""
    page = request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}) else "/"
