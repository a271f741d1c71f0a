"""The kinds of job there are; each app registers its own in its tasks.py.

    @job_kind("analytics.report", title=_("Report"), queue=BULK)
    def report(job, *, name, pipeline): ...

What recurs is a kind too: pipeline_crm/celery.py lists which begin with each hour or day.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.errors import Refusal

Result = dict[str, Any] | None
Body = Callable[..., Result | Generator[None, None, Result]]

FAST, BULK = "fast", "bulk"


class UnknownKind(Refusal):
    """A job of a kind no app has registered."""

    status = 422


@dataclass(frozen=True)
class Kind:
    """How jobs of one name are run."""

    name: str
    body: Body
    title: Any
    queue: str = FAST


_kinds: dict[str, Kind] = {}


def job_kind(name: str, *, title: Any = "", queue: str = FAST) -> Callable[[Body], Body]:
    """Register `body(job, **args)`: it runs in a transaction that also marks the job done, so its effect happens once.

    What it returns (a JSON dict or None) becomes the job's result; `url` in it is offered as a link. Effects outside
    the database can happen more than once: hand them job.pk as their delivery id.

    A body that yields is committed at each yield, as long as the job is still its own. Begun anew after a crash it
    finds what it has committed, and goes on from there.
    """

    def register(body: Body) -> Body:
        _kinds[name] = Kind(name, body, title or name, queue)
        return body

    return register


def kind_named(name: str) -> Kind:
    """Refused with UnknownKind when no app registered it."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(_("No app knows a job of the kind “%(name)s”.") % {"name": name}) from None
