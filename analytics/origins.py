"""Where leads came from and what that cost: what the report of what marketing brings needs beside the river."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import polars as pl

LEAD_COLUMNS = {"card": pl.Int64, "lead": pl.Int64, "source": pl.String}
TOUCH_COLUMNS = {
    "lead": pl.Int64,
    "day": pl.Int64,
    "source": pl.String,
    "campaign": pl.String,
    "page": pl.String,
}
COST_COLUMNS = {
    "campaign": pl.String,
    "source": pl.String,
    "day": pl.Int64,
    "amount": pl.Float64,
    "known": pl.Boolean,
}
UNKNOWN = ""
STRANGE = "utm:"  # before a word in links that no campaign has

# The campaign by which somebody came whom only a source names: source and day → campaign, empty for none.
BySource = Callable[[str, int], str]


def by_nobody(_source: str, _day: int) -> str:
    return UNKNOWN


@dataclass(frozen=True, slots=True)
class Origins:
    """Keys are texts, empty where nothing is known; `names` tells those of sources and campaigns.

    leads: card (a journey), lead (whose it is), source (of the lead). touches: those known on the day asked about that
    say where somebody came from, in order: lead, day, source, campaign, page. costs: campaign, source (of the
    campaign), day, amount (base currency, null without a rate), known (whether it was, on the day asked about). Costs
    are of the whole company: are_whole says whether the river is that, too.
    """

    leads: pl.DataFrame
    touches: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TOUCH_COLUMNS))
    costs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COST_COLUMNS))
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    campaign_of: BySource = by_nobody
    are_whole: bool = True


def landing(address: str) -> str:
    """The page that an address leads to: host and path, without what follows, which names campaigns and people."""
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname or ""
    except ValueError:
        return UNKNOWN
    return host + parts.path.rstrip("/") if host else parts.path
