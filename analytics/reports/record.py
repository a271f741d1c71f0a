"""How good forecasts were: what was said of the months and quarters that are over, and what came.

What was kept on the evening itself is taken as it was said. Where nothing is kept of an evening, every method is asked
again, from what was known then; each line says which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import backtesting, days, fiscal
from ..backtesting import Grade, Row
from ..caveats import warning
from ..estimators import blending, proportions
from ..fiscal import MONTH, QUARTER, Period
from ..kept import Asked, Kept
from ..known import Known
from ..outlook import Outlook
from ..parts import outlook_of
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..ways import OURS, name_of
from ._lacking import lack

UNITS = {"month": (MONTH, 12), "quarter": (QUARTER, 4)}
LOOKS = (("month", "eve"), ("month", "half"), ("month", "before"), ("quarter", "eve"), ("quarter", "half"))
LONGEST_REACH = 92
FEWEST_GRADED = 2
CHANGED = 0.005
AS_NEAR = 0.95


@dataclass(frozen=True, slots=True)
class Window:
    """One period that is over, and what was said of it on the evening of `origin`, all of the period's whole sum.

    is_kept: said then, else asked again. won: by that evening. came: as it was known on the evening of the last day;
    now: as it is known now. best: the method that was nearest.
    """

    unit: str
    look: str
    start: date
    end: date
    origin: date
    is_kept: bool
    won: float
    q10: float
    q50: float
    q90: float
    came: float
    now: float
    is_inside: bool
    best: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A method over all windows of a look; nearer: in how many of them the forecast of the page was nearer than it."""

    method: str
    n: int
    error: float
    bias: float
    inside: float | None
    crps: float
    nearer: int


@dataclass(frozen=True, slots=True)
class Look:
    """When it was said: half: in the middle of the period, eve: on the evening before it, before: before the period
    before it. inside: share of windows inside the 80 % range, with its 80 % interval; methods: the best first."""

    unit: str
    look: str
    n: int
    kept: int
    inside: float
    inside_low: float
    inside_high: float
    methods: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class RecordReport:
    """rows: what every method said in every window, as `backtest` tells it."""

    pipeline: str
    as_of: date
    currency: str
    looks: tuple[Look, ...]
    windows: tuple[Window, ...]
    rows: tuple[dict[str, Any], ...]
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


@dataclass(frozen=True, slots=True)
class _Graded:
    window: Window
    rows: list[Row]


def report(river: River, selection: Selection, rng: Any) -> RecordReport:
    """The same history and the same kept forecasts give the same record; `rng` is not used."""
    outlook = outlook_of(river, reach=LONGEST_REACH)
    now = outlook.history.as_of(days.number(selection.as_of))
    asked = list(_asked(now, selection, river.first_month))
    kept = river.kept(one.key for one in asked)
    graded = [found for one in asked for found in [_graded(one, outlook, kept, now)] if found]
    looks = tuple(look for unit, name in LOOKS for look in [_look(unit, name, graded)] if look)
    return RecordReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        looks=looks,
        windows=tuple(one.window for one in graded),
        rows=tuple(_told(one.window, row) for one in graded for row in one.rows),
        warnings=tuple(_warnings(outlook, now, graded, looks)),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """How often the range held what came, how far off the forecast was, and whether anything else was nearer."""
    look = next(iter(facts["looks"]), None)
    if look is None:
        return {
            "head": _("No record yet"),
            "sentence": _("Too few months or quarters are over of which something could be forecast before."),
            "certainty": "",
        }
    ours = next(one for one in look["methods"] if one["method"] == OURS)
    inside = round(look["inside"] * look["n"])
    head = {
        "month": ngettext(
            "%(inside)s of %(n)s month lay inside the range",
            "%(inside)s of %(n)s months lay inside the range",
            look["n"],
        ),
        "quarter": ngettext(
            "%(inside)s of %(n)s quarter lay inside the range",
            "%(inside)s of %(n)s quarters lay inside the range",
            look["n"],
        ),
    }[look["unit"]]
    error = _("What was said on the evening before was off by %(error)s on average.") % {
        "error": _percent(ours["error"])
    }
    certainty = _("Four in five should; from %(n)s alone it is between %(low)s and %(high)s in the long run.") % {
        "n": look["n"],
        "low": _percent(look["inside_low"]),
        "high": _percent(look["inside_high"]),
    }
    return {
        "head": head % {"inside": inside, "n": look["n"]},
        "sentence": f"{error} {_nearest(look)}",
        "certainty": certainty,
    }


def _nearest(look: dict[str, Any]) -> str:
    best, ours = look["methods"][0], next(one for one in look["methods"] if one["method"] == OURS)
    if best is not ours:
        words = {"way": name_of(best["method"]), "its": _percent(best["crps"]), "ours": _percent(ours["crps"])}
        if best["crps"] > AS_NEAR * ours["crps"]:
            return _("As near was one other way: %(way)s.") % words
        return _("Nearer was: %(way)s, with a score of %(its)s against %(ours)s.") % words
    other = look["methods"][1] if len(look["methods"]) > 1 else None
    if other is None:
        return ""
    return _("No other way was nearer on the whole; against the best of them it was in %(nearer)s of %(n)s.") % {
        "nearer": other["nearer"],
        "n": look["n"],
    }


