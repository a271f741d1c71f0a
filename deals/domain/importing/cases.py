"""From the rows of a file to cases: what each deal is, and the steps it took. Knows no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from pipeline_crm.foundation import reading
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.money import CURRENCIES
from pipeline_crm.foundation.reading import Unreadable
from pipeline_crm.foundation.tabular import BadFile, Table

from .mapping import Mapping, Meaning, same_word


@dataclass(frozen=True)
class CaseStep:
    """The case entered a stage. `at` is None when the file does not say when: not later than the day of the import."""

    stage: str
    at: datetime | None
    is_exact: bool = True
    reason: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Case:
    """One deal as the file tells it."""

    key: str
    line: int
    currency: str
    steps: tuple[CaseStep, ...]
    title: str = ""
    organisation: str = ""
    person: str = ""
    email: str = ""
    phone: str = ""
    owner: str = ""
    team: str = ""
    source: str = ""
    product: str = ""
    competitor: str = ""
    amount: Decimal | None = None
    expected_close: date | None = None

    @property
    def digest(self) -> str:
        """The same for the same content, wherever in the file it stands."""
        content = json.dumps({**vars(self), "line": 0}, default=str, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True)
class Unusable:
    """Lines that make no case, with the reason; `left_out` when the mapping says so."""

    line: int
    reason: str
    key: str = ""
    field: str = ""
    left_out: bool = False


@dataclass
class LineCount:
    """What became of the lines of a history."""

    read: int = 0
    used: int = 0
    ignored: int = 0
    rejected: int = 0


class BadCell(Refusal):
    def __init__(self, sentence: Any, column: str) -> None:
        super().__init__(sentence)
        self.column = column


def check_columns(table: Table, mapping: Mapping) -> None:
    """Refuse a file that lacks a column of the mapping (BadFile)."""
    named = [*mapping.columns.values(), *mapping.entered.values()]
    named += [outcome.column for outcome in (mapping.outcome, mapping.leave_out) if outcome]
    for column in named:
        if column not in table.columns:
            raise BadFile(
                _("The file has no such column. It has: %(columns)s.") % {"columns": ", ".join(table.columns)},
                file=table.file,
                line=1,
                field=column,
            )


def deals(table: Table, mapping: Mapping, *, currency: str, on: datetime) -> Iterator[Case | Unusable]:
    """One case per row; unusable when a cell is, when its key was there before, or when time runs backwards."""
    bad: list[BadFile] = []
    first_line: dict[str, int] = {}
    for line, cells in table.rows(on_bad_row=bad.append):
        yield from _drain(bad)
        key = ""
        try:
            row = RowReader(cells, mapping, currency)
            key = row.key()
            if row.is_left_out():
                yield Unusable(line, _("The mapping leaves such rows out."), key, left_out=True)
                continue
            if key in first_line:
                raise BadCell(_("Line %(line)d has the same key.") % {"line": first_line[key]}, mapping.columns["key"])
            first_line[key] = line
            yield _case(row, key, line, tuple(in_order(row.steps(), on)))
        except BadCell as problem:
            yield Unusable(line, str(problem), key, problem.column)
    yield from _drain(bad)


def history(
    table: Table, mapping: Mapping, *, currency: str, on: datetime, lines: LineCount
) -> Iterator[Case | Unusable]:
    """One case per key, its rows brought into the order of time. One bad row makes its whole case unusable:
    a history with a hole would tell something else."""
    bad: list[BadFile] = []
    rows: dict[str, list[tuple[datetime, int, RowReader]]] = {}
    spoilt: dict[str, list[Unusable]] = {}
    for line, cells in table.rows(on_bad_row=bad.append):
        lines.read += 1
        row = RowReader(cells, mapping, currency)
        try:
            key = row.key()
        except BadCell as problem:
            bad.append(BadFile(str(problem), file=table.file, line=line, field=problem.column))
            continue
        try:
            at = row.moment_of("at")
            meaning = row.meaning()
            row.money()
            if at is None:
                raise BadCell(_("The row has no date."), mapping.columns["at"])
            if at.at > on:
                raise BadCell(_("%(day)s has not come yet.") % {"day": at.at.date().isoformat()}, mapping.columns["at"])
        except BadCell as problem:
            spoilt.setdefault(key, []).append(Unusable(line, str(problem), key, problem.column))
            continue
        if meaning is None:
            lines.ignored += 1
            continue
        rows.setdefault(key, []).append((at.at, line, row))
    lines.read += len(bad) - sum(1 for problem in bad if problem.facts["field"] == mapping.columns["key"])
    for unusable in _drain(bad):
        lines.rejected += 1
        yield unusable
    for key, problems in spoilt.items():
        lines.rejected += len(problems) + len(rows.pop(key, []))
        yield replace(problems[0], reason="; ".join(problem.reason for problem in problems[:3]))
    for key, found in rows.items():
        first = min(line for _at, line, _row in found)
        try:
            case = _case_of_history(key, first, sorted(found, key=lambda row: row[:2]))
        except BadCell as problem:
            lines.rejected += len(found)
            yield Unusable(first, str(problem), key, problem.column)
        else:
            lines.used += len(found)
            yield case


def in_order(steps: Iterable[CaseStep], on: datetime) -> Iterator[CaseStep]:
    """The steps, two equal stages in a row as one stay. Refused: a step before its predecessor or after `on`."""
    last: CaseStep | None = None
    for step in steps:
        if step.at and step.at > on:
            raise BadCell(_("%(day)s has not come yet.") % {"day": step.at.date().isoformat()}, step.stage)
        if last and last.at and step.at and step.at < last.at:
            raise BadCell(
                _("%(stage)s was entered on %(day)s, before %(previous)s on %(earlier)s.")
                % {
                    "stage": step.stage,
                    "day": step.at.date().isoformat(),
                    "previous": last.stage,
                    "earlier": last.at.date().isoformat(),
                },
                step.stage,
            )
        if last is None or step.stage != last.stage:
            yield step
            last = step


@dataclass
class RowReader:
    """One row, read as the mapping says; every problem is a BadCell that names its column."""

    cells: dict[str, str]
    mapping: Mapping
    default_currency: str
    _seen: dict[str, Any] = field(default_factory=dict)

    def key(self) -> str:
        found = self._read("key", reading.key)
        if not found:
            raise BadCell(_("The row has no key."), self.mapping.columns["key"])
        return self._at_most(found, "key", 200)

    def text(self, meaning: str, longest: int = 200) -> str:
        if meaning not in self.mapping.columns:
            return ""
        return self._at_most(" ".join(self._read(meaning, reading.text).split()), meaning, longest)

    def title(self, key: str) -> str:
        made = self.text("title") or self.mapping.title.replace("{key}", key)
        if len(made) > 200:
            raise BadCell(
                _("The title made from the key is longer than %(most)d characters.") % {"most": 200},
                self.mapping.columns["key"],
            )
        return made

    def currency(self) -> str:
        code = self.text("currency").upper() or self.default_currency
        if code not in CURRENCIES:
            raise BadCell(_("“%(code)s” is no currency we know.") % {"code": code}, self.mapping.columns["currency"])
        return code

    def money(self) -> Decimal | None:
        if "amount" not in self.mapping.columns:
            return None
        currency = self.currency()
        return self._read("amount", lambda cell: reading.amount(cell, currency=currency, decimal=self.mapping.decimal))

    def moment_of(self, meaning: str) -> reading.Moment | None:
        column = self.mapping.columns.get(meaning)
        return self._moment(column) if column else None

    def meaning(self) -> Meaning | None:
        """What the row's stage word stands for; None when the mapping says it is no stage."""
        word = self.text("stage")
        if same_word(word) in self.mapping.words:
            return self.mapping.words[same_word(word)]
        if self.mapping.other_words == "ignore":
            return None
        raise BadCell(
            _("The mapping does not say which stage “%(word)s” is.") % {"word": word}, self.mapping.columns["stage"]
        )

    def is_left_out(self) -> bool:
        marks = self.mapping.leave_out
        return marks is not None and same_word(self.cells[marks.column]) in marks.words

    def steps(self) -> list[CaseStep]:
        """The way of a deal of which the file knows its stage and perhaps some dates."""
        final, before = self._final_stage()
        kind = self.mapping.kind_of(final.stage)
        dated = self._dated_stages(until=final.stage)
        created = self.moment_of("created")
        steps = [CaseStep(stage, at) for stage, at in dated if stage != final.stage]
        if before and before not in [step.stage for step in steps]:
            steps.append(CaseStep(before, steps[-1].at if steps else created and created.at, is_exact=False))
        if created and not steps and kind != "open":
            steps.append(CaseStep(self.mapping.first_stage, created.at))
        reached = dict(dated).get(final.stage) or self._reached(kind, created, any_before=bool(steps))
        known = reached is not None and (kind != "open" or final.stage in dict(dated) or self._is_first(final.stage))
        at = self._not_before(steps, reached)
        steps.append(CaseStep(final.stage, at, is_exact=known, reason=self._reason(kind, final)))
        return steps

    def _final_stage(self) -> tuple[Meaning, str | None]:
        """(where the deal stands, the open stage it was in before when a status column told the end)."""
        stage = self.meaning()
        if stage is None:
            raise BadCell(_("The mapping says that this is no stage."), self.mapping.columns["stage"])
        outcome = self.mapping.outcome
        if outcome is None:
            return stage, None
        word = self.cells[outcome.column]
        kind = outcome.words.get(same_word(word))
        if kind is None:
            raise BadCell(_("The mapping does not say what “%(word)s” is.") % {"word": word[:80]}, outcome.column)
        if kind == self.mapping.kind_of(stage.stage):
            return stage, None
        if kind == "open":
            raise BadCell(_("The deal is said to be open in a closing stage."), outcome.column)
        before = stage.stage if self.mapping.kind_of(stage.stage) == "open" else None
        return Meaning(self.mapping.only_stage(kind)), before

    def _dated_stages(self, until: str) -> list[tuple[str, datetime]]:
        found = []
        for place, (stage, column) in enumerate(self.mapping.entered.items()):
            moment = self._moment(column) if self._belongs(stage, until) else None
            if moment:
                found.append((moment.at, place, stage))
        return [(stage, at) for at, _place, stage in sorted(found, key=lambda one: (one[2] == until, *one))]

    def _belongs(self, stage: str, until: str) -> bool:
        """Two ends may share one date column (Won and Lost: close_date); only the deal's own end counts."""
        return stage == until or self.mapping.kind_of(stage) == "open"

    def _reached(self, kind: str, created: reading.Moment | None, *, any_before: bool) -> datetime | None:
        if kind != "open":
            closed = self.moment_of("closed")
            return closed.at if closed else None
        return created.at if created and not any_before else None

    def _not_before(self, steps: list[CaseStep], at: datetime | None) -> datetime | None:
        """A mere day stands for its noon: closed on the day of a later hour is closed at that hour."""
        last = steps[-1].at if steps else None
        zone = self.mapping.time_zone
        if at and last and at < last and at.astimezone(zone).date() == last.astimezone(zone).date():
            return last
        return at

    def _is_first(self, stage: str) -> bool:
        return stage == self.mapping.first_stage

    def _reason(self, kind: str, meaning: Meaning) -> str | None:
        if kind != "lost":
            return None
        return self.lost_reason(meaning)

    def lost_reason(self, meaning: Meaning) -> str:
        word = self.text("reason", 80)
        said = self.mapping.reasons.get(same_word(word), word) if word else ""
        return meaning.reason or said or self.mapping.reason_otherwise

    def _moment(self, column: str) -> reading.Moment | None:
        try:
            return reading.moment(self.cells[column], order=self.mapping.date_order, zone=self.mapping.time_zone)
        except Unreadable as problem:
            raise BadCell(problem, column) from None

    def _read(self, meaning: str, how: Any) -> Any:
        column = self.mapping.columns[meaning]
        try:
            return how(self.cells[column])
        except Unreadable as problem:
            raise BadCell(problem, column) from None

    def _at_most(self, found: str, meaning: str, longest: int) -> str:
        if len(found) > longest:
            raise BadCell(
                _("The cell is longer than %(most)d characters.") % {"most": longest}, self.mapping.columns[meaning]
            )
        return found


