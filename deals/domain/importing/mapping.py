"""What the columns and words of somebody else's file mean here: a JSON file, described in docs/imports.md."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.money import CURRENCIES
from pipeline_crm.foundation.reading import DATE_ORDERS

SHIPPED = Path(__file__).resolve().parents[2] / "mappings"
KINDS = ("deals", "history")
WHO_AND_WHAT = frozenset(
    {"key", "stage", "owner", "team", "title", "organisation", "person", "email", "phone", "product", "amount"}
    | {"currency"}
)
DEAL_COLUMNS = WHO_AND_WHAT | {"created", "closed", "expected_close", "source", "competitor", "reason"}
HISTORY_COLUMNS = WHO_AND_WHAT | {"at", "reason"}
PARTS = frozenset(
    {"kind", "source", "pipeline", "columns", "stages", "entered", "outcome", "reasons", "date_order", "time_zone"}
    | {"currency", "decimal", "encoding", "delimiter", "title", "team", "other_words", "leave_out", "files"}
)
FILE_COLUMNS = {
    "organisations": frozenset(["name", "sector", "employees", "country", "domain"]),
    "products": frozenset(["name", "price"]),
    "teams": frozenset(["member", "team"]),
}
STAGE_KINDS = ("open", "won", "lost")
NOT_STATED = "Not stated"


class BadMapping(Refusal):
    """The mapping itself cannot be followed: which part, and why."""

    status = 422


@dataclass(frozen=True)
class StageWanted:
    name: str
    kind: str = "open"
    chance: float | None = None


@dataclass(frozen=True)
class Meaning:
    """What a word in the stage column stands for: a stage, and for a loss perhaps its reason."""

    stage: str
    reason: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A status column beside the stage column: word → open, won or lost."""

    column: str
    words: dict[str, str]


