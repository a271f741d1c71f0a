"""What a report is asked about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

WINDOW_DAYS = 90
CUTS = ("team", "owner", "source", "product", "tries", "least", "most")
EXTRAS = ("landmark", "against", "suppose", "unit")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cards, as of which day, compared over which days.

    The window is the newest `window_days` up to and including `until`, else `as_of`; the reference the
    `reference_days` before it. Each cut that is not None narrows the cards: a journey belongs to its deal's team, owner
    and products, and to its lead's source; while it has no deal, to its lead's team and owner. EXTRAS are what only
    some reports ask for.
    """

    pipeline: int
    as_of: date
    window_days: int = WINDOW_DAYS
    reference_days: int = 270
    months: int = 6
    team: int | None = None
    owner: int | None = None
    source: int | None = None
    product: int | None = None
    tries: str | None = None  # "first", or "again": prospects who came back
    least: float | None = None  # the newest known amount in the base currency; a card of unknown amount is in no size
    most: float | None = None
    until: date | None = None
    landmark: str | None = None  # the key of the stage at which deals are looked at, where a report asks for one
    against: tuple[tuple[str, Any], ...] | None = None  # what is otherwise in the selection that is compared with
    unit: str | None = None  # "week", "quarter" or "year" (the company's), where a report has periods; else months
    suppose: tuple[tuple[str, Any], ...] | None = None  # what would be otherwise, as `supposing.Supposed` says

    @property
    def window(self) -> tuple[date, date]:
        last = min(self.until or self.as_of, self.as_of)
        return last - timedelta(days=self.window_days - 1), last

    @property
    def other(self) -> Selection:
        """The selection to compare with: this one with what `against` changes, else the window before this one."""
        changes = dict(self.against or ())
        if not changes:
            changes = {"until": (self.window[0] - timedelta(days=1)).isoformat()}
        if "until" in changes:
            changes["until"] = date.fromisoformat(changes["until"])
        return replace(self, against=None, **changes)

    def lately(self, longest: int) -> tuple[date, date]:
        """The window that was chosen, else so many days up to its end: for what needs more cards than it has, or fewer.
        One of as many days as the usual window is known by its last day."""
        first, last = self.window
        is_chosen = self.until is not None or self.window_days != WINDOW_DAYS
        return (first if is_chosen else last - timedelta(days=longest - 1)), last

    @property
    def reference(self) -> tuple[date, date]:
        first, _ = self.window
        return first - timedelta(days=self.reference_days), first - timedelta(days=1)

    @property
    def cut(self) -> dict[str, int | float | str]:
        """What narrows the cards, by name."""
        return {name: value for name in CUTS if (value := getattr(self, name)) is not None}

    @property
    def is_of_people(self) -> bool:
        """Whether it is narrowed to a team or a person, and by nothing else."""
        return bool(self.cut) and not set(self.cut) - {"team", "owner"}

    def without(self, *extras: str) -> Selection:
        """The same for a report that does not ask for these, so that it is not computed once for each of them."""
        return replace(self, **dict.fromkeys(extras))

    def as_arguments(self) -> dict[str, Any]:
        """Plain values, for a job; `from_arguments` is the way back."""
        until = self.until and self.until.isoformat()
        return {**asdict(self), "as_of": self.as_of.isoformat(), "until": until}

    @classmethod
    def from_arguments(
        cls,
        *,
        as_of: str,
        until: str | None = None,
        against: list[list[Any]] | None = None,
        suppose: list[list[Any]] | None = None,
        **rest: Any,
    ) -> Selection:
        return cls(
            as_of=date.fromisoformat(as_of),
            until=date.fromisoformat(until) if until else None,
            against=_pairs(against),
            suppose=_pairs(suppose),
            **rest,
        )

    def digest(self) -> str:
        """The same for equal selections, in any process."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()[:32]

    def seed(self) -> int:
        """Where chance begins: the same selection gives the same numbers."""
        return int(self.digest()[:12], 16)


def _pairs(said: list[list[Any]] | None) -> tuple[tuple[str, Any], ...] | None:
    return tuple((name, value) for name, value in said) if said else None
