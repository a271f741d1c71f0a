"""One answer for all who ask the same at the same moment: when a card moves, everybody who sees it asks for it at once.

What people may see differs, so the key says all that the answer depends on: what the database held (`cursor_now`),
which rows the person sees (`sight_of`), the page's filter, and how things are written for them. Nothing is kept
for long.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from .answers import page_path, page_query

KEPT = 5.0  # seconds
MOST = 64
_answers: OrderedDict[Hashable, "_Answer"] = OrderedDict()
_lock = threading.Lock()


class _Answer:
    def __init__(self) -> None:
        self.lock, self.made_at, self.response = threading.Lock(), time.monotonic(), None


def shared(key: Hashable, make: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer made for the first who asked with this key; who asks meanwhile waits for it. Only a 200 is kept."""
    answer = _answer(key)
    with answer.lock:
        if answer.response is None:
            response = make()
            if response.status_code != 200:
                return response
            answer.response = (response.content, dict(response.items()))
    content, headers = answer.response
    return HttpResponse(content, headers=headers)


def asked_by(request: HttpRequest) -> Hashable:
    """What else the answer depends on: the page's filter, where it means the person the person, and how things are
    written for them."""
    query = page_query(request)
    person = request.user.pk if "mine" in query else None
    written = translation.get_language(), timezone.get_current_timezone_name(), timezone.localdate()
    return page_path(request), query.urlencode(), person, *written


def _answer(key: Hashable) -> _Answer:
    with _lock:
        now = time.monotonic()
        known = _answers.get(key)
        if known is None or now - known.made_at > KEPT:
            known = _answers[key] = _Answer()
            _answers.move_to_end(key)
        while len(_answers) > MOST:
            _answers.popitem(last=False)
        return known
