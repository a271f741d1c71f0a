"""Numbers in the words of a page, and the small parts pages are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import in_short

from .. import fiscal

Facts = dict[str, Any]
NOTHING = "–"
INTERVAL_DASH = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the lead tile, with the small line below it."""

    label: str
    value: str
    note: str = ""


def amount(value: float | None, currency: str | None) -> str:
    """Money, or won deals where no amounts are known."""
    if value is None:
        return NOTHING
    if currency:
        return in_short(value, currency)
    return ngettext("%(n)s deal", "%(n)s deals", round(value)) % {"n": f"{value:.1f}"}


def month(day: str) -> str:
    return date_format(date.fromisoformat(day), "F Y")


def period(days: list[str]) -> str:
    return fiscal.in_days(*(date.fromisoformat(day) for day in (days[0], days[-1])))


def days(value: float | None) -> str:
    return NOTHING if value is None else _("%(n)s d") % {"n": whole(value)}


def whole(value: float) -> str:
    return f"{value:.0f}"


def signed(number: int) -> str:
    return f"{number:+d}".replace("-", "−") if number else "0"


def percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value * 100:.0f}\u2009%"


def interval(low: float | None, high: float | None, words: Any) -> str:
    """Both ends in words; an end that cannot be told is open."""
    if low is None and high is None:
        return NOTHING
    return f"{NOTHING if low is None else words(low)}{INTERVAL_DASH}{'∞' if high is None else words(high)}"
