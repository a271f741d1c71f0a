"""What has changed since somebody looked: exact, whatever the order in which transactions commit.

A cursor is PostgreSQL's own word for what could be seen at a moment: a snapshot. Numbers or times would not do, for a
transaction that began earlier may commit later. What was touched by a transaction that the snapshot could not see yet
is new to its owner; some of it they may have seen all the same, and versions tell.
"""

import re
from collections.abc import Iterable

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from .append_only import XidField

MOST = 500  # of more than so many changes nothing is named: the page is read anew
_CURSOR = re.compile(r"\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?", re.ASCII)


class Xmin(Func):
    template = "pg_snapshot_xmin(%(expressions)s::pg_snapshot)"
    output_field = XidField()


class XmaxNow(Func):
    template = "pg_snapshot_xmax(pg_current_snapshot())"
    output_field = XidField()


class SeenIn(Func):
    function = "pg_visible_in_snapshot"
    template = "%(function)s(%(expressions)s::pg_snapshot)"
    output_field = BooleanField()


def cursor_now() -> str:
    """Taken before a page is read: what the page does not show yet, this cursor asks for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return cursor.fetchone()[0]


def changes(cards: QuerySet, visible: QuerySet, *, since: str, shown: Iterable[int] = ()) -> dict:
    """{"cursor", "cards": [{"id", "v"}, …] or "all", "lost": [id, …]} of a board.

    `cards` are all of the board, `visible` those the person may see. `lost` are the cards among `shown` that they may
    see no more. "all" when there are too many, or when the cursor is not of this database: read the board anew.
    """
    now = cursor_now()
    if not _is_ours(since, now):
        return {"cursor": now, "cards": "all", "lost": []}
    touched = cards.filter(
        ~Q(SeenIn(F("touched"), Value(since))),
        touched__gte=Xmin(Value(since)),
        touched__lt=XmaxNow(),  # later numbers come from a database this one was restored from
    )
    versions = dict(touched.order_by().values_list("pk", "version")[: MOST + 1])
    if len(versions) > MOST:
        return {"cursor": now, "cards": "all", "lost": []}
    theirs = set(visible.filter(pk__in=versions).order_by().values_list("pk", flat=True))
    return {
        "cursor": now,
        "cards": [{"id": pk, "v": version} for pk, version in versions.items() if pk in theirs],
        "lost": [pk for pk in shown if pk in versions and pk not in theirs],
    }


def ids(text: str, *, most: int) -> list[int]:
    """The ids in "3,17,4"; what is none is left out, and so is what comes after so many."""
    return [int(part) for part in text.split(",")[:most] if part.isascii() and part.isdecimal() and len(part) < 19]


def _is_ours(cursor: str, now: str) -> bool:
    """Whether the text is a snapshot that this database can have answered."""
    if not _CURSOR.fullmatch(cursor):
        return False
    low, high, running = cursor.split(":")
    between = [int(number) for number in running.split(",")] if running else []
    in_order = 0 < int(low) <= int(high) and between == sorted(between)
    return in_order and all(int(low) <= one < int(high) for one in between) and int(high) <= int(now.split(":")[1])
