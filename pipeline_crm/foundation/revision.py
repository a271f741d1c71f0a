"""What changes when fields of a row are set anew, in a form a log can keep."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from .errors import Refusal


class ChangedMeanwhile(Refusal):
    """Somebody else has changed the same fields since they were seen. `facts["fields"]` names them, `facts["by"]` who
    changed each of them last."""


def own_changes(row: models.Model, values: Mapping[str, Any], *, seen: Mapping[str, Any], log: models.QuerySet) -> dict:
    """Of the values that were sent, those that the person changed: `seen` is what each field held when they saw it.

    What they left alone is left to others. Refused with ChangedMeanwhile when a field they changed was changed by
    somebody else meanwhile, to something else. `log` are the changes of the row's fields.
    """
    own = {name: value for name, value in values.items() if name not in seen or not same(value, seen[name])}
    contested = [
        name
        for name in own
        if name in seen and not same(getattr(row, name), seen[name]) and not same(getattr(row, name), own[name])
    ]
    if contested:
        by = {name: _who_changed(log, name) for name in contested}
        who = next((str(person) for person in by.values() if person), _("Somebody"))
        sentence = _("%(who)s has changed the same meanwhile. Your change was not made.") % {"who": who}
        raise ChangedMeanwhile(sentence, card=row, fields=contested, by=by)
    return own


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field are the same to a person. A related row may be named by its words."""
    if isinstance(one, models.Model) or isinstance(other, models.Model):
        if isinstance(one, str) or isinstance(other, str):
            return str(one or "") == str(other or "")
        return one == other
    if isinstance(one, str) or isinstance(other, str):
        return _as_read(one) == _as_read(other)
    return one == other


def _as_read(text: Any) -> str:
    return str(text or "").replace("\r\n", "\n").strip()


def _who_changed(log: models.QuerySet, name: str) -> Any:
    last = log.filter(field=name).select_related("by").order_by("-id").first()
    return last.by if last else None


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
