"""Figures are plain dictionaries for Plotly.

Colours are names of style-sheet tokens, resolved in the browser, so that a change of theme costs no round trip. Text
has no tags but <br>: Plotly would turn others into inline styles.
"""

from __future__ import annotations

from typing import Any

from pipeline_crm.foundation.money import CURRENCIES

Figure = dict[str, Any]

OURS = "var(--c-blue)"
ALARM = "var(--c-orange)"
NURTURING = "var(--c-teal)"
LOST = "var(--c-plum)"
REFERENCE = "var(--c-slate)"
OPEN = "var(--band)"
SURFACE = "var(--surface)"
INK = "var(--ink)"
MUTED = "var(--ink3)"


def figure(data: list[dict[str, Any]], **layout: Any) -> Figure:
    return {"data": data, "layout": {"hovermode": "closest", **layout}}


def axis(**settings: Any) -> dict[str, Any]:
    return {"fixedrange": True, **settings}


def money_axis(currency: str) -> dict[str, Any]:
    """From zero up to a hundred at least: where nothing comes, a tick "1m" would mean a thousandth and read as a
    million."""
    symbol = CURRENCIES[currency].symbol if currency in CURRENCIES else currency
    return axis(rangemode="tozero", autorangeoptions={"include": 100}, tickprefix=symbol, tickformat=".3~s")


def titled(text: str) -> dict[str, str]:
    return {"text": text}
