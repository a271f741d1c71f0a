"""The part of a log that has settled, packed into blocks: what was written once is put together once.

A step never changes, so a block of steps is true for ever. It is cut by ids, and an id may be given long before its row
is there; therefore blocks reach only as far as nobody is writing any more. Whatever they do not hold is read from the
log itself: without any block, everything is.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import psycopg
from django.db import connection, transaction

from ..models import StepBlock

IDS = 250_000  # a block holds so many ids; the newest one is packed anew until it does
FEWEST_IDS = 5_000  # so many are read from the log as quickly
SHAPE = 1  # raise it when the columns of a block, or what they mean, change

BLOCKS = """
    SELECT after_id, last_id, data, apart FROM analytics_stepblock
    WHERE log = %(log)s AND recipe = %(recipe)s ORDER BY after_id"""

# Whoever inserts locks the table before ids are given, until the rows can be seen or never will be.
WRITERS = """
    SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'relation' AND relation = %(table)s::regclass AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                   AND mode LIKE '%%Exclusive%%' AND mode <> 'ShareUpdateExclusiveLock' AND pid <> pg_backend_pid())"""


@dataclass(frozen=True, slots=True)
class Settled:
    """The steps of a log up to `last_id` but those of the ids `apart`; None where there are none of them."""

    steps: pl.DataFrame | None
    last_id: int
    apart: list[int]


NOTHING = Settled(None, 0, [])


def settled(log: str, recipe: str) -> Settled:
    """What is in the blocks, as far as they follow each other without a gap."""
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own knows no answers in bytes
        rows = cursor.execute(BLOCKS, {"log": log, "recipe": recipe}, binary=True).fetchall()
    last, parts, apart = 0, [], []
    for after, until, data, ids in rows:
        if after != last:
            break
        last = until
        parts.append(pl.read_ipc(data))
        apart.append(np.frombuffer(ids, np.int64))
    if not parts:
        return NOTHING
    steps, strange = pl.concat(parts), np.concatenate(apart)
    if len(strange) > steps.height:  # then the log itself is as quick
        return NOTHING
    return Settled(steps, last, strange.tolist())


def extend(log: str, table: str, recipe: str, read: Callable[[int, int], tuple[pl.DataFrame, pl.Series]]) -> int:
    """Pack what has settled since the last time, if that is worth it; answers up to which id the blocks reach. While
    somebody writes they stay as they are. read: the steps after one id and up to another, and which ids are apart."""
    end = _quiet_until(table)
    blocks = StepBlock.objects.filter(log=log)
    blocks.exclude(recipe=recipe).delete()
    begun, last = 0, 0
    for after, until in blocks.order_by("after_id").values_list("after_id", "last_id"):
        if after != last:
            break
        begun, last = after, until
    if end - last < FEWEST_IDS:
        return last
    if last - begun >= IDS:
        begun = last
    for after in range(begun, end, IDS):
        until = min(after + IDS, end)
        steps, apart = read(after, until)
        with transaction.atomic():
            blocks.filter(after_id__gte=after).delete()
            StepBlock.objects.create(
                log=log,
                recipe=recipe,
                after_id=after,
                last_id=until,
                data=_packed(steps.sort("card", "seq")),
                apart=apart.cast(pl.Int64).to_numpy().tobytes(),
            )
    return end


def _quiet_until(table: str) -> int:
    """The last id that can be seen, where no lower one can still appear; else 0. The order matters: whoever holds an
    id below the last one had locked the table before that was given."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 (the name is ours)
        last = cursor.fetchone()[0]
        cursor.execute(WRITERS, {"table": table})
        return 0 if cursor.fetchone()[0] else last


def _packed(steps: pl.DataFrame) -> bytes:
    packed = io.BytesIO()
    steps.write_ipc(packed, compression="zstd")
    return packed.getvalue()
