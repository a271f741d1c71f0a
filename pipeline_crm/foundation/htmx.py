"""The law of fragments: every GET address is a whole page when typed; a fragment is a part of that page."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from pipeline_crm.foundation.middleware import is_fragment_request


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragments: Sequence[str] = (),
    status: int = 200,
    triggers: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Render the page; when htmx asks, only its named partials, one after the other.

    The view lists the fragments, never the client. Templates see `is_fragment`, so out-of-band flags are explicit and a
    page restored from history is whole again. `triggers` become events in the browser.
    """
    as_fragments = bool(fragments) and is_fragment_request(request)
    context = {**(context or {}), "is_fragment": as_fragments}
    names = [f"{template}#{name}" for name in fragments] if as_fragments else [template]
    response = HttpResponse("".join(render_to_string(name, context, request) for name in names), status=status)
    patch_vary_headers(response, ["HX-Request"])
    if triggers:
        response["HX-Trigger"] = json.dumps(triggers, cls=DjangoJSONEncoder)
    return response
