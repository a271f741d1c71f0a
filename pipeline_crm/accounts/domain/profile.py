"""What a person sets for themselves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from pipeline_crm.accounts.domain import _log
from pipeline_crm.accounts.models import User

OWN_FACTS = frozenset({"name", "time_zone", "language", "theme", "single_keys", "told_by_mail", "told_weekly"})


@transaction.atomic
def revise(user: User, *, by: User, at: datetime, **facts: object) -> list[str]:
    """Change the person's own settings; which of them differed. Anything that is not theirs to set is a TypeError."""
    if unknown := facts.keys() - OWN_FACTS:
        raise TypeError(f"not a profile's fact: {', '.join(sorted(unknown))}")
    return _log.revise(user, facts, by=by, at=at)
