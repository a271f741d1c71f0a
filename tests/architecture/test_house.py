"""The house stands as docs/architecture.md draws it."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern, get_resolver

ROOT = Path(__file__).resolve().parents[2]
OURS = ("analytics.", "deals.", "leads.", "pipeline_crm.")
OUR_APPS = [config.label for config in apps.get_app_configs() if f"{config.name}.".startswith(OURS)]


def test_imports_go_down_the_stairs():
    answer = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", "--check", "--dry-run", verbosity=1, stdout=(out := io.StringIO()))
    assert "No changes detected" in out.getvalue()


@pytest.mark.parametrize("app", OUR_APPS)
def test_migrations_of_an_app_form_one_line(app):
    graph = MigrationLoader(connection=None).graph
    assert len(graph.leaf_nodes(app)) <= 1
    for node in graph.nodes:
        if node[0] == app:
            assert len([child for child in graph.node_map[node].children if child.key[0] == app]) <= 1


def test_the_system_check_finds_nothing():
    call_command("check", fail_level="WARNING")


def test_every_view_of_ours_declares_its_policy():
    missing = [name for name, view in views(get_resolver()) if not getattr(view, "policy", None)]
    assert missing == []


def views(resolver, prefix=""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            if f"{entry.callback.__module__}.".startswith(OURS):
                yield f"{prefix}{entry.pattern}", entry.callback
        else:
            yield from views(entry, f"{prefix}{entry.pattern}")
