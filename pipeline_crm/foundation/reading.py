"""What people's files say, understood strictly: a cell means exactly one thing, or is refused in a sentence."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.money import CURRENCIES, quantise

DATE_ORDERS = ("YMD", "DMY", "MDY")
LARGEST = Decimal("9999999999999999.99")
NOON = time(12)

_DIGITS = re.compile(r"[0-9]{1,18}")
_FIGURES = {
    ".": re.compile(r"([0-9]{1,3}(?:[,\s'’][0-9]{3})+|[0-9]+)(?:\.([0-9]+))?"),
    ",": re.compile(r"([0-9]{1,3}(?:[.\s'’][0-9]{3})+|[0-9]+)(?:,([0-9]+))?"),
}
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_SERIAL = re.compile(r"([1-9][0-9]{4})(\.[0-9]+)?")
_MOMENT = re.compile(
    r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})"
    r"(?:[T ]\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s*([AaPp][Mm])?"
    r"\s*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EXCEL_EPOCH = date(1899, 12, 30)


class Unreadable(Refusal):
    """A cell that could mean nothing, or more than one thing."""

    status = 422


class Moment(NamedTuple):
    """When something happened. A mere day is taken at its noon, so that it is that day in every time zone near by."""

    at: datetime
    has_time: bool


def text(cell: str) -> str:
    """The cell without the white space around it; refused when a database could not keep it."""
    if "\x00" in cell:
        raise Unreadable(_("The cell contains a NUL character."))
    if any("\ud800" <= letter <= "\udfff" for letter in cell):
        raise Unreadable(_("The cell contains half a character (a lone surrogate)."))
    return cell.strip()


def key(cell: str) -> str:
    """An identifier; refused when a spreadsheet has rounded it to 3.1E+10."""
    found = text(cell)
    if _SCIENTIFIC.fullmatch(found):
        raise Unreadable(_("%(cell)s has lost its digits in a spreadsheet; export it as text.") % {"cell": found})
    return found


def whole(cell: str) -> int | None:
    """A whole number in ASCII digits, grouping allowed; None for an empty cell."""
    found = _stripped(cell)
    if not found:
        return None
    figures = _FIGURES["."].fullmatch(found)
    if not figures or (figures[2] or "0").strip("0"):
        raise Unreadable(_("%(cell)s is not a whole number.") % {"cell": _shown(found)})
    digits = re.sub(r"[^0-9]", "", figures[1])
    if not _DIGITS.fullmatch(digits):
        raise Unreadable(_("%(cell)s is too large.") % {"cell": _shown(found)})
    return int(digits)


def amount(cell: str, *, currency: str, decimal: str = ".") -> Decimal | None:
    """'$1,234,567', '42,000' or '16120999.999999998' in that currency's coins; None for an empty cell.

    Refused: amounts below zero, a sign of another currency, groups that are not of three digits, letters.
    """
    found = _stripped(cell)
    if not found:
        return None
    bare = _without_currency(found, currency)
    if bare.startswith(("-", "−", "(")):
        raise Unreadable(_("%(cell)s is below zero.") % {"cell": _shown(found)})
    figures = _FIGURES[decimal].fullmatch(bare)
    if not figures:
        raise Unreadable(_("%(cell)s is not an amount.") % {"cell": _shown(found)})
    digits = re.sub(r"[^0-9]", "", figures[1])
    if len(digits.lstrip("0")) > 16:
        raise Unreadable(_("%(cell)s is too large.") % {"cell": _shown(found)})
    exact = quantise(Decimal(f"{digits}.{(figures[2] or '0')[:12]}"), currency)
    if exact > LARGEST:
        raise Unreadable(_("%(cell)s is too large.") % {"cell": _shown(found)})
    return exact


def moment(cell: str, *, order: str, zone: ZoneInfo) -> Moment | None:
    """When the cell says; None when it is empty.

    Understood: ISO with or without a zone, whatever the order; days in the declared order with - / or . ; times with
    seconds or AM/PM; Excel's day numbers. What names no zone is in `zone`. Refused: two-digit years, days that do not
    exist, years before 1900 or after 2199.
    """
    found = _stripped(cell)
    if not found:
        return None
    serial = _SERIAL.fullmatch(found)
    if serial:
        return _excel(serial, zone)
    parts = _MOMENT.fullmatch(found)
    if not parts:
        raise Unreadable(_("%(cell)s is not a date.") % {"cell": _shown(found)})
    day = _day(parts[1], parts[3], parts[4], order, found)
    if parts[5] is None:
        return Moment(_in_utc(datetime.combine(day, NOON, zone)), False)
    clock = _clock(parts, found)
    return Moment(_in_utc(datetime.combine(day, clock, _offset(parts[10], zone, found))), True)


def day(cell: str, *, order: str, zone: ZoneInfo) -> date | None:
    """The day the cell names, in that zone."""
    found = moment(cell, order=order, zone=zone)
    return found.at.astimezone(zone).date() if found else None


def _stripped(cell: str) -> str:
    return text(cell).strip("\u00a0\u2009\u202f\ufeff")


def _shown(cell: str) -> str:
    return f"“{cell[:40]}…”" if len(cell) > 40 else f"“{cell}”"


def _without_currency(cell: str, currency: str) -> str:
    symbol = CURRENCIES[currency].symbol if currency in CURRENCIES else currency
    ours = sorted({currency, symbol, symbol[-1] if not symbol.isalpha() else symbol}, key=len, reverse=True)
    for sign in ours:
        if cell.startswith(sign):
            return cell[len(sign) :].strip()
        if cell.endswith(sign):
            return cell[: -len(sign)].strip()
    for code, other in CURRENCIES.items():
        if cell.startswith((code, other.symbol)) or cell.endswith((code, other.symbol)):
            raise Unreadable(
                _("%(cell)s is in %(other)s, but the file is said to be in %(currency)s.")
                % {"cell": _shown(cell), "other": code, "currency": currency}
            )
    return cell


def _day(first: str, second: str, third: str, order: str, cell: str) -> date:
    numbers = {"YMD": (first, second, third)} if len(first) == 4 else {}
    if len(third) == 4 and len(first) <= 2:
        numbers = {"DMY": (third, second, first), "MDY": (third, first, second)}
        if order == "YMD":
            raise Unreadable(
                _("%(cell)s does not begin with the year, and the mapping names no other order.")
                % {"cell": _shown(cell)}
            )
    chosen = numbers.get("YMD") or numbers.get(order)
    if not chosen or len(chosen[0]) != 4:
        raise Unreadable(_("%(cell)s has no year of four digits.") % {"cell": _shown(cell)})
    if len(chosen[1]) > 2 or len(chosen[2]) > 2:
        raise Unreadable(_("%(cell)s is not a date.") % {"cell": _shown(cell)})
    return _existing_day(int(chosen[0]), int(chosen[1]), int(chosen[2]), cell)


def _existing_day(year: int, month: int, of_month: int, cell: str) -> date:
    if not 1900 <= year <= 2199:
        raise Unreadable(_("%(cell)s is not in the years 1900 to 2199.") % {"cell": _shown(cell)})
    try:
        return date(year, month, of_month)
    except ValueError:
        raise Unreadable(_("%(cell)s is a day that does not exist.") % {"cell": _shown(cell)}) from None


def _clock(parts: re.Match[str], cell: str) -> time:
    hour, minute, second = int(parts[5]), int(parts[6]), int(parts[7] or 0)
    half = (parts[9] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise Unreadable(_("%(cell)s is a time that does not exist.") % {"cell": _shown(cell)})
        hour = hour % 12 + (12 if half == "PM" else 0)
    try:
        return time(hour, minute, second, int((parts[8] or "0").ljust(6, "0")[:6]))
    except ValueError:
        raise Unreadable(_("%(cell)s is a time that does not exist.") % {"cell": _shown(cell)}) from None


def _offset(sign: str | None, zone: ZoneInfo, cell: str) -> timezone | ZoneInfo:
    if sign is None:
        return zone
    if sign in ("Z", "UTC"):
        return UTC
    hours, minutes = int(sign[1:3]), int(sign[-2:])
    if hours > 14 or minutes > 59:
        raise Unreadable(_("%(cell)s is in a time zone that does not exist.") % {"cell": _shown(cell)})
    distance = timedelta(hours=hours, minutes=minutes)
    return timezone(-distance if sign[0] == "-" else distance)


def _excel(serial: re.Match[str], zone: ZoneInfo) -> Moment:
    on = _existing_day(*(_EXCEL_EPOCH + timedelta(days=int(serial[1]))).timetuple()[:3], serial[0])
    if not serial[2]:
        return Moment(_in_utc(datetime.combine(on, NOON, zone)), False)
    seconds = round(float(serial[2]) * 86_400)
    wall = datetime.combine(on, time()) + timedelta(seconds=seconds)
    return Moment(_in_utc(wall.replace(tzinfo=zone)), True)


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
