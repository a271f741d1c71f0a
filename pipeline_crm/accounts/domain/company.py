"""The company's own facts, and the worth of other currencies to it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.domain import _log
from pipeline_crm.accounts.models import Change, Company, ExchangeRate, User
from pipeline_crm.foundation.errors import Refusal

FACTS = frozenset({"name", "base_currency", "time_zone", "fiscal_year_start_month", "freeze_weekday", "freeze_hour"})


class AmountsRestOnIt(Refusal):
    """Sums and rates are kept in the base currency, so it stays while there are any."""


class BaseHasNoRate(Refusal):
    """The base currency is worth one of itself."""

    status = 422


@transaction.atomic
def revise(*, by: User | None, at: datetime, **facts: object) -> list[str]:
    """Change the company's facts; which of them differed.

    Refused with AmountsRestOnIt when the base currency would change although amounts or rates are kept in it.
    """
    if unknown := facts.keys() - FACTS:
        raise TypeError(f"not a company's fact: {', '.join(sorted(unknown))}")
    Company.get()
    company = Company.objects.select_for_update().get()
    if facts.get("base_currency", company.base_currency) != company.base_currency and _amounts_rest_on_it():
        raise AmountsRestOnIt(
            _("Amounts and rates are already kept in %(currency)s, so the base currency stays.")
            % {"currency": company.base_currency}
        )
    return _log.revise(company, facts, by=by, at=at)


class Spell(NamedTuple):
    """What the company said of some facts from a moment until another."""

    since: datetime
    until: datetime
    facts: dict[str, Any]


def over_time(*fields: str) -> list[Spell]:
    """What the company said of these facts, the present first, as the change log tells."""
    company = Company.get()
    facts, until = {field: getattr(company, field) for field in fields}, datetime.max.replace(tzinfo=UTC)
    spells = []
    changes = Change.objects.filter(subject=f"company {company.pk}", field__in=fields)
    for change in changes.order_by("-at", "-id"):
        spells.append(Spell(change.at, until, facts))
        facts, until = facts | {change.field: change.before}, change.at
    return [*spells, Spell(datetime.min.replace(tzinfo=UTC), until, facts)]


@transaction.atomic
def set_rate(currency: str, *, on: date, rate: Decimal, by: User | None, at: datetime) -> ExchangeRate:
    """From `on`, one unit of the currency is worth `rate` of the base currency; a rate of the same day is replaced.

    Amounts converted before keep their worth. Refused for the base currency itself.
    """
    company = Company.get()
    if currency == company.base_currency:
        raise BaseHasNoRate(_("%(currency)s is the base currency; it needs no rate.") % {"currency": currency})
    known = ExchangeRate.objects.select_for_update().filter(currency=currency, on=on).first()
    before = known.rate if known else None
    kept, _is_new = ExchangeRate.objects.update_or_create(currency=currency, on=on, defaults={"rate": rate})
    _log.note(company, f"rate {currency} {on.isoformat()}", before, rate, by=by, at=at)
    return kept


@transaction.atomic
def forget_rate(rate: ExchangeRate, *, by: User | None, at: datetime) -> None:
    """The dated rate is gone; amounts converted with it keep their worth."""
    _log.note(Company.get(), f"rate {rate.currency} {rate.on.isoformat()}", rate.rate, None, by=by, at=at)
    rate.delete()


def _amounts_rest_on_it() -> bool:
    """True when a rate exists, or any table of any app above holds a base amount."""
    holders = [model for model in apps.get_models() if any(field.name == "base_amount" for field in model._meta.fields)]
    return ExchangeRate.objects.exists() or any(
        model._default_manager.filter(base_amount__isnull=False).exists() for model in holders
    )