@dataclass(frozen=True)
class SideFile:
    """A second file beside the first: where it lies and what its columns are called."""

    file: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Mapping:
    """A validated mapping. Words of files are compared without regard to case and surrounding space."""

    kind: str
    source: str
    pipeline: str
    stages: tuple[StageWanted, ...]
    columns: dict[str, str]
    words: dict[str, Meaning | None]
    time_zone: ZoneInfo
    pipeline_time_zone: str
    date_order: str = "YMD"
    currency: str | None = None
    decimal: str = "."
    encoding: str | None = None
    delimiter: str | None = None
    title: str = ""
    team: str | None = None
    other_words: str = "refuse"
    entered: dict[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    reason_otherwise: str = NOT_STATED
    leave_out: Outcome | None = None
    files: dict[str, SideFile] = field(default_factory=dict)
    as_written: dict[str, Any] = field(default_factory=dict)

    def kind_of(self, stage: str) -> str:
        return next(wanted.kind for wanted in self.stages if wanted.name == stage)

    def only_stage(self, kind: str) -> str:
        return next(wanted.name for wanted in self.stages if wanted.kind == kind)

    @property
    def first_stage(self) -> str:
        return self.only_stage("open")


def same_word(word: str) -> str:
    """How words of files are compared."""
    return " ".join(word.split()).casefold()


def shipped() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def load(name_or_path: str) -> Mapping:
    """A mapping that ships with the product, by name, or a JSON file of one's own. Refused: BadMapping."""
    path = SHIPPED / f"{name_or_path}.json" if name_or_path in shipped() else Path(name_or_path)
    try:
        content = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadMapping(
            _("There is no mapping “%(name)s”. These ship with the product: %(shipped)s; or name a JSON file.")
            % {"name": name_or_path, "shipped": ", ".join(shipped())}
        ) from None
    try:
        return from_json(json.loads(content, object_pairs_hook=_without_repetition))
    except json.JSONDecodeError as problem:
        raise BadMapping(
            _("%(file)s, line %(line)d: this is not JSON (%(why)s).")
            % {"file": path.name, "line": problem.lineno, "why": problem.msg}
        ) from None
    except BadMapping as problem:
        raise BadMapping(f"{path.name}: {problem}") from None


def from_json(data: Any) -> Mapping:
    """The mapping in that JSON value, or BadMapping naming the part that is wrong."""
    _is_object(data, _("the mapping"))
    _nothing_unknown(data, PARTS, _("the mapping"))
    kind = _one_of(data.get("kind"), KINDS, "kind")
    zone = _zone(data.get("time_zone"), "time_zone")
    name, stages, pipeline_zone = _pipeline(data.get("pipeline"), zone)
    columns = _columns(data.get("columns"), kind)
    found = Mapping(
        kind=kind,
        source=_text(data.get("source"), "source", 80),
        pipeline=name,
        stages=stages,
        columns=columns,
        words=_words(data.get("stages"), stages),
        time_zone=zone,
        pipeline_time_zone=pipeline_zone,
        date_order=_one_of(data.get("date_order", "YMD"), DATE_ORDERS, "date_order"),
        currency=_currency(data.get("currency")),
        decimal=_one_of(data.get("decimal", "."), (".", ","), "decimal"),
        encoding=data.get("encoding"),
        delimiter=data.get("delimiter"),
        title=_text(data["title"], "title", 200) if data.get("title") else "",
        team=_text(data["team"], "team", 80) if data.get("team") else None,
        other_words=_one_of(data.get("other_words", "refuse"), ("refuse", "ignore"), "other_words"),
        entered=_entered(data.get("entered", {}), stages),
        outcome=_outcome(data.get("outcome"), "outcome", STAGE_KINDS),
        reasons={same_word(word): reason for word, reason in _reasons(data.get("reasons", {})).items()},
        reason_otherwise=_text(data.get("reasons", {}).get("otherwise", NOT_STATED), "reasons.otherwise", 80),
        leave_out=_leave_out(data.get("leave_out")),
        files=_files(data.get("files", {})),
        as_written=data,
    )
    if kind == "history" and found.entered:
        raise BadMapping(_("“entered” is for files with one row per deal; a history has the column “at”."))
    return found


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadMapping(_("“%(name)s” is written twice.") % {"name": name})
        found[name] = value
    return found


def _is_object(value: Any, part: str) -> None:
    if not isinstance(value, dict):
        raise BadMapping(_("%(part)s must be an object: {…}.") % {"part": part})


def _nothing_unknown(value: dict, known: Iterable[str], part: str) -> None:
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise BadMapping(
            _("%(part)s knows no “%(unknown)s”, only: %(known)s.")
            % {"part": part, "unknown": unknown[0], "known": ", ".join(sorted(known))}
        )


def _text(value: Any, part: str, longest: int | None = None) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadMapping(_("“%(part)s” is missing or no text.") % {"part": part})
    if longest is not None and len(value.strip()) > longest:
        raise BadMapping(_("“%(part)s” is longer than %(most)d characters.") % {"part": part, "most": longest})
    return value.strip()


def _one_of(value: Any, allowed: Iterable[str], part: str) -> str:
    if value not in tuple(allowed):
        raise BadMapping(_("“%(part)s” must be one of: %(allowed)s.") % {"part": part, "allowed": ", ".join(allowed)})
    return value


def _zone(value: Any, part: str) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value, part))
    except (KeyError, ValueError, OSError):
        raise BadMapping(_("“%(part)s”: there is no time zone “%(zone)s”.") % {"part": part, "zone": value}) from None


def _currency(value: Any) -> str | None:
    if value is not None and value not in CURRENCIES:
        raise BadMapping(_("“currency”: “%(code)s” is no currency we know.") % {"code": value})
    return value


def _pipeline(value: Any, zone: ZoneInfo) -> tuple[str, tuple[StageWanted, ...], str]:
    _is_object(value, "“pipeline”")
    _nothing_unknown(value, {"name", "stages", "time_zone"}, "“pipeline”")
    pipeline_zone = _zone(value.get("time_zone", zone.key), "pipeline.time_zone").key
    wanted = []
    for row in value.get("stages") or []:
        _is_object(row, "“pipeline.stages”")
        _nothing_unknown(row, {"name", "kind", "chance"}, "“pipeline.stages”")
        kind = _one_of(row.get("kind", "open"), STAGE_KINDS, "kind")
        chance = row.get("chance")
        if chance is not None and not (isinstance(chance, int | float) and 0 <= chance <= 1):
            raise BadMapping(_("“chance” is a share between 0 and 1."))
        wanted.append(StageWanted(_text(row.get("name"), "pipeline.stages.name", 60), kind, chance))
    names, kinds = [stage.name for stage in wanted], [stage.kind for stage in wanted]
    if len({same_word(name) for name in names}) < len(names):
        raise BadMapping(_("“pipeline.stages”: two stages have the same name."))
    if kinds.count("won") != 1 or kinds.count("lost") != 1 or "open" not in kinds:
        raise BadMapping(
            _("“pipeline.stages” needs open stages, exactly one of kind won and exactly one of kind lost.")
        )
    return _text(value.get("name"), "pipeline.name", 80), tuple(wanted), pipeline_zone


