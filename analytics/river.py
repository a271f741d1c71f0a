"""What the reports are computed from: one pipeline's history as of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from .event_log import EventLog


@dataclass(frozen=True, slots=True)
class River:
    """`journeys` runs from the first lead stage to the order, `deals` only from the first sales stage.

    expected_close: card (as in `deals`), day. Amounts are in `currency`; `without_rate` steps had an amount in a
    currency for which no rate was known, and count as of unknown value. deals_as_of: what `deals` was as known on an
    earlier day, where that is not simply its steps up to that day.
    """

    pipeline: str
    currency: str
    journeys: EventLog
    deals: EventLog
    expected_close: pl.DataFrame
    without_rate: int = 0
    deals_as_of: Callable[[int], EventLog] | None = None
