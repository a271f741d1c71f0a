"""How much will be won in each of the coming months, with the range it will lie in, beside the customary figure.

Open deals leave their stages by the hazards of the past, deals not there yet come as they came lately, and all deals of
a month share its luck. What is won already in the current month is added.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.money import in_short

from .. import chain, days
from ..caveats import warning
from ..estimators import forecasting, markov
from ..estimators.survival import Floats, Ints
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import stage_visits

FEWEST_CLOSED = 10
ENOUGH_CLOSED = 30
STALE_AFTER = 60
RECENT_WINS_DAYS = 120
FEWEST_RECENT_WINS = 20
SHOCK_DAYS = 30
OLDEST = 400
QUANTILES = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}


@dataclass(frozen=True, slots=True)
class Period:
    """One month. point = won + open + new + recycled, the expected amount; the quantiles are of the same sum.

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
    q05: float | None = None
    q10: float | None = None
    q25: float | None = None
    q50: float | None = None
    q75: float | None = None
    q90: float | None = None
    q95: float | None = None


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """`months_won` are the amounts won in the months before, oldest first, for comparison."""

    pipeline: str
    as_of: date
    currency: str
    periods: tuple[Period, ...]
    total: Period | None
    months_won: tuple[dict[str, Any], ...]
    open_deals: int
    closed_deals: int
    won_deals: int
    arrivals_per_week: float | None
    period_shock: float | None
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        """Plain values for JSON, rounded to what is worth reading."""
        return plain(asdict(self))


def report(river: River, selection: Selection, rng: np.random.Generator) -> ForecastReport:
    today = days.number(selection.as_of)
    deals = _Deals(river, today)
    months = _months(selection.as_of, selection.months)
    weighted = deals.stage_weighted(months)
    warnings = deals.warnings(river, today)
    bare = tuple(
        Period(start, end, won, None if weighted is None else won + float(weighted[i]))
        for i, ((start, end), won) in enumerate(zip(months, deals.won_since(months), strict=True))
    )
    outlook = _Outlook(bare, None, None, None)
    if deals.won == 0:
        warnings.append(warning("no_wins") if deals.all else warning("empty"))
    elif deals.closed < FEWEST_CLOSED:
        warnings.append(warning("not_enough_closed", needs=FEWEST_CLOSED, has=deals.closed))
    else:
        if deals.closed < ENOUGH_CLOSED:
            warnings.append(warning("pooled", needs=ENOUGH_CLOSED, has=deals.closed))
        outlook = _outlook(deals, bare, today, rng)
    return ForecastReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        periods=outlook.periods,
        total=outlook.total,
        months_won=deals.months_won(selection.as_of, before=months[0][0]),
        open_deals=deals.open.height,
        closed_deals=deals.closed,
        won_deals=deals.won,
        arrivals_per_week=outlook.arrivals_per_week,
        period_shock=outlook.shock,
        warnings=tuple(warnings),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    total, currency = facts["total"], facts["currency"]
    if total is None:
        return {
            "head": _("Too early to forecast"),
            "sentence": _("Too few deals have been closed in this pipeline to say what will be won."),
            "certainty": "",
        }
    months = len(facts["periods"])
    words = {
        "total": in_short(total["q50"], currency),
        "low": in_short(total["q10"], currency),
        "high": in_short(total["q90"], currency),
        "end": date_format(date.fromisoformat(total["end"]), "j F Y"),
        "months": months,
    }
    comparison = _against_past(facts)
    return {
        "head": ngettext("Heading for %(total)s this month", "Heading for %(total)s in %(months)s months", months)
        % words,
        "sentence": comparison or _("What is open, what will come, and what is won already, until %(end)s.") % words,
        "certainty": _("Four times in five between %(low)s and %(high)s, until %(end)s.") % words,
    }


