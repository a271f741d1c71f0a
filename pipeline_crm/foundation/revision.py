"""What changes when fields of a row are set anew, in a form a log can keep."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import models


def changed_fields(row: models.Model, values: dict, *, allowed: Iterable[str]) -> list[tuple[str, object, object]]:
    """Set the values and answer (field, before, after) for each that differs; ids stand for related rows.

    TypeError for a field that is not allowed: that is a programming error, not a person's.
    """
    unknown = set(values) - set(allowed)
    if unknown:
        raise TypeError(f"{type(row).__name__} has no revisable field {', '.join(sorted(unknown))}")
    changes = []
    for name, value in values.items():
        attribute = row._meta.get_field(name).attname
        before = getattr(row, attribute)
        setattr(row, name, value)
        after = getattr(row, attribute)
        if before != after:
            changes.append((name, plain(before), plain(after)))
    return changes


def plain(value):
    """A value as JSON knows it: numbers of money as text, days in ISO form."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
