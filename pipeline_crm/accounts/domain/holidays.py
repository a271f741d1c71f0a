"""The days on which the company leaves people alone."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from pipeline_crm.accounts.domain import _log
from pipeline_crm.accounts.models import Company, Holiday, User


@transaction.atomic
def keep(on: date, *, name: str, country: str = "", by: User | None, at: datetime) -> Holiday:
    """The day is a holiday, in the named country or everywhere; a name given before is replaced."""
    known = Holiday.objects.select_for_update().filter(on=on, country__iexact=country.strip()).first()
    before = known.name if known else None
    holiday = known or Holiday(on=on, country=country.strip())
    holiday.name = name.strip()
    holiday.save()
    _log.note(Company.get(), _field(holiday), before, holiday.name, by=by, at=at)
    return holiday


@transaction.atomic
def forget(holiday: Holiday, *, by: User | None, at: datetime) -> None:
    """The day is a day like any other again."""
    _log.note(Company.get(), _field(holiday), holiday.name, None, by=by, at=at)
    holiday.delete()


def days_off(country: str = "") -> frozenset[date]:
    """The holidays of a country, those of everywhere among them."""
    return frozenset(
        on
        for on, where in Holiday.objects.values_list("on", "country")
        if not where or where.casefold() == country.strip().casefold()
    )


def _field(holiday: Holiday) -> str:
    return f"holiday {holiday.on.isoformat()} {holiday.country}".strip()[:60]
