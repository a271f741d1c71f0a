"""Stays as the chain of `estimators.markov` wants them."""

from __future__ import annotations

import numpy as np
import polars as pl

from .estimators import markov
from .estimators.survival import OPEN, Ints
from .tables import stage_visits


def nights(nightly: pl.DataFrame, states: int, first: int, last: int) -> tuple[markov.Nights, Ints]:
    """The part of the stays in open stages that lies in the days `first` … `last`, and their days of entry, (n,).

    `nightly` is what `stage_visits.nights` answers.
    """
    part = stage_visits.watched(nightly.filter(pl.col("stage") < states), first, last)
    following = part["next"].fill_null(OPEN).to_numpy().astype(np.int64)
    return markov.Nights(
        state=part["stage"].to_numpy().astype(np.int64),
        watched_from=np.maximum(part["start"].to_numpy().astype(np.int64) - 1, 0),
        stop=part["stop"].to_numpy().astype(np.int64),
        next=np.where(part["ended"].to_numpy(), following, OPEN),
    ), part["entered"].to_numpy().astype(np.int64)
