"""Days as whole numbers, counted from 1970-01-01, so that arrays can hold them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)


def number(day: date) -> int:
    return (day - EPOCH).days


def day(number: int) -> date:
    return EPOCH + timedelta(days=int(number))


def midnight(number: int, zone: ZoneInfo) -> int:
    """When that day begins there, in microseconds since 1970."""
    return int(datetime.combine(day(number), time(), zone).timestamp() * 1e6)
