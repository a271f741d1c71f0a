"""From values to places on paper, and where the ticks of an axis stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import ceil, floor, log10
from typing import Any

from django.utils.formats import date_format

DAY = 86_400_000.0  # milliseconds, in which widths of bars over days are given
MONTH = 30.4 * DAY
MOST_TICKS = 12
STEPS = (1, 2, 3, 6, 12, 24, 60)
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))


@dataclass(slots=True)
class Scale:
    """Linear, dates or names. low and high are values as `number` gives them; they stand at start and end."""

    kind: str
    low: float
    high: float
    start: float
    end: float
    names: list[str] = field(default_factory=list)

    def number(self, value: Any) -> float | None:
        """A value as a number: milliseconds of a day, the place of a name; None for what cannot be told."""
        if value is None:
            return None
        if self.kind == "date":
            return milliseconds(value)
        if self.kind == "names":
            return float(self.names.index(value)) if value in self.names else None
        return float(value)

    def place(self, value: float) -> float:
        """Where a number stands."""
        return self.start + (value - self.low) / ((self.high - self.low) or 1.0) * (self.end - self.start)

    def at(self, value: Any) -> float | None:
        number = self.number(value)
        return None if number is None else self.place(number)

    def ticks(self, axis: dict[str, Any]) -> list[tuple[float, str]]:
        """Places and words of the axis's ticks."""
        if axis.get("visible") is False:
            return []
        shape, prefix = axis.get("tickformat", ""), axis.get("tickprefix", "")
        if axis.get("tickvals") is not None:
            words = axis.get("ticktext") or [told(value, shape, prefix) for value in axis["tickvals"]]
            return [(self.place(self.number(at) or 0.0), str(word)) for at, word in zip(axis["tickvals"], words)]  # noqa: B905
        if self.kind == "names":
            return [(self.place(float(place)), name) for place, name in enumerate(self.names)]
        low, high = sorted((self.low, self.high))
        if self.kind == "date":
            most = min(axis.get("nticks", MOST_TICKS), MOST_TICKS)
            return [(self.place(at), _day_told(at, shape)) for at in _days(low, high, most)]
        return [(self.place(at), told(at, shape, prefix)) for at in round_numbers(low, high)]


def milliseconds(day: str) -> float:
    return datetime.fromisoformat(day[:10]).replace(tzinfo=UTC).timestamp() * 1000


def round_numbers(low: float, high: float, about: int = 6) -> list[float]:
    """Multiples of 1, 2 or 5 of a power of ten between the ends."""
    if high <= low:
        return [low]
    rough = (high - low) / about
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough * 0.999)
    return [number * step for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def told(value: float, shape: str, prefix: str = "") -> str:
    """The number in the format that the figure asks for: shares, amounts in thousands, or as it is."""
    if shape.endswith("%"):
        return f"{value * 100:{'+' if '+' in shape else ''}.0f}\u2009%"
    if shape.endswith("s"):
        size, letter = next(((size, letter) for size, letter in PREFIXES if abs(value) >= size), (1.0, ""))
        return f"{prefix}{value / size:g}{letter}"
    return f"{prefix}{value:g}"


def _day_told(at: float, shape: str) -> str:
    day = datetime.fromtimestamp(at / 1000, UTC).date()
    return date_format(day, "j M" if "%e" in shape else "M Y" if "%Y" in shape or not shape else "M")


def _days(low: float, high: float, most: int) -> list[float]:
    """The first days of months, or every seventh day where there are few of them."""
    if high - low < 2.5 * MONTH:
        step = 7 * DAY * max(1, ceil((high - low) / (7 * DAY) / most))
        return [low + number * step for number in range(int((high - low) / step) + 1)]
    first = datetime.fromtimestamp(low / 1000, UTC).date()
    months = (high - low) / MONTH
    step = next((step for step in STEPS if months / step <= most), STEPS[-1])
    found, month = [], first.year * 12 + first.month - 1
    while (at := milliseconds(date(month // 12, month % 12 + 1, 1).isoformat())) <= high:
        if at >= low and month % step == 0:
            found.append(at)
        month += 1
    return found