def _columns(value: Any, kind: str) -> dict[str, str]:
    _is_object(value, "“columns”")
    _nothing_unknown(value, DEAL_COLUMNS if kind == "deals" else HISTORY_COLUMNS, "“columns”")
    for needed in ("key", "stage") if kind == "deals" else ("key", "stage", "at"):
        if needed not in value:
            raise BadMapping(_("“columns” must name “%(column)s”.") % {"column": needed})
    return {meaning: _text(name, f"columns.{meaning}") for meaning, name in value.items()}


def _words(value: Any, stages: tuple[StageWanted, ...]) -> dict[str, Meaning | None]:
    _is_object(value, "“stages”")
    found: dict[str, Meaning | None] = {}
    for word, meaning in value.items():
        if meaning is None:
            found[same_word(word)] = None
            continue
        row = {"stage": meaning} if isinstance(meaning, str) else meaning
        _is_object(row, f"“stages.{word}”")
        _nothing_unknown(row, {"stage", "reason"}, f"“stages.{word}”")
        reason = row.get("reason")
        found[same_word(word)] = Meaning(
            _known_stage(row.get("stage"), stages, f"stages.{word}"),
            None if reason is None else _text(reason, f"stages.{word}.reason", 80),
        )
    return found


def _known_stage(name: Any, stages: tuple[StageWanted, ...], part: str) -> str:
    return _one_of(name, [stage.name for stage in stages], part)


def _entered(value: Any, stages: tuple[StageWanted, ...]) -> dict[str, str]:
    _is_object(value, "“entered”")
    return {_known_stage(name, stages, "entered"): _text(column, f"entered.{name}") for name, column in value.items()}


def _outcome(value: Any, part: str, allowed: Iterable[str]) -> Outcome | None:
    if value is None:
        return None
    _is_object(value, f"“{part}”")
    _nothing_unknown(value, {"column", "words"}, f"“{part}”")
    _is_object(value.get("words"), f"“{part}.words”")
    words = {same_word(word): _one_of(kind, allowed, f"{part}.{word}") for word, kind in value["words"].items()}
    return Outcome(_text(value.get("column"), f"{part}.column"), words)


def _leave_out(value: Any) -> Outcome | None:
    if value is None:
        return None
    _is_object(value, "“leave_out”")
    if not isinstance(value.get("words"), list):
        raise BadMapping(_("“leave_out.words” is a list of the words that mark a row to leave out."))
    return _outcome({**value, "words": dict.fromkeys(map(str, value["words"]), "open")}, "leave_out", STAGE_KINDS)


def _reasons(value: Any) -> Dictionary[str, str]:
    _is_object(value, "“reasons”")
    _nothing_unknown(value, {"words", "otherwise"}, "“reasons”")
    words = value.get("words", {})
    _is_object(words, "“reasons.words”")
    return {word: _text(reason, f"reasons.{word}", 80) for word, reason in words.items()}


def _files(value: Any) -> dict[str, SideFile]:
    _is_object(value, "“files”")
    _nothing_unknown(value, FILE_COLUMNS, "“files”")
    found = {}
    for what, row in value.items():
        part = f"“files.{what}”"
        _is_object(row, part)
        _nothing_unknown(row, {"file", "columns"}, part)
        name = _text(row.get("file"), f"files.{what}.file")
        if Path(name).name != name:
            raise BadMapping(_("%(part)s: name a file that lies beside the first, without a folder.") % {"part": part})
        _is_object(row.get("columns"), part)
        _nothing_unknown(row["columns"], FILE_COLUMNS[what], f"{part}.columns")
        for needed in ("member", "team") if what == "teams" else ("name",):
            _text(row["columns"].get(needed), f"files.{what}.columns.{needed}")
        found[what] = SideFile(name, dict(row["columns"]))
    return found
