"""How much will be won in each of the coming weeks, months, quarters or years, with the range it will lie in, beside
the customary figure.

The forecast of each period is the one that `outlook` makes and `backtesting` grades: open deals and those to come, the
periods before, and the calendar, each counting by how good it was so far. What is won already in the current period is
added. Beside it stands the record: what the same forecast said of past ones, from what was known then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import in_short

from .. import backtesting, days, fiscal
from ..backtesting import QUANTILES, Grade
from ..caveats import warning
from ..estimators import early, stage_weighting
from ..estimators.survival import Floats
from ..known import Known
from ..outlook import ENOUGH_CLOSED, SHOCK_DAYS, Forecast, Outlook
from ..parts import outlook_of
from ..plain import plain
from ..river import Goal, River
from ..selection import Selection
from . import _targets
from ._lacking import lack
from ._targets import Attainment

STALE_AFTER = 60
NUMBER = {"week": 13, "quarter": 4, "year": 2}  # of months, as many as the selection says
PAST = {"week": 13, "month": 12, "quarter": 8, "year": 4}
FAN = {"q025": 0.025, **QUANTILES, "q975": 0.975}
GRADED_PERIODS = 6
FEWEST_GRADED = 2


@dataclass(frozen=True, slots=True)
class Period:
    """One of them. point = won + open + new + recycled, the expected amount; the quantiles are of the same sum.

    stage_weighted: what is won already, and the open deals' amounts times their stages' win rates.
    """

    start: date
    end: date
    won: float
    stage_weighted: float | None
    open: float | None = None
    new: float | None = None
    recycled: float | None = None
    point: float | None = None
    q025: float | None = None
    q05: float | None = None
    q10: float | None = None
    q25: float | None = None
    q50: float | None = None
    q75: float | None = None
    q90: float | None = None
    q95: float | None = None
    q975: float | None = None


@dataclass(frozen=True, slots=True)
class Early:
    """Where there is no forecast yet: what the open deals may bring, four times in five. value: of their amounts."""

    open: int
    value: float
    q10: float
    q90: float


@dataclass(frozen=True, slots=True)
class Graded:
    """What the same forecast said of a period on the evening before it, and what came."""

    start: date
    end: date
    won: float
    q10: float
    q50: float
    q90: float


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """unit: "week", "month", "quarter" or "year", and first_month: with which years begin. `past_won` are the amounts
    won in the periods before, oldest first, for comparison; `weights`: how much each kind of forecast counts in the
    first period's; `graded` and `record`: what was said of past periods, and how good each method was at that, the best
    first."""

    pipeline: str
    as_of: date
    currency: str
    unit: str
    first_month: int
    periods: tuple[Period, ...]
    total: Period | None
    past_won: tuple[dict[str, Any], ...]
    open_deals: int
    closed_deals: int
    won_deals: int
    arrivals_per_week: float | None
    period_shock: float | None
    weights: dict[str, float] | None
    graded: tuple[Graded, ...]
    record: tuple[Grade, ...]
    targets: tuple[Attainment, ...]
    early: Early | None
    is_part: bool
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        """Plain values for JSON, rounded to what is worth reading."""
        return plain(asdict(self))


def report(river: River, selection: Selection, rng: np.random.Generator) -> ForecastReport:
    """The same history gives the same forecast: chance is seeded by the days asked about, and `rng` is not used."""
    today = days.number(selection.as_of)
    unit, year = selection.unit or "month", river.first_month
    coming = fiscal.upcoming(selection.as_of, unit, NUMBER.get(unit, selection.months), first_month=year)
    goals = _targets.shown(river.goals, selection.as_of)
    outlook = outlook_of(river, reach=reach(selection, goals))
    known = outlook.history.as_of(today)
    past = _past_won(known, coming[0], unit, year)
    weighted = _stage_weighted(known, river, coming)
    bare = tuple(
        Period(period.start, period.end, won, None if weighted is None else won + float(weighted[i]))
        for i, period in enumerate(coming)
        for won in [known.won_between(days.number(period.start), days.number(period.end))]
    )
    warnings = _warnings(known, river)
    can_say = outlook.can_say(today)
    if not can_say:
        warnings.append(lack(outlook, today))
    elif known.closed < ENOUGH_CLOSED:
        is_part = river.whole is not None
        warnings.append(warning("borrowed" if is_part else "pooled", needs=ENOUGH_CLOSED, has=known.closed))
    forecasts = [_ahead(outlook, today, period.start, period.end) for period in coming] if can_say else []
    periods = tuple(_filled(*each) for each in zip(bare, forecasts, strict=True)) if can_say else bare
    graded, record = _record(outlook, past) if can_say else ((), ())
    return ForecastReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        unit=unit,
        first_month=year,
        periods=periods,
        total=_together(periods, _ahead(outlook, today, coming[0].start, coming[-1].end)) if can_say else None,
        past_won=past,
        open_deals=int(known.is_open.sum()),
        closed_deals=known.closed,
        won_deals=int(known.is_won.sum()),
        arrivals_per_week=outlook.fitted(today).inflow.per_day * 7 if can_say else None,
        period_shock=outlook.fitted(today).shock(SHOCK_DAYS) if can_say else None,
        weights=forecasts[0].weights if can_say else None,
        graded=graded,
        record=record,
        targets=_targets.attainments(goals, known, outlook if can_say else None),
        early=None if can_say else _early(known, outlook.grounds.as_of(today)),
        is_part=river.whole is not None,
        warnings=tuple(warnings),
    )


def reach(selection: Selection, goals: list[Goal]) -> int:
    """How many days ahead is asked about: the same wherever targets are spoken of and whatever the periods are, so that
    their chances are."""
    months = fiscal.upcoming(selection.as_of, "month", selection.months, first_month=1)
    ends = [months[-1].end, *(goal.end for goal in goals)]
    return days.number(max(ends)) - days.number(selection.as_of)


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    total, currency = facts["total"], facts["currency"]
    if total is None:
        return {"head": _("Too early to forecast"), **_early_words(facts["early"], currency)}
    words = {
        "total": in_short(total["q50"], currency),
        "low": in_short(total["q10"], currency),
        "high": in_short(total["q90"], currency),
        "end": date_format(date.fromisoformat(total["end"]), "j F Y"),
        "periods": in_periods(len(facts["periods"]), facts["unit"]),
    }
    comparison = _against_past(facts)
    return {
        "head": _("Nothing is expected in %(periods)s") % words
        if round(total["q90"]) == 0
        else _("Heading for %(total)s in %(periods)s") % words,
        "sentence": comparison or _("What is open, what will come, and what is won already, until %(end)s.") % words,
        "certainty": _("Four times in five between %(low)s and %(high)s, until %(end)s.") % words,
    }


def _early_words(early: dict[str, Any] | None, currency: str) -> dict[str, str]:
    """A range, and no number in its middle."""
    if early is None:
        too_few = _("Too few deals have been closed in this pipeline to say what will be won.")
        return {"sentence": too_few, "certainty": ""}
    words = {
        "low": in_short(early["q10"], currency),
        "high": in_short(early["q90"], currency),
        "value": in_short(early["value"], currency),
        "n": early["open"],
    }
    return {
        "sentence": ngettext(
            "The open deal of %(value)s may bring between %(low)s and %(high)s; when is not known yet.",
            "The %(n)s open deals of %(value)s may bring between %(low)s and %(high)s; when is not known yet.",
            early["open"],
        )
        % words,
        "certainty": _("Four times in five. Seven of ten usually go on from a stage; what was seen here counts too."),
    }


def in_periods(number: int, unit: str) -> str:
    """“6 months”, “one quarter”."""
    words = {
        "week": ngettext("one week", "%(n)s weeks", number),
        "month": ngettext("one month", "%(n)s months", number),
        "quarter": ngettext("one quarter", "%(n)s quarters", number),
        "year": ngettext("one year", "%(n)s years", number),
    }
    return words[unit] % {"n": number}


def _against_past(facts: dict[str, Any]) -> str:
    """More or less than as many periods before, where the range tells; else a neutral word."""
    past, total, currency = facts["past_won"], facts["total"], facts["currency"]
    number = len(facts["periods"])
    if len(past) < number or not any(period["won"] for period in past[-number:]):
        return ""
    before = sum(period["won"] for period in past[-number:])
    words = {"before": in_short(before, currency), "periods": in_periods(number, facts["unit"])}
    if total["q10"] > before:
        return _("Very likely more than the %(before)s of the %(periods)s before.") % words
    if total["q90"] < before:
        return _("Very likely less than the %(before)s of the %(periods)s before.") % words
    if total["q25"] > before:
        return _("Likely more than the %(before)s of the %(periods)s before.") % words
    if total["q75"] < before:
        return _("Likely less than the %(before)s of the %(periods)s before.") % words
    return _("About as much as the %(before)s of the %(periods)s before; too early to say more.") % words


def _early(known: Known, grounds: Known) -> Early | None:
    """None where no open deal has a known amount. How deals go on is taken from all of the pipeline."""
    standing = known.is_open & (known.amount > 0)
    if not standing.any():
        return None
    amounts = known.amount[standing]
    found = early.sums(*grounds.parted(), known.state[standing], amounts, np.random.default_rng(known.today))
    low, high = np.quantile(found, [0.1, 0.9]).tolist()
    return Early(int(standing.sum()), float(amounts.sum()), low, high)


def _ahead(outlook: Outlook, today: int, start: date, end: date) -> Forecast:
    """Of what will be won in the days of the period that are still to come."""
    skip = max(days.number(start) - 1 - today, 0)
    return outlook.forecast(today, skip=skip, length=days.number(end) - today - skip)


def _filled(period: Period, forecast: Forecast) -> Period:
    parts = {"open": forecast.open, "new": forecast.new, "recycled": forecast.recycled}
    quantiles = {name: period.won + forecast.quantile(level) for name, level in FAN.items()}
    return Period(**asdict(period) | parts | quantiles | {"point": period.won + forecast.point})


def _together(periods: tuple[Period, ...], forecast: Forecast) -> Period:
    """All of them as one: the sums of their parts, with the range that the whole stretch has."""
    won, coming = periods[0].won, sum((period.point or 0.0) - period.won for period in periods)
    scale = coming / forecast.point if forecast.point else 1.0
    weighted = [period.stage_weighted for period in periods]
    return Period(
        start=periods[0].start,
        end=periods[-1].end,
        won=won,
        stage_weighted=None if weighted[0] is None else sum(amount or 0.0 for amount in weighted),
        **{part: sum(getattr(period, part) or 0.0 for period in periods) for part in ("open", "new", "recycled")},
        point=won + coming,
        **{name: won + scale * forecast.quantile(level) for name, level in FAN.items()},
    )


def _record(outlook: Outlook, past: tuple[dict[str, Any], ...]) -> tuple[tuple[Graded, ...], tuple[Grade, ...]]:
    """What was said of past periods on the evening before each, and the grades of every method."""
    graded, rows = [], []
    for period in past[-GRADED_PERIODS:]:
        origin = days.number(period["start"]) - 1
        said = list(backtesting.replay(outlook, [origin], days.number(period["end"]) - origin))
        blend = next((row for row in said if row.method == "blend"), None)
        if blend:
            rows += said
            graded.append(Graded(period["start"], period["end"], blend.actual, blend.q10, blend.q50, blend.q90))
    if len(graded) < FEWEST_GRADED:
        return (), ()
    return tuple(graded), tuple(backtesting.grades(rows))


def _past_won(known: Known, first: fiscal.Period, unit: str, year: int) -> tuple[dict[str, Any], ...]:
    """The periods before the forecast's first, so many of them at most, from the first that history covers whole."""
    past: list[dict[str, Any]] = []
    period = fiscal.before(first, unit, first_month=year)
    while len(known.card) and len(past) < PAST[unit] and days.number(period.start) >= known.since:
        won = known.won_between(days.number(period.start), days.number(period.end))
        past.append({"start": period.start, "end": period.end, "won": won})
        period = fiscal.before(period, unit, first_month=year)
    return tuple(reversed(past))


def _stage_weighted(known: Known, river: River, periods: list[fiscal.Period]) -> Floats | None:
    """Amount × share won of the closed deals that passed the stage, at the expected close date."""
    if known.closed == 0:
        return None
    standing = known.is_open
    expected = dict(river.expected_close().drop_nulls("day").iter_rows())
    passages = known.passages()
    cards = stage_weighting.Standing(
        known.state[standing],
        known.entered[standing],
        known.usual_amounts(standing),
        np.array([expected.get(card, np.nan) for card in known.card[standing].tolist()], dtype=float),
    )
    ends = np.array([days.number(period.end) for period in periods])
    return stage_weighting.variants(
        passages, cards, today=known.today, states=known.states, period_ends=ends, new_business=np.zeros(len(periods))
    )["stage_weighted"]


def _warnings(known: Known, river: River) -> list[dict[str, Any]]:
    warnings = []
    last = int(known.entered[known.exact].max()) if known.exact.any() else None
    unknown = int(np.isnan(known.amount[known.is_open]).sum())
    if last is not None and known.today - last > STALE_AFTER:
        warnings.append(warning("stale", last=days.day(last).isoformat()))
    if unknown:
        warnings.append(warning("unknown_amounts", n=unknown))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    return warnings