def _case(row: RowReader, key: str, line: int, steps: tuple[CaseStep, ...]) -> Case:
    expected = row.moment_of("expected_close")
    is_open = row.mapping.kind_of(steps[-1].stage) == "open"
    return Case(
        key=key,
        line=line,
        currency=row.currency(),
        steps=steps,
        title=row.title(key),
        organisation=row.text("organisation"),
        person=row.text("person"),
        email=row.text("email"),
        phone=row.text("phone", 40),
        owner=row.text("owner", 120),
        team=row.text("team", 80),
        source=row.text("source", 80),
        product=row.text("product", 120),
        competitor=row.text("competitor", 120),
        amount=row.money(),
        expected_close=expected.at.astimezone(row.mapping.time_zone).date() if expected and is_open else None,
    )


def _case_of_history(key: str, line: int, rows: list[tuple[datetime, int, RowReader]]) -> Case:
    steps: list[CaseStep] = []
    amount = None
    for at, _line, row in rows:
        meaning = row.meaning()
        amount = row.money() if row.money() is not None else amount
        if meaning and not (steps and steps[-1].stage == meaning.stage):
            reason = row.lost_reason(meaning) if row.mapping.kind_of(meaning.stage) == "lost" else None
            steps.append(CaseStep(meaning.stage, at, reason=reason, amount=amount))
    case = _case(rows[-1][2], key, line, tuple(steps))
    return replace(case, amount=amount)


def _drain(bad: list[BadFile]) -> Iterator[Unusable]:
    for problem in bad:
        yield Unusable(problem.facts["line"], problem.sentence, "", problem.facts["field"] or "")
    bad.clear()
