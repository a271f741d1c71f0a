"""What marketing brings: those who came in the window, by what they came, what has become of them, and what it cost.

The window is the cohort: leads are counted by the day on which they came, with all that has become of them up to the
day asked about. Who is still open counts as open. Each lead belongs to the source, the campaign and the page of its
first touch, or, the other way to look, of the last one before sales took over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import days
from ..caveats import warning
from ..estimators import proportions
from ..event_log import EventLog, Half, Kind
from ..origins import LEAD_COLUMNS, Origins
from ..plain import plain
from ..presenting.words import amount, percent
from ..river import River
from ..selection import Selection
from ..tables import arrivals

FEWEST = 10
TOUCHES = (arrivals.FIRST, arrivals.LAST)
WAYS = arrivals.WAYS
OUTCOMES = ("leads", "handed", "won", "orders", "open", "lost")
UNKNOWN = ""
COUNTED = (
    pl.len().alias("leads"),
    pl.col("handed").count(),
    pl.col("orders").sum(),
    pl.col("revenue").sum(),
    *[(pl.col("state") == state).sum().alias(state) for state in ("won", "open", "lost")],
)
NOBODY = {"leads": 0, "handed": 0, "orders": 0, "revenue": 0.0, "won": 0, "open": 0, "lost": 0}
NO_ORIGINS = Origins(pl.DataFrame(schema=LEAD_COLUMNS))


@dataclass(frozen=True, slots=True)
class Group:
    """Those who came by one source, campaign or page; key and name are empty for "not known".

    leads = won + open + lost. handed: those sales was given; won: those with an order; orders and revenue: of all their
    deals, so far. cost: spent in the window, in base currency, None where no cost can be said of it; cost_per_lead and
    cost_per_order are None where there is nothing to divide by.
    """

    key: str
    name: str
    leads: int
    handed: int
    won: int
    orders: int
    revenue: float
    open: int
    lost: int
    cost: float | None
    cost_per_lead: float | None
    cost_per_order: float | None


@dataclass(frozen=True, slots=True)
class Ways:
    """The same leads three times: by source, by campaign, by landing page."""

    source: tuple[Group, ...]
    campaign: tuple[Group, ...]
    page: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class BringsReport:
    """total: all who came by marketing in the window; first and last: the same by first and by last touch; by_sales:
    those who came in it without marketing. handed_share with its 95 % interval, of those who came."""

    pipeline: str
    as_of: date
    window: tuple[date, date]
    currency: str
    total: Group
    handed_share: float | None
    handed_low: float | None
    handed_high: float | None
    first: Ways
    last: Ways
    by_sales: Group
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> BringsReport:
    origins = river.origins() if river.origins else NO_ORIGINS
    came = arrived(river, origins, selection)
    ours, others = came.filter("is_marketing"), came.filter(~pl.col("is_marketing"))
    costs = _costs(origins, selection)
    total = _group(ours, None if costs is None else float(costs["amount"].sum()))
    handed = proportions.wilson(total.handed, total.leads)
    first, last = (
        Ways(**{way: tuple(_groups(ours, f"{touch}_{way}", origins, costs, way)) for way in WAYS}) for touch in TOUCHES
    )
    return BringsReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        window=selection.window,
        currency=river.currency,
        total=total,
        handed_share=handed.value,
        handed_low=handed.low,
        handed_high=handed.high,
        first=first,
        last=last,
        by_sales=_group(others, None),
        warnings=tuple(_warnings(river, origins, selection, ours)),
    )


def arrived(river: River, origins: Origins, selection: Selection) -> pl.DataFrame:
    """Those who came in the window, with the ways of their first and last touches (`tables.arrivals`)."""
    log, (first, last) = river.journeys, selection.window
    in_sales = _first_of_sales(log)
    came = arrivals.arrivals(
        log.steps,
        origins.leads,
        ready=_ready(log),
        in_sales=in_sales,
        won=log.won,
        today=days.number(selection.as_of),
    ).filter(pl.col("came").is_between(days.number(first), days.number(last)))
    return arrivals.with_ways(came, origins.touches, _added(came, origins))


def chosen(came: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """Those of them who are counted under the outcome."""
    if outcome == "handed":
        return came.filter(pl.col("handed").is_not_null())
    if outcome in ("won", "orders"):
        return came.filter(pl.col("orders") > 0)
    return came if outcome == "leads" else came.filter(pl.col("state") == outcome)


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    total = facts["total"]
    if not total["leads"]:
        return {
            "head": _("Nobody came by marketing in this window"),
            "sentence": _("Here stands what leads bring, by source, campaign and page, once some have come."),
            "certainty": "",
        }
    head = _head(facts) if total["leads"] >= FEWEST else _("Too few came to say what brings most")
    return {"head": head, "sentence": _what_became(facts), "certainty": _how_sure(total)}


def _head(facts: dict[str, Any]) -> str:
    """What brings most orders, by first touch, if that is clear (Poisson, 95 %)."""
    groups = sorted((group for group in facts["first"]["source"] if group["key"]), key=lambda group: -group["orders"])
    most, second = ([group["orders"] for group in groups] + [0, 0])[:2]
    if not facts["total"]["orders"]:
        return _("No orders yet of those who came")
    if most - second > 1.96 * (most + second) ** 0.5:
        return _("%(source)s brought most orders: %(n)s of %(of)s") % {
            "source": groups[0]["name"],
            "n": most,
            "of": facts["total"]["orders"],
        }
    return _("No source clearly brings most orders")


def _what_became(facts: dict[str, Any]) -> str:
    total = facts["total"]
    words = {
        "leads": total["leads"],
        "handed": total["handed"],
        "orders": total["orders"],
        "revenue": amount(total["revenue"], facts["currency"]),
        "open": total["open"],
    }
    sentence = ngettext(
        "Of the one that came in the window, %(handed)s was handed over and brought %(orders)s orders (%(revenue)s) so "
        "far; %(open)s is still open.",
        "Of the %(leads)s that came in the window, %(handed)s were handed over and brought %(orders)s orders "
        "(%(revenue)s) so far; %(open)s are still open.",
        total["leads"],
    )
    return sentence % words


def _how_sure(total: dict[str, Any]) -> str:
    if total["leads"] < FEWEST:
        return _("Not enough yet: needs %(needs)s that came, has %(has)s.") % {"needs": FEWEST, "has": total["leads"]}
    if not total["open"]:
        return _("All of them are decided.")
    return _("%(share)s are not decided yet and may bring more.") % {"share": percent(total["open"] / total["leads"])}


def _ready(log: EventLog) -> int:
    """The last marketing stage, where leads wait for sales; none in a river that is all sales."""
    codes = [code for code, stage in enumerate(log.stages) if stage.half is Half.MARKETING and stage.kind is Kind.OPEN]
    return codes[-1] if codes else -1


def _first_of_sales(log: EventLog) -> int:
    return next(code for code, stage in enumerate(log.stages) if stage.half is Half.SALES)


def _added(came: pl.DataFrame, origins: Origins) -> pl.DataFrame:
    """By what each lead came as far as its own record says: its source, and the campaign which that had on the day."""
    source_of = dict(origins.leads.select("lead", "source").unique("lead").iter_rows())
    rows = []
    for lead, day in came.select("lead", "came").iter_rows():
        source = source_of.get(lead) or UNKNOWN
        rows.append((lead, source, origins.campaign_of(source, day), UNKNOWN))
    return pl.DataFrame(
        rows,
        schema={"lead": pl.Int64, "source": pl.String, "campaign": pl.String, "page": pl.String},
        orient="row",
    )


def _costs(origins: Origins, selection: Selection) -> pl.DataFrame | None:
    """What was spent in the window, as known; None where costs cannot be said of the leads that are looked at."""
    if selection.cut.keys() - {"source"} or not origins.are_whole:
        return None
    spent = origins.costs.filter(pl.col("known") & pl.col("amount").is_not_null() & _in_window(selection))
    return spent if selection.source is None else spent.filter(pl.col("source") == str(selection.source))


def _groups(came: pl.DataFrame, column: str, origins: Origins, costs: pl.DataFrame | None, way: str) -> Iterable[Group]:
    """By revenue, then by number; those of which nothing is known come last. Who cost something and brought nobody
    stands here, too."""
    spent: dict[str, float] | None = None
    if costs is not None and way != "page":
        spent = dict(costs.group_by(way).agg(pl.col("amount").sum()).iter_rows())
    parts = {row.pop(column): row for row in came.group_by(column).agg(*COUNTED).to_dicts()}
    named = origins.names.get(way, {})
    groups = [
        _with_cost(parts.get(key, NOBODY), key, named.get(key, key), None if spent is None else spent.get(key, 0.0))
        for key in {*parts, *(spent or {})}
    ]
    return sorted(groups, key=lambda group: (not group.key, -group.revenue, -group.leads, group.name))


def _group(came: pl.DataFrame, cost: float | None) -> Group:
    """All of them as one."""
    return _with_cost(came.select(*COUNTED).to_dicts()[0], UNKNOWN, UNKNOWN, cost)


def _with_cost(counted: dict[str, Any], key: str, name: str, cost: float | None) -> Group:
    leads, orders = counted["leads"], counted["orders"]
    return Group(
        key=key,
        name=name,
        cost=cost,
        cost_per_lead=cost / leads if cost and leads else None,
        cost_per_order=cost / orders if cost and orders else None,
        **counted,
    )


def _warnings(river: River, origins: Origins, selection: Selection, ours: pl.DataFrame) -> Iterable[dict[str, Any]]:
    if river.journeys.steps.height == 0:
        yield warning("empty")
        return
    in_window = origins.costs.filter(_in_window(selection))
    if _costs(origins, selection) is None:
        if in_window.height:
            yield warning("costs_of_a_part")
    else:
        late = in_window.filter(~pl.col("known")).height
        if late:
            yield warning("costs_not_known_yet", n=late)
        unrated = in_window.filter(pl.col("known") & pl.col("amount").is_null()).height
        if unrated:
            yield warning("without_rate", n=unrated)
    unpriced = int(ours["unpriced"].sum())
    if unpriced:
        yield warning("unpriced_orders", n=unpriced)
    if river.without_rate:
        yield warning("without_rate", n=river.without_rate)


def _in_window(selection: Selection) -> pl.Expr:
    first, last = selection.window
    return pl.col("day").is_between(days.number(first), days.number(last))
