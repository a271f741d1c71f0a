"""The reports there are, by the name that their page, address, figures and command share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from . import exports, improving, recording, sources, tabled
from .figures import bottleneck as bottleneck_figures
from .figures import brings as brings_figures
from .figures import compare as compare_figures
from .figures import coverage as coverage_figures
from .figures import cycle_time as cycle_time_figures
from .figures import drivers as drivers_figures
from .figures import forecast as forecast_figures
from .figures import losses as losses_figures
from .figures import movement as movement_figures
from .figures import record as record_figures
from .figures import river as river_figures
from .presenting import bottleneck as bottleneck_words
from .presenting import brings as brings_words
from .presenting import compare as compare_words
from .presenting import coverage as coverage_words
from .presenting import cycle_time as cycle_time_words
from .presenting import drivers as drivers_words
from .presenting import forecast as forecast_words
from .presenting import improve as improve_words
from .presenting import losses as losses_words
from .presenting import movement as movement_words
from .presenting import record as record_words
from .presenting import river as river_words
from .reports import (
    bottleneck,
    brings,
    compare,
    coverage,
    cycle_time,
    drivers,
    forecast,
    improve,
    losses,
    movement,
    record,
    river,
    what_if,
)
from .selection import EXTRAS, Selection

Facts = dict[str, Any]
GROUPS = (
    ("flow", _("Flow"), ("river", "bottleneck", "cycle_time", "losses", "drivers", "compare", "improve")),
    ("ahead", _("Ahead"), ("forecast", "coverage", "what_if", "movement", "judgement", "record")),
    ("marketing", _("Marketing"), ("brings",)),
)


def no_figures(_facts: Facts) -> Facts:
    return {}


def nothing_else() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Report:
    """compute: River, Selection, rng → an object with as_facts(); the next ones take those facts. asks: what it asks
    for beside what all ask for, of selection.EXTRAS. head: how far that has come which it is computed from beside the
    logs of leads and deals."""

    name: str
    title: Any
    icon: str
    compute: Callable[..., Any]
    finding: Callable[[Facts], dict[str, str]]
    figures: Callable[[Facts], dict[str, Any]]
    shown: Callable[[Facts], Facts]
    shape: Callable[[Facts], Facts]
    rows: Callable[[Facts], list[Facts]]
    asks: tuple[str, ...] = ()
    head: Callable[[], str] = nothing_else

    @property
    def address(self) -> str:
        return reverse("analytics:report", args=[self.name])

    @property
    def tables(self) -> Mapping[str, Callable[[Facts], list[Facts]]]:
        """The tables of its page that are a file of their own, by name."""
        return tabled.TABLES.get(self.name, {})

    @property
    def body(self) -> str:
        """The template of its part of the page."""
        return f"analytics/reports/{self.name}.html"

    def asking(self, selection: Selection) -> Selection:
        """The selection as far as it matters to this report."""
        return selection.without(*(name for name in EXTRAS if name not in self.asks))


REPORTS = {
    report.name: report
    for report in (
        Report(
            "river",
            _("The whole river"),
            "chart-column",
            river.report,
            river.finding,
            river_figures.figures,
            river_words.shown,
            exports.river,
            exports.river_rows,
        ),
        Report(
            "bottleneck",
            _("Where deals get stuck"),
            "hourglass",
            bottleneck.report,
            bottleneck.finding,
            bottleneck_figures.figures,
            bottleneck_words.shown,
            exports.bottleneck,
            exports.bottleneck_rows,
        ),
        Report(
            "cycle_time",
            _("How long it takes"),
            "clock",
            cycle_time.report,
            cycle_time.finding,
            cycle_time_figures.figures,
            cycle_time_words.shown,
            exports.cycle_time,
            exports.cycle_time_rows,
        ),
        Report(
            "losses",
            _("Why deals are lost"),
            "trending-down",
            losses.report,
            losses.finding,
            losses_figures.figures,
            losses_words.shown,
            exports.losses,
            exports.losses_rows,
        ),
        Report(
            "drivers",
            _("What goes with winning"),
            "trophy",
            drivers.report,
            drivers.finding,
            drivers_figures.figures,
            drivers_words.shown,
            exports.drivers,
            exports.drivers_rows,
            asks=("landmark",),
            head=sources.facts_head,
        ),
        Report(
            "compare",
            _("Side by side"),
            "arrow-right-left",
            compare.report,
            compare.finding,
            compare_figures.figures,
            compare_words.shown,
            exports.compare,
            exports.compare_rows,
            asks=("against",),
        ),
        Report(
            "improve",
            _("What is improved"),
            "target",
            improve.report,
            improve.finding,
            no_figures,
            improve_words.shown,
            exports.improve,
            exports.improve_rows,
            head=improving.head,
        ),
        Report(
            "brings",
            _("What marketing brings"),
            "megaphone",
            brings.report,
            brings.finding,
            brings_figures.figures,
            brings_words.shown,
            exports.brings,
            exports.brings_rows,
            head=sources.origins_head,
        ),
        Report(
            "forecast",
            _("What will be won"),
            "trending-up",
            forecast.report,
            forecast.finding,
            forecast_figures.figures,
            forecast_words.shown,
            exports.forecast,
            exports.forecast_rows,
            asks=("unit",),
        ),
        Report(
            "coverage",
            _("Is it enough"),
            "circle-question-mark",
            coverage.report,
            coverage.finding,
            coverage_figures.figures,
            coverage_words.shown,
            exports.coverage,
            exports.coverage_rows,
        ),
        Report(
            "movement",
            _("What changed"),
            "arrow-up-down",
            movement.report,
            movement.finding,
            movement_figures.figures,
            movement_words.shown,
            exports.movement,
            exports.movement_rows,
        ),
        Report(
            "record",
            _("How good forecasts were"),
            "circle-check",
            record.report,
            record.finding,
            record_figures.figures,
            record_words.shown,
            exports.record,
            exports.record_rows,
            head=recording.head,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Beneath:
    """What is computed and kept as reports are, and answers the questions of a page that is none."""

    name: str
    compute: Callable[..., Any]
    asks: tuple[str, ...] = ()
    head: Callable[[], str] = nothing_else

    def asking(self, selection: Selection) -> Selection:
        return selection.without(*(name for name in EXTRAS if name not in self.asks))


KEPT: dict[str, Report | Beneath] = {**REPORTS, "what_if": Beneath("what_if", what_if.report, asks=("suppose",))}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Insight that is no stored report; route: the name of its address, without the application's."""

    name: str
    title: Any
    icon: str
    route: str

    @property
    def address(self) -> str:
        return reverse(f"analytics:{self.route}")


PAGES: dict[str, Page] = {
    page.name: page
    for page in (
        Page("what_if", _("What if"), "activity", "what_if"),
        Page("judgement", _("Judgement"), "users", "judgement"),
    )
}


@dataclass(frozen=True, slots=True)
class Tabs:
    """The pages of a group, as its row of tabs shows them."""

    key: str
    title: Any
    pages: tuple[Report | Page, ...]


def tabs() -> list[Tabs]:
    """All pages of Insight by GROUPS, in whose order they stand."""
    there = {**REPORTS, **PAGES}
    return [Tabs(key, title, tuple(there[name] for name in names)) for key, title, names in GROUPS]


def compute(name: str, selection: Selection) -> Facts:
    """The report's facts, now: the same numbers for page, file and command, since chance begins at the selection."""
    report = KEPT[name]
    selection = report.asking(selection)
    river = sources.river(selection)
    if "against" in report.asks:
        river = replace(river, other=sources.river(selection.other))
    if name == "improve":
        river = replace(river, improvements=improving.under_way(selection.pipeline))
    if name == "record":
        river = replace(river, kept=partial(recording.kept, selection))
    return report.compute(river, selection, np.random.default_rng(selection.seed())).as_facts()
