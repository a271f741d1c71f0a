"""Reports as files: the JSON that programs read, and the table behind the charts as CSV."""

from __future__ import annotations

import io
from typing import Any

from pipeline_crm.foundation import tabular

from .caveats import sentence

Facts = dict[str, Any]


def bottleneck(facts: Facts) -> Facts:
    return {**facts, "warnings": [sentence(warned) for warned in facts["warnings"]]}


def bottleneck_rows(facts: Facts) -> list[Facts]:
    named = facts["bottleneck"]
    return [{**line, "bottleneck": bool(named and named["key"] == line["key"])} for line in facts["stages"]]


def forecast(facts: Facts) -> Facts:
    return {**facts, "warnings": [sentence(warned) for warned in facts["warnings"]]}


def forecast_rows(facts: Facts) -> list[Facts]:
    return [{"currency": facts["currency"], **period} for period in facts["periods"]]


def as_csv(rows: list[Facts]) -> str:
    """The rows under their names; an empty text where there are none."""
    stream = io.StringIO(newline="")
    if rows:
        tabular.write(stream, list(rows[0]), [["" if cell is None else cell for cell in row.values()] for row in rows])
    return stream.getvalue()
