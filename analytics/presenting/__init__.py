"""A report's facts in the words and figures of its page."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from ..caveats import sentence

if TYPE_CHECKING:
    from ..catalogue import Report


def page(report: Report, facts: dict[str, Any]) -> dict[str, Any]:
    figures = report.figures(facts)
    return {
        "facts": facts,
        "finding": report.finding(facts),
        "figures": json.dumps(figures) if figures else "",
        "warnings": [sentence(warned) for warned in facts["warnings"]],
        "as_of": date.fromisoformat(facts["as_of"]),
        "last_step": next((warned["last"] for warned in facts["warnings"] if warned["code"] == "stale"), None),
        **report.shown(facts),
    }
