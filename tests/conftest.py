"""Every run has its own PostgreSQL and Valkey, unless DATABASE_URL and REDIS_URL name some."""

import os
import tempfile

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
os.environ.setdefault("EVALUATION", "1")
os.environ.setdefault("VAR", tempfile.mkdtemp(prefix="pipeline-test-"))


def pytest_configure(config):
    from django.conf import settings

    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The log's TRUNCATE triggers would refuse the flush after a transactional test; the attack test enables them."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
               WHERE NOT tgisinternal AND (tgname ILIKE '%truncate%' OR proname ILIKE '%truncate%')"""
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
