"""From steps to stays.

A stay counts in days: the day it ends minus the day it began, 0 where a card passed through on one day. A card that
leaves a stage and is back in it on the same day never left: such slips vanish.
"""

from __future__ import annotations

import numpy as np
import polars as pl

VISIT_COLUMNS = ("card", "stage", "entered", "left", "next", "first", "exact", "amount", "attempt")


def visits(steps: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """One row a stay, of the steps up to and including day `as_of`.

    Columns: card, stage, entered (day), left (day, null while open), next (stage, null while open), first (whether the
    card began here), exact (whether the day of entry is known), amount (the newest known at the entry), attempt.
    """
    steps = _without_slips(steps.filter(pl.col("day") <= as_of))
    later = pl.col("card") == pl.col("card").shift(-1)
    begins = (pl.col("card") != pl.col("card").shift()).fill_null(True)
    return steps.select(
        "card",
        "stage",
        entered="day",
        left=pl.when(later).then(pl.col("day").shift(-1)),
        next=pl.when(later).then(pl.col("stage").shift(-1)),
        first=begins,
        exact="exact",
        amount=_newest_known(steps["amount"], begins),
        attempt="attempt",
    )


def nights(visited: pl.DataFrame) -> pl.DataFrame:
    """The same stays seen at the end of each day: what began and ended on one day is passed over.

    `entered` and `left` are then different days, and `next` is where the card was at the end of the day it left.
    """
    stayed = visited.filter(pl.col("left").is_null() | (pl.col("left") > pl.col("entered")))
    same = (pl.col("card") == pl.col("card").shift()) & (pl.col("stage") == pl.col("stage").shift())
    stayed = stayed.filter(~same.fill_null(False))
    later = pl.col("card") == pl.col("card").shift(-1)
    return stayed.with_columns(
        left=pl.when(later).then(pl.col("entered").shift(-1)),
        next=pl.when(later).then(pl.col("stage").shift(-1)),
        first=(pl.col("card") != pl.col("card").shift()).fill_null(True),
    )


def watched(visited: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """The part of each stay that lies in the days `first` … `last`, both included.

    Adds start and stop (ages between which it was watched, both included) and ended (whether it ended on day `last` or
    before). Stays without a known day of entry are left out.
    """
    return (
        visited.filter(
            pl.col("exact") & (pl.col("entered") <= last) & (pl.col("left").is_null() | (pl.col("left") >= first))
        )
        .with_columns(ended=(pl.col("left") <= last).fill_null(False))
        .with_columns(
            start=pl.max_horizontal(pl.lit(0), first - pl.col("entered")),
            stop=pl.when(pl.col("ended")).then(pl.col("left")).otherwise(last) - pl.col("entered"),
        )
    )


def trusted_from(visited: pl.DataFrame) -> int | None:
    """The first day on which anything was seen to leave a stage: before it, what had left already is not in the data.

    Stays that were open then are at risk only from then on (left truncation).
    """
    if visited.height == 0 or visited["left"].null_count() == visited.height:
        return None
    return visited.select(pl.col("left").min()).item()


def _newest_known(amounts: pl.Series, begins: pl.Expr) -> pl.Expr:
    """Each card's amount, or that of its newest step before that has one."""
    if not amounts.null_count():
        return pl.col("amount")
    said = pl.when(begins | pl.col("amount").is_not_null()).then(pl.int_range(pl.len(), dtype=pl.get_index_type()))
    return pl.col("amount").gather(said.forward_fill())


def _without_slips(steps: pl.DataFrame) -> pl.DataFrame:
    """Drop loops inside a day, and a step into the stage where the card is already."""
    steps = _without_repeats(steps)
    if steps.height == 0:
        return steps
    suspicious = (
        _days_with_a_step_back(steps)
        .group_by("group")
        .agg(
            pl.col("row"),
            pl.col("stage"),
            pl.col("came_from").first(),
            distinct=pl.col("stage").n_unique(),
            steps=pl.len(),
            returns=(pl.col("stage") == pl.col("came_from").first()).any(),
        )
        .filter((pl.col("distinct") < pl.col("steps")) | pl.col("returns"))
    )
    dropped: list[int] = []
    for rows, stages, came_from_stage in suspicious.select("row", "stage", "came_from").iter_rows():
        dropped += _rows_in_loops(rows, stages, came_from_stage)
    if not dropped:
        return steps
    stays = np.ones(steps.height, dtype=bool)
    stays[dropped] = False
    return _without_repeats(steps.filter(stays))


def _days_with_a_step_back(steps: pl.DataFrame) -> pl.DataFrame:
    """The steps of all days on which a card went back, since without that there is no loop. Columns row (where the step
    stands), stage, group (a number for each day of a card), and came_from, the stage before the step, -1 for none."""
    card, day, stage = (steps[name].to_numpy() for name in ("card", "day", "stage"))
    follows = np.append(False, card[1:] == card[:-1])
    came_from = np.where(follows, np.append(-1, stage[:-1]), -1)
    group = np.cumsum(~(follows & np.append(False, day[1:] == day[:-1])))
    goes_back = np.zeros(group[-1] + 1, dtype=bool)
    goes_back[group[stage < came_from]] = True
    chosen = np.flatnonzero(goes_back[group])
    return pl.DataFrame({"row": chosen, "stage": stage[chosen], "group": group[chosen], "came_from": came_from[chosen]})


def _without_repeats(steps: pl.DataFrame) -> pl.DataFrame:
    same = (pl.col("card") == pl.col("card").shift()) & (pl.col("stage") == pl.col("stage").shift())
    return steps.filter(~same.fill_null(False))


def _rows_in_loops(rows: list[int], stages: list[int], came_from: int) -> list[int]:
    """The rows of one day that a later return on that day undoes."""
    path: list[tuple[int, int | None]] = [(came_from, None)]
    dropped: list[int] = []
    for row, stage in zip(rows, stages, strict=True):
        seen = next((place for place, (known, _) in enumerate(path) if known == stage), None)
        if seen is None:
            path.append((stage, row))
        else:
            dropped += [gone for _, gone in path[seen + 1 :] if gone is not None] + [row]
            del path[seen + 1 :]
    return dropped
