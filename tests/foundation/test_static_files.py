"""Modules that import one another are renamed together with those they import."""

import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings


@pytest.fixture
def collected(settings, tmp_path):
    (tmp_path / "source" / "js" / "board").mkdir(parents=True)
    (tmp_path / "source" / "js" / "say.js").write_text("export const say = 1;\n")
    (tmp_path / "source" / "js" / "board" / "board.js").write_text('import { say } from "../say.js";\nsay;\n')
    with override_settings(
        STATIC_ROOT=tmp_path / "collected",
        STATICFILES_DIRS=[tmp_path / "source"],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STORAGES=settings.STORAGES | {"staticfiles": {"BACKEND": "pipeline_crm.foundation.static_files.Storage"}},
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield tmp_path / "collected"


def test_imports_carry_the_hash_of_what_they_import(collected):
    name = staticfiles_storage.stored_name("js/board/board.js")
    found = re.search(r'from "\.\./(say\.\w{12}\.js)"', (collected / name).read_text())
    assert found
    assert (collected / "js" / found[1]).exists()
