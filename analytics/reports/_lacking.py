"""Why nothing can be forecast yet."""

from __future__ import annotations

from typing import Any

from ..caveats import warning
from ..outlook import FEWEST_CLOSED, Outlook


def lack(outlook: Outlook, today: int) -> dict[str, Any]:
    """The warning, where `outlook.can_say` denies."""
    known = outlook.grounds.as_of(today)
    if not len(known.card) or not len(outlook.history.as_of(today).card):
        return warning("empty")
    if not known.is_won.any():
        return warning("no_wins")
    return warning("not_enough_closed", needs=FEWEST_CLOSED, has=known.closed)