def _percent(share: float) -> str:
    return f"{share * 100:.0f}\u2009%"


@dataclass(frozen=True, slots=True)
class _One:
    """A period, and the evening on which it is asked about."""

    unit: str
    look: str
    period: Period
    origin: int

    @property
    def key(self) -> Asked:
        return self.origin, days.number(self.period.start), days.number(self.period.end)


def _asked(now: Known, selection: Selection, first_month: int) -> Iterator[_One]:
    """Every look at the periods that are over, oldest first, of evenings on which something was known."""
    for unit, (months, most) in UNITS.items():
        period = fiscal.containing(selection.as_of + timedelta(days=1), months, first_month=first_month)
        past: list[Period] = []
        while len(past) < most:
            period = _before(period, first_month)
            if days.number(period.end) <= now.since:
                break
            past.append(period)
        for period in reversed(past):
            for name in (name for of, name in LOOKS if of == unit):
                origin = _origin(name, period, first_month)
                if origin >= now.since:
                    yield _One(unit, name, period, origin)


def _before(period: Period, first_month: int) -> Period:
    return fiscal.containing(period.start - timedelta(days=1), period.months, first_month=first_month)


def _origin(look: str, period: Period, first_month: int) -> int:
    start, end = days.number(period.start), days.number(period.end)
    if look == "half":
        return start - 1 + (end - start + 1) // 2
    return (start if look == "eve" else days.number(_before(period, first_month).start)) - 1


def _graded(one: _One, outlook: Outlook, kept: Kept, now: Known) -> _Graded | None:
    """What was said then, else what is said of it now from what was known then; None where that was too little."""
    origin, start, end = one.key
    said = kept.said.get(one.key)
    won = outlook.history.as_of(origin).won_between(start, origin)
    if said is None:
        if not outlook.can_say(origin):
            return None
        skip = max(start - 1 - origin, 0)
        coming = backtesting.answers(outlook, origin, length=end - origin - skip, skip=skip)
        said_of_all = {method: won + quantiles for method, quantiles in coming.items()}
    else:
        said_of_all = dict(said)
    came = kept.came.get((start, end))
    if came is None:
        came = backtesting.came(outlook, start, end)
    rows = [backtesting.row(origin, end - origin, method, came, values) for method, values in said_of_all.items()]
    ours = said_of_all[OURS]
    low, middle, high = (blending.quantile(ours, level) for level in (0.1, 0.5, 0.9))
    window = Window(
        unit=one.unit,
        look=one.look,
        start=one.period.start,
        end=one.period.end,
        origin=days.day(origin),
        is_kept=said is not None,
        won=won,
        q10=low,
        q50=middle,
        q90=high,
        came=came,
        now=now.won_between(start, end),
        is_inside=low <= came <= high,
        best=min(rows, key=lambda row: (row.crps, row.method)).method,
    )
    return _Graded(window, rows)


def _look(unit: str, name: str, graded: list[_Graded]) -> Look | None:
    """None where too few of these windows are graded, or nothing came in them."""
    chosen = [one for one in graded if (one.window.unit, one.window.look) == (unit, name)]
    if len(chosen) < FEWEST_GRADED:
        return None
    of_all = set.intersection(*({row.method for row in one.rows} for one in chosen))  # ways come and go with versions
    grades = backtesting.grades(row for one in chosen for row in one.rows if row.method in of_all)
    if not grades:
        return None
    inside = sum(one.window.is_inside for one in chosen)
    share = proportions.wilson(inside, len(chosen), confidence=0.8)
    return Look(
        unit=unit,
        look=name,
        n=len(chosen),
        kept=sum(one.window.is_kept for one in chosen),
        inside=inside / len(chosen),
        inside_low=share.low or 0.0,
        inside_high=1.0 if share.high is None else share.high,
        methods=tuple(Compared(**asdict(grade), nearer=_nearer(grade, chosen)) for grade in grades),
    )


def _nearer(grade: Grade, chosen: list[_Graded]) -> int:
    """In how many windows the forecast of the page was nearer than this method."""
    scores = [{row.method: row.crps for row in one.rows} for one in chosen]
    return sum(score[OURS] < score[grade.method] for score in scores if grade.method in score)


def _told(window: Window, row: Row) -> dict[str, Any]:
    facts = {name: getattr(window, name) for name in ("unit", "look", "is_kept", "start", "end")}
    return {**facts, **asdict(row)}


def _warnings(outlook: Outlook, now: Known, graded: list[_Graded], looks: tuple[Look, ...]) -> Iterator[dict[str, Any]]:
    if not len(now.card):
        yield warning("empty")
    elif not looks:
        if not outlook.can_say(now.today):
            yield lack(outlook, now.today)
        else:
            whole = [one for one in graded if (one.window.unit, one.window.look) == LOOKS[0]]
            yield warning("not_enough_graded", needs=FEWEST_GRADED, has=len(whole))
    changed = {
        (one.window.start, one.window.end)
        for one in graded
        if abs(one.window.now - one.window.came) > CHANGED * max(abs(one.window.came), 1.0)
    }
    if changed:
        yield warning("corrected_since", n=len(changed))


__all__ = ["finding", "report"]
