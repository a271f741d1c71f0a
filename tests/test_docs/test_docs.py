"""What the documents say is true."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def names_in_env_example() -> set[str]:
    return set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))


def names_read_by_the_code() -> set[str]:
    code = "\n".join(path.read_text() for path in (ROOT / "pipeline_crm").glob("*.py"))
    return set(re.findall(r'env\.(?:text|flag|number|words|pairs|choice|required)\(\s*"([A-Z_]+)"', code))


def test_env_example_names_each_setting_and_no_other():
    only_for_compose = {"POSTGRES_PASSWORD"}
    assert names_in_env_example() - only_for_compose == names_read_by_the_code()


def test_compose_describes_the_five_servers_and_its_variables_are_documented():
    text = (ROOT / "docker-compose.yml").read_text()
    compose = yaml.safe_load(text)
    assert {"web", "worker", "beat", "postgres", "valkey"} <= set(compose["services"])
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) <= names_in_env_example()


def test_the_image_installs_as_the_makefile_does():
    install = "-m pip --disable-pip-version-check install --quiet"
    locked = "--require-hashes -r requirements.lock"
    for name in ("Makefile", "Dockerfile"):
        text = (ROOT / name).read_text().replace("$(PIP) -r", "--require-hashes -r")
        assert install in text and "-m venv .venv" in text and locked in text, name


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_every_package_by_hash_and_name_no_address(lock):
    text = (ROOT / lock).read_text()
    pinned = re.findall(r"^[a-z0-9][\w.-]*==\S+ \\\n    --hash=sha256:", text, re.M)
    assert len(pinned) == len(re.findall(r"^[a-z0-9]", text, re.M)) > 20
    assert "://" not in text and "--index" not in text


def test_each_report_has_a_chapter_in_metrics():
    reports = {path.stem for path in (ROOT / "analytics" / "reports").glob("*.py") if not path.stem.startswith("_")}
    chapters = set(re.findall(r"^## .*`(\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.M))
    assert reports <= chapters


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_between_documents_lead_somewhere(document):
    page = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{document} → {target}"


def test_decisions_are_numbered_without_gaps():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_make_targets_named_in_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text())):
        assert re.search(rf"^{target}:", makefile, re.M), target
