"""Small files as other products export them, and mappings that fit."""

import json
from datetime import UTC, datetime
from pathlib import Path

from deals.domain import importing

AT = datetime(2024, 8, 1, 12, tzinfo=UTC)
STAGES = [
    {"name": "Inquiry"},
    {"name": "Proposal"},
    {"name": "Estimate"},
    {"name": "Order", "kind": "won"},
    {"name": "Lost", "kind": "lost"},
]
PLAIN_HEAD = "id,stage,amount,created,closed,owner,organisation\n"
PLAIN = {
    "kind": "deals",
    "source": "Plain",
    "pipeline": {"name": "Imported", "stages": STAGES},
    "columns": {
        "key": "id",
        "stage": "stage",
        "amount": "amount",
        "created": "created",
        "closed": "closed",
        "owner": "owner",
        "organisation": "organisation",
    },
    "stages": {stage["name"]: stage["name"] for stage in STAGES},
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
}
HISTORY = {
    "kind": "history",
    "source": "Log",
    "pipeline": {"name": "Logged", "stages": STAGES},
    "columns": {"key": "case", "stage": "activity", "at": "at", "amount": "amount"},
    "stages": {
        "in": "Inquiry",
        "offer": "Proposal",
        "won": "Order",
        "no": {"stage": "Lost", "reason": "Declined"},
    },
    "other_words": "ignore",
    "time_zone": "Europe/Amsterdam",
    "currency": "EUR",
}
HISTORY_HEAD = "case,activity,at,amount\n"


def bring_in(path: Path, content: str | bytes, mapping: dict, **how):
    """Write the file and import it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    how.setdefault("at", AT)
    return importing.run(path, importing.from_json(json.loads(json.dumps(mapping))), by=None, **how)


def counts(outcome) -> tuple[int, int, int, int, int]:
    """(in, created, updated, skipped, rejected)"""
    return tuple(outcome.counts().values())