def _against_past(facts: dict[str, Any]) -> str:
    """More or less than as many months before, where the range tells; else a neutral word."""
    past, total, currency = facts["months_won"], facts["total"], facts["currency"]
    months = len(facts["periods"])
    if len(past) < months or not any(month["won"] for month in past[-months:]):
        return ""
    before = sum(month["won"] for month in past[-months:])
    words = {"before": in_short(before, currency), "months": months}
    if total["q10"] > before:
        return _("Very likely more than the %(before)s of the %(months)s months before.") % words
    if total["q90"] < before:
        return _("Very likely less than the %(before)s of the %(months)s months before.") % words
    if total["q25"] > before:
        return _("Likely more than the %(before)s of the %(months)s months before.") % words
    if total["q75"] < before:
        return _("Likely less than the %(before)s of the %(months)s months before.") % words
    return _("About as much as the %(before)s of the %(months)s months before; too early to say more.") % words


class _Deals:
    """The deals as of the day, in the arrays that the estimators want."""

    def __init__(self, river: River, today: int):
        log = river.deals
        self.log, self.today = log, today
        self.states = len(log.open_stages)
        self.visited = stage_visits.visits(log.steps, today)
        self.nightly = stage_visits.nights(self.visited)
        since = stage_visits.trusted_from(self.visited)
        self.since = today if since is None else since
        standing = self.visited.filter(pl.col("left").is_null())
        self.all = standing.height
        self.open = standing.filter(pl.col("stage") < self.states).join(
            river.expected_close.select("card", closes_on="day"), on="card", how="left"
        )
        self.wins = standing.filter(pl.col("stage") == log.won).select("card", "entered", "amount")
        self.won = self.wins.height
        self.closed = self.all - self.open.height

    @property
    def won_amounts(self) -> Floats:
        """Amounts of recent wins; of all where they are few."""
        recent = self.wins.filter(pl.col("entered") > self.today - RECENT_WINS_DAYS)
        chosen = recent if recent.height >= FEWEST_RECENT_WINS else self.wins
        return chosen["amount"].drop_nulls().to_numpy()

    def cards(self) -> forecasting.OpenCards:
        return forecasting.OpenCards(
            state=self.open["stage"].to_numpy().astype(np.int64),
            age=(self.today - self.open["entered"]).to_numpy().astype(np.int64),
            amount=self.open["amount"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        )

    def nights(self) -> tuple[markov.Nights, Ints]:
        """Stays at the ends of days since history can be trusted, and their days of entry."""
        return chain.nights(self.nightly, self.states, self.since, self.today)

    def inflow(self) -> forecasting.Inflow:
        first = self.nightly.filter(pl.col("first") & pl.col("exact"))
        return forecasting.inflow(
            first["entered"].to_numpy().astype(np.int64),
            first["stage"].to_numpy().astype(np.int64),
            (first["attempt"] > 1).to_numpy(),
            today=self.today,
            since=self.since,
            states=self.states,
        )

    def won_between(self, start: date, end: date) -> float:
        inside = pl.col("entered").is_between(days.number(start), days.number(end))
        return float(self.wins.filter(inside)["amount"].sum())

    def won_since(self, months: list[tuple[date, date]]) -> list[float]:
        """What is won already in each of the months ahead: something in the first at most."""
        return [self.won_between(start, end) for start, end in months]

    def months_won(self, as_of: date, *, before: date) -> tuple[dict[str, Any], ...]:
        """The months before the forecast's first, at most twelve, from the first that history covers whole."""
        months: list[dict[str, Any]] = []
        start, end = _month_before(before)
        while self.all and len(months) < 12 and days.number(start) >= self.since:
            months.append({"start": start, "end": end, "won": self.won_between(start, end)})
            start, end = _month_before(start)
        return tuple(reversed(months))

    def stage_weighted(self, months: list[tuple[date, date]]) -> Floats | None:
        """Amount × share won of those that passed the stage, at the expected close date."""
        if self.closed == 0:
            return None
        ends = self.visited.filter(pl.col("left").is_null()).select("card", end="stage", ended="entered")
        passed = self.visited.filter(pl.col("stage") < self.states).join(ends, on="card")
        by_stage = (
            passed.filter(pl.col("end") >= self.states)
            .group_by("stage")
            .agg(
                chance=(pl.col("end") == self.log.won).mean(),
                stay=(pl.col("ended") - pl.col("entered")).filter(pl.col("end") == self.log.won).mean(),
            )
        )
        chance, stay = np.zeros(self.states), np.full(self.states, 30.0)
        for stage, share, mean in by_stage.iter_rows():
            chance[stage], stay[stage] = share, stay[stage] if mean is None else mean
        closes_on = self.open["closes_on"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        entered, state = self.open["entered"].to_numpy(), self.open["stage"].to_numpy().astype(np.int64)
        usual = self.wins["amount"].mean() or 0.0
        return forecasting.stage_weighted(
            state,
            self.open["amount"].fill_null(usual).to_numpy(),
            np.where(np.isnan(closes_on), entered + stay[state], closes_on),
            today=self.today,
            chance=chance,
            stay=stay,
            period_ends=np.array([days.number(end) for _start, end in months]),
        )

    def warnings(self, river: River, today: int) -> list[dict[str, Any]]:
        warnings = []
        last = self.visited.filter(pl.col("exact")).select(pl.col("entered").max()).item() if self.all else None
        unknown = self.open["amount"].null_count()
        if last is not None and today - last > STALE_AFTER:
            warnings.append(warning("stale", last=days.day(last).isoformat()))
        if unknown:
            warnings.append(warning("unknown_amounts", n=unknown))
        if river.without_rate:
            warnings.append(warning("without_rate", n=river.without_rate))
        return warnings


@dataclass(frozen=True, slots=True)
class _Outlook:
    periods: tuple[Period, ...]
    total: Period | None
    arrivals_per_week: float | None
    shock: float | None


def _outlook(deals: _Deals, bare: tuple[Period, ...], today: int, rng: np.random.Generator) -> _Outlook:
    nights, entered = deals.nights()
    counts = markov.count(nights, states=deals.states, ages=OLDEST)
    hazards = markov.fit(counts, pseudo_events=1.0 if deals.closed >= ENOUGH_CLOSED else 5.0)
    coming = deals.inflow()
    shock = forecasting.period_shock(nights, entered, hazards.mean(), today=today, since=deals.since, length=SHOCK_DAYS)
    ahead = np.arange(today + 1, days.number(bare[-1].end) + 1)
    ends = np.array([days.number(period.end) for period in bare])
    draws = forecasting.simulate(
        hazards, deals.cards(), coming, deals.won_amounts, np.searchsorted(ends, ahead), rng, shock=shock
    )
    periods = tuple(
        _filled(period, draws.open[:, i], draws.new[:, i], draws.recycled[:, i]) for i, period in enumerate(bare)
    )
    whole = Period(
        bare[0].start,
        bare[-1].end,
        sum(period.won for period in bare),
        None if bare[0].stage_weighted is None else sum(period.stage_weighted or 0.0 for period in bare),
    )
    total = _filled(whole, draws.open.sum(axis=1), draws.new.sum(axis=1), draws.recycled.sum(axis=1))
    return _Outlook(periods, total, coming.per_day * 7, shock)


def _filled(period: Period, open_: Floats, new: Floats, recycled: Floats) -> Period:
    sums = period.won + open_ + new + recycled
    parts = {"open": float(open_.mean()), "new": float(new.mean()), "recycled": float(recycled.mean())}
    return Period(
        start=period.start,
        end=period.end,
        won=period.won,
        stage_weighted=period.stage_weighted,
        point=period.won + sum(parts.values()),
        **parts,
        **{name: float(np.quantile(sums, share)) for name, share in QUANTILES.items()},
    )


def _months(as_of: date, count: int) -> list[tuple[date, date]]:
    """The month of the day after `as_of` and those after it."""
    start = (as_of + timedelta(days=1)).replace(day=1)
    months = []
    for _number in range(count):
        end = start.replace(day=monthrange(start.year, start.month)[1])
        months.append((start, end))
        start = end + timedelta(days=1)
    return months


def _month_before(start: date) -> tuple[date, date]:
    end = start - timedelta(days=1)
    return end.replace(day=1), end
