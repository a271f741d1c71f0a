"""What the reports are computed from: one pipeline's history as of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from .event_log import EventLog

LOST_COLUMNS = {"card": pl.Int64(), "reason": pl.String(), "competitor": pl.String()}


@dataclass(frozen=True, slots=True)
class River:
    """`journeys` runs from the first lead stage to the order, `deals` only from the first sales stage.

    expected_close: card (as in `deals`), day. Amounts are in `currency`; `without_rate` steps had an amount in a
    currency for which no rate was known, and count as of unknown value. deals_as_of: what `deals` was as known on an
    earlier day, where that is not simply its steps up to that day. lost: card (as in `deals`), reason, competitor of
    its last loss.
    """

    pipeline: str
    currency: str
    journeys: EventLog
    deals: EventLog
    expected_close: pl.DataFrame
    without_rate: int = 0
    deals_as_of: Callable[[int], EventLog] | None = None
    lost: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOST_COLUMNS))
