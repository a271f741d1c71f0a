"""Many new rows at once, by COPY: several times as fast as INSERT, judged by the same constraints and triggers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault


def copy_in(rows: Iterable[models.Model]) -> None:
    """Insert the rows, all of one model and none with an id, and give each its id. Columns with a default of the
    database's own get that; `save` and its signals are not called."""
    rows = list(rows)
    if not rows:
        return
    meta = type(rows[0])._meta
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
        fields = [field for field in meta.concrete_fields if _is_written(field, rows[0])]
        columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        table = connection.ops.quote_name(meta.db_table)
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([_value(field, row) for field in fields])
                row._state.adding, row._state.db = False, connection.alias


def _is_written(field: models.Field, row: models.Model) -> bool:
    return not field.generated and not isinstance(getattr(row, field.attname), DatabaseDefault)


def _value(field: models.Field, row: models.Model) -> Any:
    value = field.pre_save(row, True)
    if isinstance(value, Enum):
        return value.value
    if value is None or (type(value) in (str, int, bool) and not isinstance(field, models.JSONField)):
        return value
    return field.get_db_prep_save(value, connection)
