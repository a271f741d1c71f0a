"""What a report is asked about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cards, as of which day, compared over which days.

    The window is the newest `window_days` up to and including `as_of`; the reference the `reference_days` before it.
    """

    pipeline: int
    as_of: date
    window_days: int = 90
    reference_days: int = 270
    months: int = 6
    team: int | None = None
    owner: int | None = None

    @property
    def window(self) -> tuple[date, date]:
        return self.as_of - timedelta(days=self.window_days - 1), self.as_of

    @property
    def reference(self) -> tuple[date, date]:
        first, _ = self.window
        return first - timedelta(days=self.reference_days), first - timedelta(days=1)

    def as_arguments(self) -> dict[str, Any]:
        """Plain values, for a job; `from_arguments` is the way back."""
        return {**asdict(self), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_arguments(cls, *, as_of: str, **rest: Any) -> Selection:
        return cls(as_of=date.fromisoformat(as_of), **rest)

    def digest(self) -> str:
        """The same for equal selections, in any process."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()[:32]

    def seed(self) -> int:
        """Where chance begins: the same selection gives the same numbers."""
        return int(self.digest()[:12], 16)
