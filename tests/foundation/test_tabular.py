import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_crm.foundation import tabular
from pipeline_crm.foundation.tabular import BadFile


def table(data: bytes | str, **how):
    return tabular.from_bytes(data if isinstance(data, bytes) else data.encode(), file="deals.csv", **how)


def rows(data: bytes | str, **how):
    return list(table(data, **how).rows())


def refusal(data: bytes | str, **how) -> BadFile:
    with pytest.raises(BadFile) as caught:
        rows(data, **how)
    return caught.value


def test_rows_come_with_the_line_they_start_on():
    assert rows('a,b\n1,"two\nlines"\n\n3,4\n') == [(2, {"a": "1", "b": "two\nlines"}), (5, {"a": "3", "b": "4"})]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("näme\nGrün\n".encode(), "utf-8"),
        (b"\xef\xbb\xbf" + "näme\nGrün\n".encode(), "utf-8-sig"),
        ("näme\nGrün\n".encode("cp1252"), "cp1252"),
        ("näme\nGrün\n".encode("utf-16"), "utf-16"),
        ("näme\nGrün\n".encode("utf-16-le"), "utf-16-le"),
        ("näme\nGrün\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_the_encoding_is_recognised_and_no_mark_sticks_to_the_first_column(data, encoding):
    found = table(data)
    assert (found.columns, found.encoding) == (("näme",), encoding)
    assert list(found.rows()) == [(2, {"näme": "Grün"})]


def test_utf_8_said_to_be_cp1252_is_refused_rather_than_garbled():
    assert "is said to be cp1252 but is UTF-8" in str(refusal("n\nGrün\n", encoding="cp1252"))


def test_a_mixture_of_encodings_is_refused_with_its_line():
    mixed = "n\nGrün\n".encode() + "Grün\n".encode("cp1252")
    assert str(refusal(mixed)).startswith("deals.csv, line 3: The file mixes UTF-8")


def test_bytes_that_mean_nothing_are_refused():
    assert "neither UTF-8, UTF-16 nor Windows-1252" in str(refusal(b"n\n\x81\x8d\n"))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_ending_ends_a_line(newline):
    assert rows(newline.join(["a,b", "1,2", ""])) == [(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_in_the_header(sign):
    assert rows(f'"x,y;z"{sign}b\n1{sign}2\n') == [(2, {"x,y;z": "1", "b": "2"})]


def test_one_column_needs_no_separator():
    assert rows("name\nAcme, Inc\n".replace(", ", " ")) == [(2, {"name": "Acme Inc"})]


def test_an_unclosed_quote_refuses_the_file_instead_of_swallowing_rows():
    caught = refusal('a,b\n1,"two\n3,4\n5,6\n')
    assert (caught.facts["line"], caught.sentence) == (2, "A quote that begins here is never closed.")


def test_a_quote_that_closes_too_early_refuses_the_file():
    assert refusal('a\n"x"y\n').facts["line"] == 2


def test_an_oversize_cell_refuses_the_file():
    assert "longer than 131072 characters" in str(refusal("a\n" + "x" * 131_073 + "\n"))


def test_a_column_named_twice_refuses_the_file():
    caught = refusal("a,b,a\n1,2,3\n")
    assert str(caught) == "deals.csv, line 1, field “a”: Columns 1 and 3 have the same name."


@pytest.mark.parametrize(("data", "sentence"), [("", "empty"), ("\n\n", "empty"), (" , \n1,2\n", "names no column")])
def test_a_file_without_header_is_refused(data, sentence):
    assert sentence in str(refusal(data))


@pytest.mark.parametrize("row", ["1", "1,2,3"])
def test_a_ragged_row_is_refused_with_its_line(row):
    assert refusal(f"a,b\n1,2\n{row}\n").facts["line"] == 3


def test_bad_rows_can_be_collected_while_the_good_ones_are_read():
    bad: list[BadFile] = []
    good = list(table("a,b\n1\n2,3\n4,\x00\n").rows(on_bad_row=bad.append))
    assert good == [(3, {"a": "2", "b": "3"})]
    assert [(one.facts["line"], one.facts["field"]) for one in bad] == [(2, None), (4, "b")]


def test_blank_rows_and_unnamed_columns_are_left_out():
    assert rows("a,b,\n,,\n1,2,\n") == [(3, {"a": "1", "b": "2"})]


def test_a_missing_file_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(BadFile, match="none.csv: The file cannot be opened"):
        tabular.read(tmp_path / "none.csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", " =", "\ufeff=", "\n="])
def test_a_spreadsheet_finds_no_formula_in_what_we_write(start):
    stream = io.StringIO()
    tabular.write(stream, [start + "head"], [[start + "1+1"]])
    assert list(csv.reader(io.StringIO(stream.getvalue(), newline=""))) == [
        ["'" + start + "head"],
        ["'" + start + "1+1"],
    ]


def test_numbers_stay_numbers():
    stream = io.StringIO()
    tabular.write(stream, ["n"], [[-5], [None]])
    assert stream.getvalue() == 'n\r\n-5\r\n""\r\n'


cell = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=20)


@given(st.lists(st.tuples(cell, cell), max_size=8))
def test_the_raw_file_reads_back_exactly(written):
    stream = io.StringIO(newline="")
    tabular.write_raw(stream, ["a", "b"], written)
    expected = [dict(zip("ab", row, strict=True)) for row in written if any(one.strip() for one in row)]
    assert [row for _, row in table(stream.getvalue(), delimiter=",").rows()] == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_never_a_crash(data):
    try:
        rows(data)
    except BadFile as caught:
        assert str(caught).startswith("deals.csv")
