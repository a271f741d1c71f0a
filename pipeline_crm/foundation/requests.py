"""A POST with a key is done once: the same key gets the same answer, however often it is sent.

    @acts_on(Deal)
    @allows("deals.change_deal")
    @once
    def stage(request, deal): ...

The key comes as the header Idempotency-Key or the form field `request_id`; without one nothing is remembered.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.models import Request

FIELD = "request_id"
_KEY = re.compile(r"[\w.:-]{1,100}", re.ASCII)
KEPT_HEADERS = ("Content-Type", "Location", "HX-Trigger", "HX-Redirect", "Vary")


class KeyUsedForAnother(Refusal):
    """The key has already been used for something else."""

    status = 422


def once(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Remember the answer of a successful POST in the transaction of its effect, and give it again for the same key.

    Of several at once, one acts and the others wait for its answer. Refused with KeyUsedForAnother when address or body
    differ. An answer of 400 or more, or an exception, is not remembered and leaves nothing behind.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "") or request.POST.get(FIELD, "")
        if request.method != "POST" or not _KEY.fullmatch(key):
            return view(request, *args, **kwargs)
        with transaction.atomic():
            digest = _digest(request)
            known, is_new = Request.objects.get_or_create(
                user_id=request.user.pk, key=key[:100], defaults={"digest": digest, "at": timezone.now()}
            )
            if not is_new:
                return _again(known, digest)
            response = view(request, *args, **kwargs)
            if response.status_code >= 400:
                known.delete()
                return response
            known.status, known.body = response.status_code, response.content.decode()
            known.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
            known.save()
            return response

    return answered


def forget(*, at: datetime) -> int:
    """Forget answers a day old: nobody sends the same request again after that."""
    return Request.objects.filter(at__lt=at - timedelta(days=1)).delete()[0]


def _again(known: Request, digest: str) -> HttpResponse:
    if known.digest != digest:
        raise KeyUsedForAnother(
            _(
                "This form has been sent before, with other words in it. Nothing has been changed; "
                "reload the page to send it anew."
            )
        )
    return HttpResponse(known.body, status=known.status, headers=known.headers)


def _digest(request: HttpRequest) -> str:
    """What is asked, without what differs at each try: the CSRF token is masked anew on every page."""
    fields = sorted((name, values) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken")
    files = sorted((name, file.name, file.size) for name, file in request.FILES.items())
    return hashlib.sha256(json.dumps([request.get_full_path(), fields, files]).encode()).hexdigest()
