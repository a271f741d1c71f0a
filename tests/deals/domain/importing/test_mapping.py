import copy
import json

import pytest

from deals.domain.importing import mapping
from deals.domain.importing.mapping import BadMapping

from .shapes import HISTORY, PLAIN


@pytest.mark.parametrize("name", mapping.shipped())
def test_each_shipped_mapping_is_valid(name):
    assert mapping.load(name).source


def test_maven_and_bpi2012_ship_with_the_product():
    assert {"maven", "bpi2012"} <= set(mapping.shipped())


def changed(base, path, value):
    found = copy.deepcopy(base)
    *way, last = path.split(".")
    part = found
    for name in way:
        part = part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return found


@pytest.mark.parametrize(
    ("base", "path", "value", "sentence"),
    [
        (PLAIN, "kind", "leads", "“kind” must be one of: deals, history."),
        (PLAIN, "source", None, "“source” is missing"),
        (PLAIN, "colour", "red", "knows no “colour”"),
        (PLAIN, "columns.key", None, "“columns” must name “key”."),
        (PLAIN, "columns.phase", "Phase", "“columns” knows no “phase”"),
        (PLAIN, "stages.Inquiry", "Nowhere", "“stages.Inquiry” must be one of: Inquiry, Proposal"),
        (PLAIN, "time_zone", "Mars/Olympus", "there is no time zone “Mars/Olympus”"),
        (PLAIN, "time_zone", "../../etc/passwd", "there is no time zone"),
        (PLAIN, "currency", "XXX", "is no currency we know"),
        (PLAIN, "date_order", "dmy", "“date_order” must be one of: YMD, DMY, MDY."),
        (PLAIN, "decimal", "x", "“decimal” must be one of: ., ,."),
        (PLAIN, "entered", {"Nowhere": "x"}, "“entered” must be one of"),
        (PLAIN, "pipeline.stages", [{"name": "Open"}], "exactly one of kind won"),
        (PLAIN, "files", {"products": {"file": "../x.csv", "columns": {"name": "n"}}}, "without a folder"),
        (PLAIN, "files", {"products": {"file": "x.csv", "columns": {}}}, "“files.products.columns.name” is missing"),
        (PLAIN, "outcome", {"column": "s", "words": {"x": "maybe"}}, "must be one of: open, won, lost"),
        (PLAIN, "leave_out", {"column": "s"}, "is a list of the words"),
        (PLAIN, "title", 5, "“title” is missing or no text."),
        (PLAIN, "team", "x" * 81, "“team” is longer than 80 characters."),
        (PLAIN, "reasons", {"otherwise": 5}, "“reasons.otherwise” is missing or no text."),
        (PLAIN, "reasons", {"otherwise": "x" * 81}, "“reasons.otherwise” is longer than 80 characters."),
        (PLAIN, "reasons", {"words": {"p": "x" * 81}}, "“reasons.p” is longer than 80 characters."),
        (HISTORY, "stages.no", {"stage": "Lost", "reason": "x" * 81}, "“stages.no.reason” is longer than 80"),
        (HISTORY, "columns.at", None, "“columns” must name “at”."),
        (HISTORY, "entered", {"Inquiry": "x"}, "is for files with one row per deal"),
    ],
)
def test_a_bad_mapping_is_refused_with_the_part_that_is_wrong(base, path, value, sentence):
    with pytest.raises(BadMapping) as caught:
        mapping.from_json(changed(base, path, value))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("value", [[], "deals", None, 3, {"kind": "deals", "columns": []}])
def test_what_is_no_mapping_at_all_is_refused(value):
    with pytest.raises(BadMapping):
        mapping.from_json(value)


def test_an_unknown_name_is_refused_with_those_that_ship():
    with pytest.raises(BadMapping, match="These ship with the product: bpi2012, maven"):
        mapping.load("mavne")


def test_broken_json_is_refused_with_its_line(tmp_path):
    (tmp_path / "m.json").write_text('{"kind": "deals",\n oops}')
    with pytest.raises(BadMapping, match="m.json, line 2"):
        mapping.load(str(tmp_path / "m.json"))


def test_a_part_written_twice_is_refused(tmp_path):
    (tmp_path / "m.json").write_text('{"kind": "deals", "kind": "history"}')
    with pytest.raises(BadMapping, match="“kind” is written twice"):
        mapping.load(str(tmp_path / "m.json"))


def test_words_are_compared_without_case_and_space(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(PLAIN))
    assert mapping.load(str(tmp_path / "m.json")).words[mapping.same_word("  PROPOSAL ")].stage == "Proposal"
