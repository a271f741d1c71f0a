"""What an amount is worth in the company's base currency on a day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company, ExchangeRate
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.money import quantise


class MissingRate(Refusal):
    """No dated rate covers the day: sums would be a guess, so there is none."""

    status = 422


def to_base(amount: Decimal | None, currency: str, *, on: date) -> Decimal | None:
    """The amount in the base currency at the latest rate dated `on` or before; None stays None.

    Refused with MissingRate when no such rate exists.
    """
    if amount is None:
        return None
    return RateTable.load(currency).to_base(amount, currency, on=on)


class RateTable:
    """All dated rates, read once, for whoever converts many amounts."""

    def __init__(self, base_currency: str, rates: dict[str, list[tuple[date, Decimal]]]) -> None:
        self.base_currency = base_currency
        self._rates = rates

    @classmethod
    def load(cls, currency: str | None = None) -> RateTable:
        """Read the rates of one currency, or of all."""
        base = Company.get().base_currency
        if currency == base:
            return cls(base, {})
        rows = ExchangeRate.objects.order_by("on").values_list("currency", "on", "rate")
        rates: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
        for code, day, rate in rows.filter(currency=currency) if currency else rows:
            rates[code].append((day, rate))
        return cls(base, dict(rates))

    def to_base(self, amount: Decimal | None, currency: str, *, on: date) -> Decimal | None:
        if amount is None:
            return None
        if currency == self.base_currency:
            return amount
        dated = self._rates.get(currency, [])
        position = bisect_right(dated, on, key=lambda pair: pair[0])
        if position == 0:
            raise MissingRate(
                _(
                    "There is no exchange rate from %(currency)s to %(base)s on or before %(day)s. "
                    "Add one under Settings, Company."
                )
                % {"currency": currency, "base": self.base_currency, "day": on.isoformat()},
                currency=currency,
                on=on,
            )
        return quantise(amount * dated[position - 1][1], self.base_currency)
