"""What an import did, or would do: every case of the file has exactly one fate."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .cases import Case, LineCount

FATES = ("created", "updated", "skipped", "rejected")


@dataclass(frozen=True)
class Fate:
    line: int
    fate: str
    key: str = ""
    field: str = ""
    reason: str = ""
    says_why: bool = True


@dataclass
class Outcome:
    """Counts and reasons; in = created + updated + skipped + rejected."""

    source: str
    file: str
    encoding: str
    pipeline: str
    pipeline_id: int | None = None
    dry_run: bool = False
    fates: list[Fate] = field(default_factory=list)
    stages: dict[str, list[Any]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    lines: LineCount | None = None
    warnings: list[str] = field(default_factory=list)
    batch_id: int | None = None

    def add(self, case: Case, fate: str, reason: str = "", *, says_why: bool = True) -> None:
        self.fates.append(Fate(case.line, fate, case.key, "", reason, says_why))
        if fate != "rejected":
            tally = self.stages.setdefault(case.steps[-1].stage, [0, Decimal(0)])
            tally[0] += 1
            tally[1] += case.amount or 0
            if case.steps[-1].reason:
                self.reasons[case.steps[-1].reason] += 1

    def counts(self) -> dict[str, int]:
        counted = Counter(fate.fate for fate in self.fates)
        return {"in": len(self.fates)} | {fate: counted[fate] for fate in FATES}

    def as_json(self, *, with_fates: bool = False) -> dict[str, Any]:
        """Counts of cases; amounts as text; reasons of what was rejected or left out, by line."""
        found: dict[str, Any] = {
            "source": self.source,
            "file": self.file,
            "encoding": self.encoding,
            "pipeline": self.pipeline,
            "pipeline_id": self.pipeline_id,
            "batch": self.batch_id,
            "dry_run": self.dry_run,
            **self.counts(),
            "stages": {name: {"count": n, "amount": str(total)} for name, (n, total) in self.stages.items()},
            "lost_reasons": dict(self.reasons),
            "warnings": self.warnings,
            "reasons": [_plain(fate) for fate in self.in_order() if fate.reason and fate.says_why],
        }
        if self.lines:
            found["lines"] = {"in": self.lines.read} | {
                name: getattr(self.lines, name) for name in ("used", "ignored", "rejected")
            }
        if with_fates:
            found["fates"] = [_plain(fate) for fate in self.in_order()]
        return found

    def in_order(self) -> list[Fate]:
        return sorted(self.fates, key=lambda fate: fate.line)


def _plain(fate: Fate) -> dict[str, Any]:
    found = {"line": fate.line, "fate": fate.fate, "key": fate.key, "field": fate.field, "reason": fate.reason}
    return {name: value for name, value in found.items() if value != ""}
