"""The tables of the page of judgements, each by itself: rows of plain numbers for a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipeline_crm.accounts.models import Company

from . import judging
from .exports import Facts
from .grading import Machine
from .plain import plain
from .rolling_up import KINDS, Figure

if TYPE_CHECKING:
    from .judgement_pages import Scene

NAMES = {"pipeline": "whole", "team": "team", "owner": "person"}


def lines(scene: Scene) -> list[Facts]:
    """What each person, team and all together expect, and what the forecast says."""
    in_order = sorted(scene.seen.values(), key=lambda line: (KINDS.index(line.whose[0]), scene.name_of(line.whose)))
    return [
        {
            **_whose(scene, line.whose),
            **_figure(line.below, "below_"),
            "said": line.said,
            "of": line.of,
            **_figure(line.figure if line.override else None, "instead_"),
            "instead_by": str(line.override.by) if line.override else None,
            "instead_why": line.override.reason if line.override else None,
            **_figure(line.figure),
            **_forecast(scene.machines.get(line.whose)),
            **_currency(),
        }
        for line in in_order
    ]


def weeks(scene: Scene) -> list[Facts]:
    """What stood of all together when each week froze."""
    return [
        {"freezes_at": week.freezes_at.isoformat(), **_figure(week.figure), **_forecast(week.machine), **_currency()}
        for week in scene.weeks
    ]


def grades(scene: Scene) -> list[Facts]:
    """How good figures were that froze, as shares of what came."""
    return [
        {
            **_whose(scene, grade.whose),
            "periods": grade.periods,
            "weeks": grade.weeks,
            "error": plain(grade.error),
            "bias": plain(grade.bias),
            "forecast_error": plain(grade.machine),
        }
        for grade in scene.grades
    ]


def words(scene: Scene) -> list[Facts]:
    """Every word, the newest first; without amounts it takes back what was said instead."""
    return [
        {
            "recorded_at": word.recorded_at.isoformat(),
            "by": str(word.by),
            **_whose(scene, judging.whose(word)),
            "is_instead": word.is_override,
            "commit": _amount(word.commit),
            "best_case": _amount(word.best_case),
            "currency": word.currency,
            "why": word.reason,
            "freezes_at": word.freezes_at.isoformat(),
        }
        for word in scene.words
    ]


TABLES: Mapping[str, Callable[[Scene], list[Facts]]] = {
    "lines": lines,
    "weeks": weeks,
    "grades": grades,
    "words": words,
}


def _whose(scene: Scene, of: tuple[str, int]) -> Facts:
    return {"kind": NAMES[of[0]], "whose": scene.name_of(of)}


def _figure(figure: Figure | None, prefix: str = "") -> Facts:
    told = (figure.commit, figure.best_case) if figure else (None, None)
    return {f"{prefix}{name}": _amount(amount) for name, amount in zip(("commit", "best_case"), told, strict=True)}


def _forecast(machine: Machine | None) -> Facts:
    """The median and the 80 % range, and of which evening they are."""
    if machine is None:
        return dict.fromkeys(("forecast", "forecast_low", "forecast_high", "forecast_as_of"))
    told = plain({"forecast": machine.q50, "forecast_low": machine.q10, "forecast_high": machine.q90})
    return {**told, "forecast_as_of": machine.as_of.isoformat()}


def _amount(amount: object) -> float | None:
    return None if amount is None else float(str(amount))


def _currency() -> Facts:
    return {"currency": Company.get().base_currency}
