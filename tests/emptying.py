"""The database is emptied after each test that commits, whatever is still being answered meanwhile."""

from django.db import OperationalError, connection, transaction

KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # what the code says, not what tests write
TRIES = 5


def empty() -> None:
    """Truncate the tables that hold something. Django's flush does it to all, makes content types anew, and gives up,
    leaving every row to the next test, when a request holds a table for longer than the product lets a lock wait."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '60s'")
                if tables := filled(cursor):
                    cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
            return
        except OperationalError:  # a deadlock with a request; it is over now
            if not tries_left:
                raise


def filled(cursor) -> list[str]:
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    looks = (f"(SELECT '{table}' FROM {connection.ops.quote_name(table)} LIMIT 1)" for table in tables)
    cursor.execute(" UNION ALL ".join(looks))
    return [connection.ops.quote_name(table) for (table,) in cursor.fetchall()]
