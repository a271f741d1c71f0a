"""Carries what was learned of coming again after a loss down to the lost reasons."""

from __future__ import annotations

from datetime import datetime

from deals.domain import norming

from . import sources
from .estimators import retrying


def learn(*, at: datetime) -> int:
    """Learn from every return to marketing whose end is known, and write the best wait of each reason; how many.

    While too few are known there is no learned wait, and none of an earlier day remains.
    """
    known = sources.attempts(at)
    waits = retrying.learn(known.days, known.reason, known.won)
    norming.write_waits(
        [
            norming.Wait(key, wait.n, round(wait.best_days), round(wait.from_days), round(wait.to_days))
            for key, wait in waits.items()
        ],
        as_of=at,
    )
    return len(waits)
