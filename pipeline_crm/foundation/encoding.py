"""What is sent is UTF-8, as browsers send it. Some other encodings bring halves of signs that no page can show again;
some are no encodings of text at all, so that they end in an error wherever something is read."""

from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """Reads UTF-8 whatever it is called: Django would read the address itself by the name of the encoding, before any
    middleware is asked."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class EncodingMiddleware:
    """Whoever names another encoding than UTF-8 is answered 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        named = (request.content_params or {}).get("charset", "utf-8")
        if named.lower() not in {"utf-8", "utf8"}:
            return HttpResponse("Please send UTF-8.", status=400, content_type="text/plain; charset=utf-8")
        return self.get_response(request)
