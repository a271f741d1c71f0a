"""Where the provider that delivers our mails tells what became of them, and hands on what people write back.

Which provider, and what its messages mean, django-anymail knows; what follows from them is decided in the domain.
"""

import json
import re
from typing import Any

from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, EventType, RejectReason, inbound, tracking
from anymail.utils import get_request_basic_auth
from django.conf import settings
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from pipeline_crm.foundation.permissions import public

from ...domain.contacting import filing, reading, returning

GONE = {RejectReason.BOUNCED, RejectReason.INVALID}
_PASSING = re.compile(  # how providers say that a mail may be taken another day; django-anymail does not tell
    r'"(?:\w*type|event|severity)": "[^"]*(?:soft|transient|temporary)|"hard_bounce": (?:false|"?0)'
    r'|"bounce_class": "(?:2\d|40|70|100)"|"(?:dsn_?)?status": "4\.',
    re.IGNORECASE,
)


@public
@csrf_exempt  # providers have no session; they carry the secret
@require_http_methods(["POST", "HEAD"])
def hook(request: HttpRequest, which: str) -> HttpResponse:
    """`which` is a provider's address as django-anymail names it, like postmark/tracking/ or mailgun/inbound/."""
    secret = settings.ANYMAIL["WEBHOOK_SECRET"]
    if not secret:
        raise Http404
    view, args, kwargs = resolve(f"/{which}", urlconf="anymail.urls")
    if request.method == "POST":
        if not constant_time_compare(get_request_basic_auth(request) or "", secret):
            return HttpResponse("The name and password of the webhook are missing or wrong.", status=401)
        if request.content_type == "application/json":
            request._body = request.read()  # mails with files are longer than forms may be; asgi.py limits them
    return view(request, *args, **kwargs)


@receiver(tracking, dispatch_uid="leads.told_by_provider")
def told(event: AnymailTrackingEvent, **_: Any) -> None:
    """A mail came back for good, or its reader complained or left."""
    address, at = event.recipient or "", timezone.now()
    if not address:
        return
    mail = returning.of_provider(event.message_id or "", address)
    if _is_for_good(event):
        because = event.mta_response or event.description or ""
        returning.came_back(address, because=" ".join(because.split()), mail=mail, at=at)
    elif event.event_type == EventType.COMPLAINED:
        returning.complained(address, mail=mail, at=at)
    elif event.event_type == EventType.UNSUBSCRIBED:
        returning.left(address, mail=mail, at=at)


def _is_for_good(event: AnymailTrackingEvent) -> bool:
    if event.event_type not in {EventType.BOUNCED, EventType.REJECTED} or event.reject_reason not in GONE:
        return False
    return not _PASSING.search(json.dumps(event.esp_event, default=str))


@receiver(inbound, dispatch_uid="leads.received_by_provider")
def received(event: AnymailInboundEvent, **_: Any) -> None:
    """Somebody wrote to the address at which the provider takes mails for us."""
    if event.message is not None:
        filing.file(reading.read(event.message), at=timezone.now())
