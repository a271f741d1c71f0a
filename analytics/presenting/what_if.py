"""What is supposed, and what would come of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.money import in_short

from .. import fiscal, supposing
from ..estimators.supposing import Passage
from ..supposing import Outcome, Side, Supposed
from .targets import chance, period
from .words import INTERVAL_DASH, NOTHING, Facts, Figure, days, percent

MOST_TARGETS = 3
LONG_ENOUGH = 28  # days: of a period nearly over not much can be supposed


def months(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.amount is None]


def targets(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.amount is not None]


def month_names(outcomes: Sequence[Outcome]) -> list[str]:
    return [date_format(outcome.start, "M Y") for outcome in months(outcomes)]


def finding(facts: Facts, supposed: Supposed, outcomes: Sequence[Outcome]) -> dict[str, str]:
    """The finding first; what it is not is said beside it."""
    if not outcomes:
        sentence = _("Too few deals have been closed in this pipeline to say what would be won.")
        return {"head": _("Too early to suppose"), "sentence": sentence, "certainty": ""}
    if supposed.is_nothing:
        return {
            "head": _("Nothing is supposed yet"),
            "sentence": _as_it_is(facts, outcomes),
            "certainty": _("Move a slider to see what would be otherwise. The forecast itself stays as it is."),
        }
    return {
        "head": _("Supposed, not the forecast"),
        "sentence": _as_it_would_be(facts, outcomes),
        "certainty": " · ".join(in_words(facts, supposed)),
    }


def kpis(facts: Facts, outcomes: Sequence[Outcome]) -> list[Figure]:
    """The chance of each target, and the sum of the months."""
    figures = [
        Figure(name(outcome), _from_to(chance(outcome.now.chance), chance(outcome.then.chance)), _aim(outcome, facts))
        for outcome in targets(outcomes)[:MOST_TARGETS]
    ]
    ahead, currency = months(outcomes), facts["currency"]
    if ahead:
        now, then = _sums(ahead)
        until = _("expected until %(end)s") % {"end": date_format(ahead[-1].end, "j M Y")}
        figures.append(Figure(_("Together"), _from_to(in_short(now, currency), in_short(then, currency)), until))
    return figures


def rows(facts: Facts, outcomes: Sequence[Outcome]) -> list[Facts]:
    """Of the months and of the targets' periods."""
    currency = facts["currency"]
    return [
        {
            "period": name(outcome),
            "amount": NOTHING if outcome.amount is None else in_short(outcome.amount, currency),
            "now": _told(outcome.now, currency),
            "then": _told(outcome.then, currency),
        }
        for outcome in outcomes
    ]


def in_words(facts: Facts, supposed: Supposed) -> list[str]:
    """What is otherwise: from what to what, and from which day on."""
    words = []
    if supposed.inflow and facts["inflow_per_week"] is not None:
        before = facts["inflow_per_week"]
        after = before * (1 + supposed.inflow / 100)
        words.append(_("%(after)s instead of %(before)s begin each week") % _decimals(after, before))
    for stage, then in supposing.passages(facts, supposed):
        if stage["key"] == supposed.stage:
            words += _of_stage(stage, then, supposed)
    if supposed.value and facts["usual"] is not None:
        amounts = [in_short(facts["usual"] * factor, facts["currency"]) for factor in (1 + supposed.value / 100, 1)]
        words.append(
            _("a usual win brings %(after)s instead of %(before)s") % {"after": amounts[0], "before": amounts[1]}
        )
    begins = date.fromisoformat(facts["as_of"]) + timedelta(days=1 + supposed.delay)
    return [*words, _("from %(day)s on") % {"day": date_format(begins, "j M Y")}] if words else []


def in_short_words(facts: Facts, supposed: Supposed) -> str:
    """The same as its sliders stand: for a list."""
    stages = {stage["key"]: stage["name"] for stage in facts["stages"]}
    words = {"stage": stages.get(supposed.stage, supposed.stage)}
    said = [
        (supposed.inflow, _("inflow %(n)s\u2009%%")),
        (supposed.stage_time, _("time in %(stage)s %(n)s\u2009%%")),
        (supposed.conversion, _("%(stage)s keeps %(n)s points")),
        (supposed.value, _("value %(n)s\u2009%%")),
    ]
    return ", ".join(sentence % {**words, "n": f"{number:+d}".replace("-", "−")} for number, sentence in said if number)


