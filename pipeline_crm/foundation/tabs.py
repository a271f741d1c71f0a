"""Which tab of which browser a change comes from, so that it does not hear of its own changes as a colleague's."""

import re
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Tab"
_NAME = re.compile(r"[\w-]{1,40}", re.ASCII)
_tab: ContextVar[str] = ContextVar("tab", default="")


def tab() -> str:
    """The name of the tab whose request is being answered; empty when it has none."""
    return _tab.get()


class TabMiddleware:
    """Remembers, while a request is answered, the name its tab gave itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.headers.get(HEADER, "")
        token = _tab.set(name if _NAME.fullmatch(name) else "")
        try:
            return self.get_response(request)
        finally:
            _tab.reset(token)
