"""Settings that other rooms keep in a row of their own: whatever changes them is written down here."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction

from pipeline_crm.accounts.domain import _log
from pipeline_crm.accounts.models import User


@transaction.atomic
def revise(row: models.Model, *, by: User | None, at: datetime, **facts: object) -> list[str]:
    """Save the facts that differ on a row of settings, each with a line in the change log; their names."""
    if row._state.adding:
        row.save(force_insert=True)
    return _log.revise(row, facts, by=by, at=at)
