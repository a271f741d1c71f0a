"""Days as whole numbers, counted from 1970-01-01, so that arrays can hold them."""

from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def number(day: date) -> int:
    return (day - EPOCH).days


def day(number: int) -> date:
    return EPOCH + timedelta(days=int(number))
