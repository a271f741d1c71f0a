"""Who has changed a card last, by a step, by taking one back, or by a fact."""

from typing import Any

from .append_only import Card


def last_hand(card: Card) -> Any:
    """The person of the newest entry in the card's logs; None when the system made it."""
    logs = (card.events, card.amendments, card.changes)  # type: ignore[attr-defined]
    newest = [log.select_related("by").order_by("-recorded_at", "-pk").first() for log in logs]
    return max((entry for entry in newest if entry), key=lambda entry: entry.recorded_at).by
