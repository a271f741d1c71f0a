"""Many new rows at once, by COPY: several times as fast as INSERT, judged by the same constraints and triggers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from django.db import connection, models, transaction
from django.db.models.expressions import DatabaseDefault


def copy_in(rows: Iterable[models.Model]) -> None:
    """Insert the rows, all of one model and none with an id, and give each its id. Columns with a default of the
    database's own get that; `save` and its signals are not called."""
    rows = list(rows)
    if not rows:
        return
    meta = type(rows[0])._meta
    table = connection.ops.quote_name(meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")  # as INSERT does before it gives an id
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
        fields = [field for field in meta.concrete_fields if _is_written(field, rows[0])]
        columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([_value(field, row) for field in fields])
                row._state.adding, row._state.db = False, connection.alias


def update_many(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Save these fields of the rows, all of one model, in one statement; `save` and its signals are not called."""
    if not rows:
        return
    meta = type(rows[0])._meta
    quote = connection.ops.quote_name
    written = [meta.pk, *(meta.get_field(name) for name in fields)]
    arrays = ", ".join(f"%s::{_type(field)}[]" for field in written)
    columns = ", ".join(quote(field.column) for field in written)
    changes = ", ".join(f"{quote(field.column)} = new.{quote(field.column)}" for field in written[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(meta.db_table)} AS old SET {changes} FROM unnest({arrays}) AS new ({columns}) "  # noqa: S608 (our own names)
            f"WHERE old.{quote(meta.pk.column)} = new.{quote(meta.pk.column)}",
            [[_value(field, row) for row in rows] for field in written],
        )


def _type(field: models.Field) -> str:
    """The type of the column's values, where it counts up or refers to another table as well."""
    held = field.target_field if field.is_relation else field
    return str(held.rel_db_type(connection) if held.primary_key else held.db_type(connection))


def _is_written(field: models.Field, row: models.Model) -> bool:
    return not field.generated and not isinstance(getattr(row, field.attname), DatabaseDefault)


def _value(field: models.Field, row: models.Model) -> Any:
    value = field.pre_save(row, True)
    if isinstance(value, Enum):
        return value.value
    if value is None or (type(value) in (str, int, bool) and not isinstance(field, models.JSONField)):
        return value
    return field.get_db_prep_save(value, connection)
