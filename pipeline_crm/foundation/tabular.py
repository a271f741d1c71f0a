"""Comma-separated files in and out.

In: a file is read as what it is or refused with file, line and field; nothing is guessed silently.
Out: `write` makes a file that no spreadsheet will execute, `write_raw` one that reads back exactly.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

LARGEST_CELL = 131_072
DELIMITERS = ",;\t|"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANKS = " \u00a0\u200b\u2060\ufeff"
_UTF8_SEEN_AS_CP1252 = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u0152-\u0178\u2013-\u203a\u2122]")


class BadFile(Refusal):
    """A file, or one row of it, that cannot be read as a table. `facts`: file, line, field."""

    status = 422

    def __init__(self, sentence: str, *, file: str, line: int | None = None, field: str | None = None) -> None:
        place = [file]
        if line is not None:
            place.append(_("line %(line)d") % {"line": line})
        if field:
            place.append(_("field “%(field)s”") % {"field": field})
        super().__init__(f"{', '.join(place)}: {sentence}", file=file, line=line, field=field)
        self.sentence = sentence


Row = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Table:
    """A file that could be opened: its columns, and its rows as (line number, {column: cell})."""

    file: str
    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    _text: str
    _header: tuple[str, ...]

    def rows(self, on_bad_row: Callable[[BadFile], None] | None = None) -> Iterator[Row]:
        """Each row that is not blank, with the line it starts on.

        A row with too few or too many cells, or with a NUL, goes to `on_bad_row`; without one it refuses the file.
        An unclosed quote or an oversize cell always refuses the file: nobody knows where the next row begins.
        """
        lines = _records(self._text, self.delimiter, self.file)
        next(lines, None)
        for line, cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            problem = _problem(self.file, line, self._header, cells)
            if problem is None:
                yield line, {name: cell for name, cell in zip(self._header, cells, strict=True) if name}
            elif on_bad_row is None:
                raise problem
            else:
                on_bad_row(problem)


def read(path: str | Path, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """The table in that file. Refused: no file, an unknown encoding, no header, a header that names a column twice."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise BadFile(_("The file cannot be opened (%(why)s).") % {"why": problem.strerror}, file=path.name) from None
    return from_bytes(data, file=path.name, encoding=encoding, delimiter=delimiter)


def from_bytes(data: bytes, *, file: str, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """The same for bytes that did not come from a disk; `file` is what to call them."""
    content, encoding = _decoded(data, file, encoding)
    delimiter = delimiter or _delimiter(content)
    first = next(_records(content, delimiter, file), None)
    if first is None:
        raise BadFile(_("The file is empty."), file=file)
    header = tuple(name.strip() for name in first[1])
    _check_header(header, file, first[0])
    return Table(file, tuple(name for name in header if name), encoding, delimiter, content, header)


def write(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A file for people: texts that a spreadsheet would take for a formula get an apostrophe in front."""
    writer = csv.writer(stream)
    writer.writerow([harmless(name) for name in columns])
    writer.writerows([harmless(cell) for cell in row] for row in rows)


def stream(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The same file line by line, its header first, with the mark by which spreadsheets know UTF-8."""
    line = io.StringIO(newline="")
    line.write("\ufeff")
    writer = csv.writer(line)
    for row in rows:
        writer.writerow([harmless(cell if isinstance(cell, (int, str)) else str(cell)) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def write_raw(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A file for machines: reads back exactly, formulas included. Never offer it as the ordinary download."""
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows(rows)


def harmless(cell: Any) -> Any:
    """The cell, or the cell behind an apostrophe when it is a text that a spreadsheet would execute."""
    if isinstance(cell, str) and (cell.startswith(FORMULA_STARTS) or cell.lstrip(_BLANKS).startswith(FORMULA_STARTS)):
        return "'" + cell
    return cell


def _decoded(data: bytes, file: str, declared: str | None) -> tuple[str, str]:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decode(data, name, file), name
    if not declared and b"\x00" in data[:4000]:
        declared = _utf16_without_mark(data)
    if not declared:
        try:
            return data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError as problem:
            line = data.count(b"\n", 0, problem.start) + 1
        content = _decode(data, "cp1252", file)
        if _UTF8_SEEN_AS_CP1252.search(content):
            raise BadFile(_("The file mixes UTF-8 with another encoding; save it as UTF-8."), file=file, line=line)
        return content, "cp1252"
    content = _decode(data, declared, file)
    if declared.lower() in ("cp1252", "windows-1252", "latin-1", "iso-8859-1") and not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return content, declared
        raise BadFile(_("The file is said to be %(said)s but is UTF-8.") % {"said": declared}, file=file)
    return content, declared


def _decode(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        raise BadFile(_("There is no encoding called %(name)s.") % {"name": encoding}, file=file) from None
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise BadFile(
            _("The characters are neither UTF-8, UTF-16 nor Windows-1252 here; save the file as UTF-8."),
            file=file,
            line=line,
        ) from None


def _utf16_without_mark(data: bytes) -> str | None:
    head = data[:4000]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 4 and even < odd // 10 + 1:
        return "utf-16-le"
    if even > len(head) // 4 and odd < even // 10 + 1:
        return "utf-16-be"
    return None


def _delimiter(content: str) -> str:
    """The separator that the header uses outside quotes; a comma when there is one column only."""
    header = re.sub(r'"[^"]*"', "", re.split(r"[\r\n]", content.lstrip("\r\n"), maxsplit=1)[0])
    return max(DELIMITERS, key=header.count)


def _records(content: str, delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """(starting line, cells) of each line that is not empty; csv's own errors in our words."""
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise BadFile(_said(str(problem), delimiter), file=file, line=line) from None
        if cells:
            yield line, cells


def _said(problem: str, delimiter: str) -> str:
    if "field larger" in problem:
        return _("A cell is longer than %(most)d characters; perhaps a quote is not closed.") % {"most": LARGEST_CELL}
    if "unexpected end" in problem:
        return _("A quote that begins here is never closed.")
    if "expected after" in problem:
        return _("Something stands between a closing quote and the next “%(sign)s”.") % {"sign": delimiter}
    return _("The row cannot be read (%(why)s).") % {"why": problem}


def _check_header(header: tuple[str, ...], file: str, line: int) -> None:
    if not any(header):
        raise BadFile(_("The first line names no column."), file=file, line=line)
    for place, name in enumerate(header):
        if "\x00" in name:
            raise BadFile(_("A column name contains a NUL character."), file=file, line=line)
        if name and name in header[:place]:
            first = header.index(name) + 1
            raise BadFile(
                _("Columns %(first)d and %(second)d have the same name.") % {"first": first, "second": place + 1},
                file=file,
                line=line,
                field=name,
            )


def _problem(file: str, line: int, header: tuple[str, ...], cells: list[str]) -> BadFile | None:
    if len(cells) != len(header):
        sentence = _("The row has %(has)d cells, the header %(expected)d.")
        return BadFile(sentence % {"has": len(cells), "expected": len(header)}, file=file, line=line)
    for name, cell in zip(header, cells, strict=True):
        if "\x00" in cell:
            return BadFile(_("The cell contains a NUL character."), file=file, line=line, field=name)
    return None
