import json

import pytest
from django.core.management import CommandError, call_command

from deals.models import Deal

pytestmark = pytest.mark.django_db

MAPPING = {
    "kind": "deals",
    "source": "Ours",
    "pipeline": {
        "name": "Imported",
        "stages": [{"name": "Talking"}, {"name": "Won", "kind": "won"}, {"name": "Lost", "kind": "lost"}],
    },
    "columns": {"key": "id", "stage": "stage", "amount": "amount"},
    "stages": {"talking": "Talking", "won": "Won"},
    "time_zone": "Europe/Berlin",
}


@pytest.fixture
def files(tmp_path):
    (tmp_path / "deals.csv").write_text("id,stage,amount\n1,won,10\n2,talking,x\n")
    (tmp_path / "mapping.json").write_text(json.dumps(MAPPING))
    return str(tmp_path / "deals.csv"), str(tmp_path / "mapping.json")


def run(capsys, name, file, mapping, **options):
    call_command(name, file, mapping=mapping, **options)
    return capsys.readouterr().out


def test_json_holds_the_counts_and_the_reasons_by_line(files, capsys):
    found = json.loads(run(capsys, "import_deals", *files, json=True))
    assert {name: found[name] for name in ("in", "created", "updated", "skipped", "rejected")} == {
        "in": 2,
        "created": 1,
        "updated": 0,
        "skipped": 0,
        "rejected": 1,
    }
    assert found["reasons"] == [
        {"line": 3, "fate": "rejected", "key": "2", "field": "amount", "reason": "“x” is not an amount."}
    ]
    assert Deal.objects.count() == 1


def test_a_dry_run_shows_each_line_and_changes_nothing(files, capsys):
    shown = run(capsys, "import_deals", *files, dry_run=True)
    assert "2: created" in shown and "3: rejected (amount) “x” is not an amount." in shown
    assert "This was a dry run" in shown
    assert not Deal.objects.exists()


def test_the_pipeline_can_be_named(files, capsys):
    run(capsys, "import_deals", *files, pipeline="Elsewhere")
    assert Deal.objects.get().pipeline.name == "Elsewhere"


@pytest.mark.parametrize(
    ("command", "mapping", "sentence"),
    [
        ("import_history", None, "This mapping is for files of kind deals"),
        ("import_deals", "nonsense", "There is no mapping “nonsense”"),
    ],
)
def test_a_refusal_is_one_sentence(files, capsys, command, mapping, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(capsys, command, files[0], mapping or files[1])


def test_a_file_that_is_not_there_is_one_sentence(files, capsys):
    with pytest.raises(CommandError, match="none.csv: The file cannot be opened"):
        run(capsys, "import_deals", "none.csv", files[1])
