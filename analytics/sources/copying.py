"""From a query to a frame, over Django's own connection, so that a report sees the same snapshot as whoever asked for
it, wherever the database is.

`frame` suits any columns: rows travel as COPY … TO STDOUT. `columns` is for millions of rows of numbers: PostgreSQL
puts each column together as one string of bytes, in which NumPy reads the numbers as they lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import psycopg
from django.db import connection

NOTHING = -(2**63)
EPOCH = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000 on
SENT = {
    pl.Int64: (f"int8send(coalesce({{}}, {NOTHING}))", ">i8"),
    pl.Int32: ("int4send({})", ">i4"),
    pl.Int16: ("int2send({}::smallint)", ">i2"),
    pl.Float64: ("float8send(coalesce({}, 'NaN'))", ">f8"),
    pl.Boolean: ("boolsend({})", "?"),
    pl.Datetime: ("timestamptz_send({})", ">i8"),
}


class BrokenColumn(RuntimeError):
    """A column has an empty cell where none may be."""


def frame(query: str, params: dict[str, Any], types: dict[str, Any]) -> pl.DataFrame:
    """The query's rows. Values are bound by the driver; the text is ours."""
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(query, params)
        with cursor.cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)") as copy:
            data = b"".join(bytes(chunk) for chunk in copy)
    if not data:
        return pl.DataFrame(schema=types)
    names = {name: pl.String if kind is pl.Boolean else kind for name, kind in types.items()}
    rows = pl.read_csv(data, has_header=False, schema=names)
    return rows.with_columns(pl.col(name) == "t" for name, kind in types.items() if kind is pl.Boolean)


def columns(query: str, params: dict[str, Any], types: dict[str, Any]) -> pl.DataFrame:
    """The query's rows, in any order. Types are those of SENT; a moment is answered as microseconds since 1970, an
    unknown number of eight bytes as null; in the other columns no cell is empty."""
    sent = ", ".join(f"string_agg({SENT[kind][0]}, '')".format(f'q."{name}"') for name, kind in types.items())
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(f"SELECT count(*), {sent} FROM ({query}) q", params)  # noqa: S608 (ours)
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own knows no answers in bytes
        count, *answers = cursor.execute(statement, binary=True).fetchone()
    return pl.DataFrame(
        [_column(name, kind, answer or b"", count) for (name, kind), answer in zip(types.items(), answers, strict=True)]
    )


def _column(name: str, kind: Any, answer: bytes, count: int) -> pl.Series:
    lying = np.frombuffer(answer, SENT[kind][1])
    if len(lying) != count:
        raise BrokenColumn(f"{name}: {count - len(lying)} of {count} cells are empty.")
    values = lying.astype(lying.dtype.newbyteorder("="))
    if kind is pl.Datetime:
        return pl.Series(name, values + EPOCH)
    column = pl.Series(name, values)
    if kind is pl.Float64:
        return column.fill_nan(None)
    if kind is pl.Int64 and count and values.min() == NOTHING:
        return column.replace(NOTHING, None)
    return column
