"""What one test committed is gone before the next, even while a request is still reading."""

import threading

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from pipeline_crm.accounts.models import Team
from tests.emptying import empty
from tests.factories import make_team


@pytest.mark.django_db(transaction=True)
def test_rows_go_as_soon_as_a_slow_reader_lets_go():
    make_team("North")
    reader = psycopg.connect(settings.DATABASE_URL, dbname=connection.settings_dict["NAME"])
    reader.execute("SELECT * FROM " + Team._meta.db_table)  # holds the table until it is closed
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    letting_go = threading.Timer(0.5, reader.close)
    letting_go.start()
    try:
        empty()
    finally:
        letting_go.join()
        connection.close()  # the short patience goes with it
    assert not Team.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_content_types_stay():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_content_type")
        (before,) = cursor.fetchone()
        make_team("North")
        empty()
        cursor.execute("SELECT count(*) FROM django_content_type")
        assert cursor.fetchone() == (before,) and before
