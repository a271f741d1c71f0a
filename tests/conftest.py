"""Every run has a PostgreSQL and a Valkey of its own, unless DATABASE_URL and REDIS_URL name some."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
os.environ["EVALUATION"] = "1"

# How busy the machine is must not decide whether a test passes, and what CI tries is the same each time.
settings.register_profile(
    "ours", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("ours")

if not os.environ.get("PYTEST_XDIST_WORKER") and "PIPELINE_TEST_VAR" not in os.environ:
    folder = tempfile.mkdtemp(prefix="pipeline-test-")
    os.chmod(folder, 0o755)  # so that root's servers, which run as `nobody`, can enter
    os.environ["PIPELINE_TEST_VAR"] = os.environ["VAR"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if not (os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL")):
        from pipeline_crm import embedded

        servers = embedded.Servers(Path(folder), durable=False)
        servers.start_or_join()
        os.environ["PIPELINE_TEST_SERVERS"] = "ours"
        atexit.register(servers.stop)

if os.environ.get("PIPELINE_TEST_SERVERS") == "ours":  # each xdist worker has a queue and a cache to itself
    from pipeline_crm import env

    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = env.redis_with_number(os.environ["REDIS_URL"], worker % 8)


def pytest_configure(config):
    from django.conf import settings

    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    from django.test import TransactionTestCase

    from tests.emptying import empty

    TransactionTestCase._fixture_teardown = lambda case: empty()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The log's TRUNCATE triggers would refuse the emptying after a test that commits; the attack test enables them."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
               WHERE NOT tgisinternal AND (tgname ILIKE '%truncate%' OR proname ILIKE '%truncate%')"""
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture
def open_folder():
    """A folder below /tmp that root's servers, which run as `nobody`, can enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="pipeline-test-") as path:
        os.chmod(path, 0o755)
        yield Path(path)


def pytest_collection_modifyitems(config, items):
    """Without a browser its tests are skipped, loudly. In CI, one that fails there has one more try, as loudly."""
    from tests import chromium

    in_browser = [item for item in items if item.get_closest_marker("browser")]
    if not chromium.find():
        for item in in_browser:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))
    elif os.environ.get("CI"):
        for item in in_browser:
            item.add_marker(pytest.mark.flaky(reruns=1))


NO_BROWSER = "NOT TESTED: there is no Chromium here; neither CHROMIUM names one nor could one be fetched"


def pytest_terminal_summary(terminalreporter):
    """Say loudly what could not be tested here, or only at the second try, so that green is not mistaken for more."""
    if again := terminalreporter.stats.get("rerun"):
        terminalreporter.section("TRIED A SECOND TIME IN THE BROWSER", sep="!", yellow=True, bold=True)
        for report in again:
            terminalreporter.line(f"  {report.nodeid}")
    missed = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "NOT TESTED" in reason:
            missed.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    if missed:
        terminalreporter.section("NOT EVERYTHING WAS TESTED", sep="!", red=True, bold=True)
    for reason, tests in missed.items():
        terminalreporter.line(f"{len(tests)} tests did not run. {reason}", red=True, bold=True)
        for test in tests:
            terminalreporter.line(f"  {test}")
