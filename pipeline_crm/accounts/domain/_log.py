"""The only writer of the change log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from pipeline_crm.accounts.models import Change, User

UNTOLD = {"name", "email"}  # of a person: that they changed is kept, what they were is not


def note(subject: models.Model, field: str, before: Any, after: Any, *, by: User | None, at: datetime) -> None:
    """One row: this field of this thing went from before to after."""
    if isinstance(subject, User) and field in UNTOLD:
        before = after = None
    Change.objects.create(
        subject=f"{subject._meta.model_name} {subject.pk}", field=field, before=before, after=after, by=by, at=at
    )


def revise(subject: models.Model, facts: dict[str, Any], *, by: User | None, at: datetime) -> list[str]:
    """Set the fields that differ, save them, and note each; their names."""
    changed = {field: value for field, value in facts.items() if getattr(subject, field) != value}
    for field, value in changed.items():
        note(subject, field, getattr(subject, field), value, by=by, at=at)
        setattr(subject, field, value)
    if changed:
        subject.save(update_fields=list(changed))
    return list(changed)
