"""What marketing and sales have agreed on: who takes whose leads, within how many hours, and for which reasons not."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import settings
from pipeline_crm.foundation.errors import Refusal

from ..models import HandBackReason, HandOverRules, Territory

CLOCK = frozenset({"agreed_hours", "days", "opens", "closes"})
OF_A_TERRITORY = frozenset({"country", "sector", "team", "share", "most_open", "position"})


class NeverAtWork(Refusal):
    """Hours are agreed in a week that has some."""

    status = 422


class TerritoryTaken(Refusal):
    """Two territories of the same country and sector: nobody could say which decides."""

    status = 422


class ReasonExists(Refusal):
    """Two reasons of one name could not be told apart."""

    status = 422


@transaction.atomic
def set_clock(*, by, at: datetime, **facts) -> list[str]:
    """Agree on the hours within which sales answers, and on when it works. Offers made already keep their moment."""
    if unknown := facts.keys() - CLOCK:
        raise TypeError(f"not of the clock: {', '.join(sorted(unknown))}")
    rules = HandOverRules.objects.select_for_update().first() or HandOverRules()
    if not facts.get("days", rules.days):
        raise NeverAtWork(_("Choose at least one day."), fields=["days"])
    if facts.get("opens", rules.opens) >= facts.get("closes", rules.closes):
        raise NeverAtWork(_("The hours must end after they begin."), fields=["closes"])
    return settings.revise(rules, by=by, at=at, **facts)


@transaction.atomic
def keep_territory(*, territory: Territory | None = None, by, at: datetime, **facts) -> Territory:
    """Add a territory, last of all, or change one. Refused with TerritoryTaken."""
    if unknown := facts.keys() - OF_A_TERRITORY:
        raise TypeError(f"not of a territory: {', '.join(sorted(unknown))}")
    asked = {name: facts.get(name, getattr(territory, name, "")).strip() for name in ("country", "sector")}
    same = Territory.objects.filter(country__iexact=asked["country"], sector__iexact=asked["sector"])
    if (same.exclude(pk=territory.pk) if territory else same).exists():
        raise TerritoryTaken(_("There is a territory of that country and sector already."), fields=["country"])
    facts |= asked
    if territory is None:
        last = Territory.objects.order_by("-position").values_list("position", flat=True).first()
        return Territory.objects.create(**{"position": 0 if last is None else last + 1, **facts})
    for name, value in facts.items():
        setattr(territory, name, value)
    territory.save()
    return territory


@transaction.atomic
def remove_territory(territory: Territory, *, by, at: datetime) -> None:
    """Decide by it no more. Leads it gave away stay with whom it gave them to."""
    territory.delete()


@transaction.atomic
def keep_reason(name: str, *, by, at: datetime) -> HandBackReason:
    """Offer a reason to hand back; one that was archived is offered again. Refused with ReasonExists."""
    known = HandBackReason.objects.select_for_update().filter(name__iexact=name.strip()).first()
    if known is None:
        return HandBackReason.objects.create(name=name.strip())
    if known.archived_at is None:
        raise ReasonExists(_("“%(name)s” is a reason already.") % {"name": known.name}, fields=["name"])
    settings.revise(known, by=by, at=at, archived_at=None)
    return known


@transaction.atomic
def archive_reason(reason: HandBackReason, *, by, at: datetime) -> None:
    """Offer it no more; what was handed back for it keeps it."""
    settings.revise(reason, by=by, at=at, archived_at=at)
