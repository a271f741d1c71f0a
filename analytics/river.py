"""What the reports are computed from: one pipeline's history as of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import polars as pl

from .event_log import EventLog, Versions
from .kept import Memory, nothing
from .origins import Origins
from .recalling import Recall, anew

ACT_COLUMNS = {"card": pl.Int64(), "kind": pl.String(), "day": pl.Int64(), "who": pl.String()}
OWNER_COLUMNS = {"card": pl.Int64(), "owner": pl.String(), "until": pl.Int64()}
LOST_COLUMNS = {"card": pl.Int64(), "reason": pl.String(), "competitor": pl.String()}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of deals beside their steps.

    properties: card and one column a property: of text, null where it is not known, or of numbers. They are as they
    stand now. acts: card, kind, day and who (the role of the person): what was done with them, and what they did.
    owners: card, owner, until (day; null for the present one): who had the deal until when.
    """

    properties: pl.DataFrame
    acts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACT_COLUMNS))
    owners: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OWNER_COLUMNS))


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be won from `start` to `end`, both included."""

    start: date
    end: date
    amount: float


@dataclass(frozen=True, slots=True)
class Begun:
    """Something that is done about a stage (its key) from a day on."""

    number: int
    stage: str
    what: str
    owner: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class River:
    """`journeys` runs from the first lead stage to the order, `deals` only from the first sales stage.

    expected_close: answers card (as in `deals`), day. Amounts are in `currency`; `without_rate` steps had an amount in
    a currency for which no rate was known, and count as of unknown value. corrected: the deals that were not on every
    earlier evening as their steps say now; versions: answers what was known of these from evening to evening.
    lost: answers card (as in `deals`), reason, competitor of its last loss. facts: answers what is known of the deals
    beside their steps; origins: by what its leads came; None where nothing is. cut: what narrows the cards, by
    name, in words; whole: answers the whole pipeline's, where these are a team's or a person's. other: the history to
    compare with. improvements: what is done about stages. goals: the targets of exactly these cards as they stood on
    that day, by their end. before: the same as known at the end of an
    earlier day, whatever the amounts were. recycled: deals (as in `deals`) whose prospects went back to marketing.
    first_month: of the company's year. kept: what was forecast of these deals on past evenings, and what came.
    recall: what was worked out before as of past evenings.
    """

    pipeline: str
    currency: str
    journeys: EventLog
    deals: EventLog
    expected_close: Callable[[], pl.DataFrame]
    without_rate: int = 0
    corrected: pl.Series = field(default_factory=lambda: pl.Series("card", [], pl.Int64))
    versions: Callable[[], Versions] | None = None
    lost: Callable[[], pl.DataFrame] = partial(pl.DataFrame, schema=LOST_COLUMNS)
    facts: Callable[[], Facts] | None = None
    origins: Callable[[], Origins] | None = None
    cut: dict[str, Any] = field(default_factory=dict)
    whole: Callable[[], River] | None = None
    other: River | None = None
    improvements: tuple[Begun, ...] = ()
    goals: tuple[Goal, ...] = ()
    before: Callable[[date], River] | None = None
    recycled: Callable[[], frozenset[int]] | None = None
    first_month: int = 1
    kept: Memory = nothing
    recall: Recall = anew
