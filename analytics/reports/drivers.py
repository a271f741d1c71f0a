"""What goes with winning: which facts about a deal, known when it came to a stage, go with its being won.

Every deal is looked at on the day it came to the stage, with what was known then, and again `horizon_days` later: won
or not. Deals that came too lately to be looked at again are left out, whether they are closed or not, so that quick
ends do not count for more than slow ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from .. import days, told_facts
from ..caveats import warning
from ..estimators import drivers, proportions
from ..estimators.drivers import Association
from ..plain import plain
from ..river import River
from ..selection import Selection
from . import _landmarks
from ._landmarks import OWNER, Landed

FEWEST = 500
FEWEST_OF_EACH = 50
RATE = 0.10


@dataclass(frozen=True, slots=True)
class Driver:
    """One fact, or one level of it, against its other levels.

    n: deals that have it, or of which the number is known; share: won of those with the level, with the 95 % interval;
    effect: by how much more often they are won, all other facts alike, with the 90 % interval; for a number, at `high`
    against `low`, its quartiles. p and q are None for what is not tested, is_named tells q ≤ 0.10. e_value: how many
    times something not measured would have to go with both this and winning to explain it.
    """

    fact: str
    level: str | None
    n: int
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    low: float | None = None
    high: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    p: float | None = None
    q: float | None = None
    e_value: float | None = None
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    key: str
    stage: str


@dataclass(frozen=True, slots=True)
class DriversReport:
    """landmark: the stage; window: the days on which its deals came to it; n of them, of which `won` were won within
    `horizon_days`; young: deals that came later than that. owner_spread: the standard deviation between owners in
    points, all else alike; None where owners cannot be compared."""

    pipeline: str
    as_of: date
    landmark: Place | None
    landmarks: tuple[Place, ...]
    horizon_days: int | None
    window: tuple[date, date]
    n: int
    won: int
    young: int
    share: float | None
    drivers: tuple[Driver, ...]
    owners: tuple[Driver, ...]
    owner_spread: float | None
    tests: int
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> DriversReport:
    found = _landmarks.landed(river, selection)
    places = tuple(Place(stage.key, stage.name) for _code, stage in _landmarks.stages(river.journeys))
    if found is None:
        return DriversReport(
            pipeline=river.pipeline,
            as_of=selection.as_of,
            landmark=None,
            landmarks=places,
            horizon_days=None,
            window=selection.lately(_landmarks.TWO_YEARS),
            n=0,
            won=0,
            young=0,
            share=None,
            drivers=(),
            owners=(),
            owner_spread=None,
            tests=0,
            warnings=(warning("empty"),),
        )
    won = int(found.frame["is_won"].sum())
    is_enough = found.frame.height >= FEWEST and min(won, found.frame.height - won) >= FEWEST_OF_EACH
    rows, spread = _compared(found) if is_enough else (_counted(found), None)
    share = proportions.wilson(won, found.frame.height).value
    return DriversReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        landmark=Place(found.stage.key, found.stage.name),
        landmarks=places,
        horizon_days=found.horizon,
        window=(days.day(found.first), days.day(max(found.last, found.first))),
        n=found.frame.height,
        won=won,
        young=found.young,
        share=share,
        drivers=tuple(sorted((row for row in rows if row.fact != OWNER), key=_order)),
        owners=tuple(row for row in rows if row.fact == OWNER),
        owner_spread=spread * share * (1 - share) if spread is not None and share is not None else None,
        tests=sum(row.p is not None for row in rows),
        warnings=tuple(_warnings(found, won, is_enough)),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    if not facts["tests"]:
        return {
            "head": _("Too early to say what goes with winning"),
            "sentence": _("Not enough yet: needs %(needs)s deals that were followed to their end, has %(has)s.")
            % {"needs": FEWEST, "has": facts["n"]},
            "certainty": "",
        }
    named = [row for row in facts["drivers"] if row["is_named"]]
    if not named:
        return {
            "head": _("Nothing clearly goes with winning"),
            "sentence": _("Of %(n)s comparisons none stands out, all else that is known being alike.")
            % {"n": facts["tests"]},
            "certainty": _("%(n)s deals were followed for %(days)s days.")
            % {"n": facts["n"], "days": facts["horizon_days"]},
        }
    goes_with = _("What goes with winning: %(what)s")
    if named[0]["effect"] < 0:
        goes_with = _("What goes with losing: %(what)s")
    return {
        "head": goes_with % {"what": told_facts.label(named[0])},
        "sentence": " ".join(told_facts.sentence(row) for row in named[:2]),
        "certainty": _("Associated with winning, not proven to cause it; one in ten of those named may be chance."),
    }


def _compared(found: Landed) -> tuple[list[Driver], float | None]:
    frame = found.frame
    day = frame["day"].to_numpy().astype(float)
    adjusting = np.column_stack([day, (day - day.mean()) ** 2])
    seen = drivers.associations(frame["is_won"].to_numpy(), found.facts(), adjusting, rate=RATE)
    levels = {row.key: found.levels(row.key) for row in seen.rows if row.level is not None}
    return [_driver(found, row, levels) for row in seen.rows], seen.spread


def _driver(found: Landed, row: Association, levels: dict[str, tuple[str, ...]]) -> Driver:
    level = None if row.level is None else levels[row.key][row.level]
    counted = _share(found, row.key, level) if level is not None else Driver(row.key, None, row.n)
    low, high = _in_its_own_units(found, row)
    return Driver(
        fact=row.key,
        level=level,
        n=row.n,
        share=counted.share,
        share_low=counted.share_low,
        share_high=counted.share_high,
        low=low,
        high=high,
        effect=row.effect.value,
        effect_low=row.effect.low,
        effect_high=row.effect.high,
        p=row.p,
        q=row.q,
        e_value=row.e_value,
        is_named=row.q is not None and row.q <= RATE,
    )


def _counted(found: Landed) -> list[Driver]:
    """Shares won as they are, where too few were followed to compare what else differs."""
    texts = [name for name in found.names if found.frame[name].dtype == pl.String]
    return [_share(found, name, level) for name in texts for level in found.levels(name)]


def _share(found: Landed, fact: str, level: str) -> Driver:
    won = found.frame.filter(pl.col(fact) == level)["is_won"]
    share = proportions.wilson(int(won.sum()), len(won))
    return Driver(fact, level, len(won), share.value, share.low, share.high)


def _in_its_own_units(found: Landed, row: Association) -> tuple[float | None, float | None]:
    if row.ends is None:
        return None, None
    values = found.frame[row.key].drop_nulls().to_numpy()
    low, high = np.expm1(row.ends) if _landmarks.is_logarithmic(values) else row.ends
    return float(low), float(high)


def _order(row: Driver) -> tuple[bool, float, str, str]:
    """What is named first, by how much it goes with winning; the others by how sure it is."""
    weight = -abs(row.effect or 0.0) if row.is_named else (1.0 if row.p is None else row.p)
    return (not row.is_named, weight, row.fact, row.level or "")


def _warnings(found: Landed, won: int, is_enough: bool) -> list[dict[str, Any]]:
    warnings = []
    n = found.frame.height
    if n == 0:
        warnings.append(warning("empty"))
    elif not is_enough and n < FEWEST:
        warnings.append(warning("not_enough_followed", needs=FEWEST, has=n))
    elif not is_enough:
        warnings.append(warning("not_enough_of_each", needs=FEWEST_OF_EACH, won=won, others=n - won))
    if found.inexact:
        warnings.append(warning("inexact", n=found.inexact))
    return warnings
