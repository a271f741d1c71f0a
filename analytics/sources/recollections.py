"""What forecasts as of past evenings came to, kept so that the next one works out tonight's alone.

An evening's forecast rests on what was known at its end. That is told by a sum of hashes of all words that had been
told by then: while it is the same, and so is how a forecast is worked out, so is the forecast.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from hashlib import md5
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import scipy
from django.utils import timezone

from .. import days
from ..models import Recollection
from ..recalling import Arrays
from ..selection import Selection
from .logs import Told

HOME = Path(__file__).parents[1]
WORKED_OUT_BY = (
    "outlook.py", "parts.py", "known.py", "backtesting.py", "event_log.py", "estimators", "tables", "sources",
)  # fmt: skip
KEPT_FOR = timedelta(days=400)
MOMENTS = ("known", "recorded", "occurred")  # from when on the steps, the amendments and the revisions were known


class Words:
    """All that was told of some deals: what had been by the end of each evening, as one number."""

    def __init__(self, told: Told, deals: pl.DataFrame, zone: str):
        """deals: card, attempt of these deals."""
        self._told, self._deals, self._zone = told, deals, ZoneInfo(zone)

    def until(self, evening: int) -> int:
        moments, sums = self._sums
        place = int(np.searchsorted(moments, days.midnight(evening + 1, self._zone)))
        return int(sums[place - 1]) if place else 0

    @cached_property
    def _sums(self) -> tuple[np.ndarray, np.ndarray]:
        """The moments of all words, rising, and the sums of their hashes up to each."""
        told = self._told
        attempts = self._deals.select("card", "attempt")
        steps = told.steps.with_columns(pl.col("to").to_physical()).join(attempts, on="card", maintain_order="left")
        hashed = [
            rows.select(pl.col(moment).alias("moment"), hash=rows.hash_rows(seed=number))
            for number, (rows, moment) in enumerate(
                zip((steps, told.amendments, told.revisions), MOMENTS, strict=True), start=1
            )
        ]
        words = pl.concat(hashed).sort("moment")
        return words["moment"].to_numpy(), np.cumsum(words["hash"].to_numpy(), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Recollections:
    """Answers what was worked out before, or has it worked out and keeps it, if the evening is over.

    words: of the selected deals, and of the whole pipeline where these borrow from it; follows: what else days, stages
    and amounts follow.
    """

    selection: Selection
    words: tuple[Words, ...]
    follows: tuple[Any, ...]

    def __call__(self, evening: int, what: str, work_out: Callable[[], Arrays]) -> Arrays:
        if evening >= days.number(self.selection.as_of):
            return work_out()
        place = _digest(sorted(self.selection.cut.items()), evening, what)
        key = _digest(recipe(), *self.follows, *(words.until(evening) for words in self.words))
        kept = Recollection.objects.filter(pipeline=self.selection.pipeline, place=place)
        data = kept.filter(key=key).values_list("data", flat=True).first()
        if data is not None:
            return _unpacked(data)
        found = work_out()
        Recollection.objects.bulk_create(
            [
                Recollection(
                    pipeline_id=self.selection.pipeline,
                    place=place,
                    key=key,
                    data=_packed(found),
                    made_at=timezone.now(),
                )
            ],
            update_conflicts=True,
            unique_fields=["pipeline", "place"],
            update_fields=["key", "data", "made_at"],
        )
        return found


def forget(*, at: datetime) -> None:
    """Throw away what is so old that hardly anybody asks for it any more."""
    Recollection.objects.filter(made_at__lt=at - KEPT_FOR).delete()


@cache
def recipe() -> str:
    """How forecasts are worked out: the text of all that has a part in it."""
    modules = sorted(file for name in WORKED_OUT_BY for file in _modules(HOME / name))
    versions = (library.__version__ for library in (np, pl, scipy))
    return _digest(*versions, *(file.read_text() for file in modules))


def _modules(place: Path) -> Iterable[Path]:
    return place.glob("*.py") if place.is_dir() else [place]


def _digest(*facts: Any) -> str:
    return md5("|".join(map(str, facts)).encode(), usedforsecurity=False).hexdigest()


def _packed(arrays: Arrays) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


def _unpacked(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data)) as arrays:
        return dict(arrays)
