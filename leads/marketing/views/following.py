"""The links of mails: counted, and led on to where the mail says."""

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pipeline_crm.foundation.permissions import public

from ...domain.contacting import clicking

_PROGRAM = re.compile(
    r"bot\b|crawl|spider|preview|scan|monitor|curl|wget|python|headless|proofpoint|barracuda", re.IGNORECASE
)


@public
@never_cache
@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponse:
    found = clicking.link_of(token)
    if found is None:
        raise Http404
    mail, number, link = found
    if not _is_program(request):
        clicking.follow(mail, number, link=link, at=timezone.now())
    response = HttpResponseRedirect(link)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _is_program(request: HttpRequest) -> bool:
    """Asked by something that looks ahead or looks around, not by a reader."""
    purpose = " ".join(request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    agent = request.headers.get("User-Agent", "")
    looks_ahead = request.method != "GET" or "prefetch" in purpose or "preview" in purpose
    return looks_ahead or not agent or bool(_PROGRAM.search(agent))