def together(facts: Facts, outcomes: Sequence[Outcome]) -> str:
    """What is expected of all months, as it would be."""
    return in_short(_sums(months(outcomes))[1], facts["currency"])


def name(outcome: Outcome) -> str:
    if outcome.amount is not None:
        return period({"start": outcome.start.isoformat(), "end": outcome.end.isoformat()})
    month = fiscal.Period(outcome.start, outcome.end)
    return fiscal.name(month, first_month=Company.get().fiscal_year_start_month)


def _of_stage(stage: Facts, then: Passage, supposed: Supposed) -> list[str]:
    words = []
    if supposed.stage_time and stage["nights"] is not None:
        said = {"stage": stage["name"], "after": days(then.nights), "before": days(stage["nights"])}
        words.append(_("%(stage)s takes %(after)s instead of %(before)s") % said)
    if supposed.conversion:
        said = {"stage": stage["name"], "after": percent(then.goes_on), "before": percent(stage["goes_on"])}
        words.append(_("%(after)s instead of %(before)s go on from %(stage)s") % said)
    return words


def _as_it_is(facts: Facts, outcomes: Sequence[Outcome]) -> str:
    aim = _leading(facts, outcomes)
    if aim:
        words = {"chance": chance(aim.now.chance), **_aimed(aim, facts)}
        return _("%(chance)s chance to win %(amount)s in %(period)s, as things go.") % words
    now, _then = _sums(months(outcomes))
    return _("%(amount)s are expected, as things go.") % {"amount": in_short(now, facts["currency"])}


def _as_it_would_be(facts: Facts, outcomes: Sequence[Outcome]) -> str:
    aim = _leading(facts, outcomes)
    if aim:
        now, then = (chance(side.chance) for side in (aim.now, aim.then))
        words = {"now": now, "then": then, **_aimed(aim, facts)}
        if now == then:
            return _("The chance to win %(amount)s in %(period)s would stay at %(now)s.") % words
        return _("The chance to win %(amount)s in %(period)s would be %(then)s instead of %(now)s.") % words
    amounts = [in_short(amount, facts["currency"]) for amount in _sums(months(outcomes))]
    words = {"now": amounts[0], "then": amounts[1]}
    return _("%(then)s would be expected instead of %(now)s.") % words


def _leading(facts: Facts, outcomes: Sequence[Outcome]) -> Outcome | None:
    """The next target of which enough is still to come, else the next."""
    aims, today = targets(outcomes), date.fromisoformat(facts["as_of"])
    return next((aim for aim in aims if (aim.end - today).days >= LONG_ENOUGH), aims[0] if aims else None)


def _aimed(outcome: Outcome, facts: Facts) -> dict[str, str]:
    return {"amount": in_short(outcome.amount or 0.0, facts["currency"]), "period": name(outcome)}


def _aim(outcome: Outcome, facts: Facts) -> str:
    return _("chance of %(amount)s") % {"amount": in_short(outcome.amount or 0.0, facts["currency"])}


def _sums(ahead: Sequence[Outcome]) -> tuple[float, float]:
    return sum(month.now.point for month in ahead), sum(month.then.point for month in ahead)


def _told(side: Side, currency: str) -> Facts:
    numbers = {name: in_short(number, currency) for name, number in asdict(side).items() if name != "chance"}
    return {
        **numbers,
        "chance": chance(side.chance),
        "range": f"{numbers['q10']}{INTERVAL_DASH}{numbers['q90']}",
    }


def _from_to(now: str, then: str) -> str:
    return now if now == then else f"{now} → {then}"


def _decimals(after: float, before: float) -> dict[str, Any]:
    return {"after": f"{after:.1f}", "before": f"{before:.1f}"}
