"""From a query to a frame.

Rows travel as COPY … TO STDOUT over Django's own connection, so that a report sees the same snapshot as whoever asked
for it, wherever the database is.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from django.db import connection


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
