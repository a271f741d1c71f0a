"""Managers are told once when the chance of a target crosses four in five, one in two, one in five."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Role, User
from pipeline_crm.foundation.money import in_short

from .models import ForecastSnapshot, Target
from .presenting import targets
from .presenting.words import percent
from .selection import Selection

LINES = (0.8, 0.5, 0.2)
MARGIN = 0.03  # so far beyond a line it has crossed it: a chance that sways around a line rings once
KIND = "target"


def tell(selection: Selection, *, at: datetime) -> int:
    """Look at the chances of these deals' targets on the evening of `selection.as_of`; answers of how many managers
    were told something. However often it is looked at, each crossing is told once."""
    of = {f"{name}_id": getattr(selection, name) for name in ("pipeline", "team", "owner")}
    said = ForecastSnapshot.objects.filter(**of, chance__isnull=False)
    told = 0
    for newest in said.filter(as_of=selection.as_of).select_related("pipeline", "team", "owner"):
        evenings = said.filter(starts_on=newest.starts_on, ends_on=newest.ends_on, as_of__lte=newest.as_of)
        chances = [one.chance for one in evenings.order_by("as_of") if one.target == newest.target]
        line = crossed(chances)
        if line is not None:
            told += _tell(newest, line, at=at)
    return told


def crossed(chances: Sequence[float]) -> float | None:
    """The line that the newest of these chances, oldest first, has crossed; of several the last. A first chance, and
    with it the first since a target was set anew, crosses none."""
    above = {line: bool(chances) and chances[0] >= line for line in LINES}
    last = None
    for before, now in pairwise(chances):
        passed = [line for line in LINES if (now < line - MARGIN if above[line] else now >= line + MARGIN)]
        above |= {line: now > line for line in passed}
        last = (max(passed) if now > before else min(passed)) if passed else None
    return last


def _tell(newest: ForecastSnapshot, line: float, *, at: datetime) -> int:
    whose = newest.team or newest.owner
    words = {
        "whose": f"{newest.pipeline}, {whose}" if whose else str(newest.pipeline),
        "amount": in_short(newest.target, newest.currency),
        "end": date_format(newest.ends_on, "j F Y"),
        "line": percent(line),
        "chance": targets.chance(newest.chance),
    }
    if (newest.chance or 0.0) > line:
        said = _("%(whose)s: %(chance)s chance to win %(amount)s until %(end)s; it has risen above %(line)s.") % words
    else:
        said = _("%(whose)s: %(chance)s chance to win %(amount)s until %(end)s; it has fallen below %(line)s.") % words
    query = {"pipeline": newest.pipeline_id, "team": newest.team_id, "owner": newest.owner_id}
    url = f"{reverse('analytics:report', args=['forecast'])}?{urlencode({k: v for k, v in query.items() if v})}"
    key = f"{KIND} {newest.pk}"
    told = [notifying.notify(one, kind=KIND, words=said, url=url, key=key, at=at) for one in _managers(newest)]
    return sum(one is not None for one in told)


def _managers(newest: ForecastSnapshot) -> list[User]:
    """Those who may set this target: administrators, and who leads the team or the person."""
    leading = Q(memberships__role__in=[Role.MANAGER, Role.ADMIN]) | Q(is_superuser=True)
    target = Target(pipeline=newest.pipeline, team=newest.team, owner=newest.owner)
    people = User.objects.filter(leading, is_active=True).distinct().order_by("pk")
    return [person for person in people if person.has_perm("analytics.change_target", target)]
