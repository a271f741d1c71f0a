"""Medians month by month, won cards one by one, and open cards beside the lines of their stage."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from ..presenting.words import amount
from .theme import ALARM, MUTED, OPEN, OURS, REFERENCE, SURFACE, Figure, axis, figure, titled

Facts = dict[str, Any]
TICKS = (0, 2, 7, 14, 30, 60, 90, 180, 365, 730)
SMALLEST, LARGEST = 6.0, 22.0
GOLDEN = 0.618034  # marks beside each other, never twice in one place


def figures(facts: Facts) -> dict[str, Figure]:
    return {
        **{f"cohorts-{span['key']}": cohorts(span, facts["as_of"]) for span in facts["spans"]},
        **{f"control-{control['key']}": control_chart(control, facts["currency"]) for control in facts["controls"]},
        "ageing": ageing(facts),
    }


def cohorts(span: Facts, as_of: str) -> Figure:
    """The median of each month's cards with its interval; hollow: the customary mean of those that have ended."""
    known = [cohort for cohort in span["cohorts"] if cohort["median_days"] is not None]
    ended = [cohort for cohort in span["cohorts"] if cohort["mean_of_ended"] is not None]
    unknown = [cohort for cohort in span["cohorts"] if cohort["n"] and cohort["median_days"] is None]
    bounded = [cohort for cohort in known if cohort["median_low"] is not None and cohort["median_high"] is not None]
    return figure(
        [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for cohort in bounded for x in (_middle(cohort), _middle(cohort), None)],
                "y": [y for cohort in bounded for y in (cohort["median_low"], cohort["median_high"], None)],
                "line": {"color": OURS, "width": 6},
                "opacity": 0.5,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [_middle(cohort) for cohort in ended],
                "y": [cohort["mean_of_ended"] for cohort in ended],
                "line": {"color": REFERENCE, "width": 1, "dash": "dot"},
                "marker": {"symbol": "diamond-open", "size": 8, "color": REFERENCE},
                "hovertemplate": "%{x|%b %Y}: "
                + _("mean of those that have ended, days:")
                + " %{y:.1f}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [_middle(cohort) for cohort in known],
                "y": [cohort["median_days"] for cohort in known],
                "customdata": [_began(span, cohort, as_of) for cohort in known],
                "marker": {"size": 12, "color": OURS, "line": {"width": 2, "color": SURFACE}},
                "hovertemplate": "%{x|%b %Y}: "
                + _("median, days:")
                + " %{y}<br>"
                + _("%{customdata.told.n} began, %{customdata.told.open} still open")
                + "<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [_middle(cohort) for cohort in unknown],
                "y": [0 for _cohort in unknown],
                "customdata": [_began(span, cohort, as_of) for cohort in unknown],
                "marker": {"symbol": "x-thin-open", "size": 9, "color": MUTED, "line": {"width": 2}},
                "cliponaxis": False,
                "hovertemplate": "%{x|%b %Y}: "
                + _("not estimable yet")
                + "<br>"
                + _("%{customdata.told.n} began, %{customdata.told.open} still open")
                + "<extra></extra>",
            },
        ],
        xaxis=axis(type="date", tickformat="%b<br>%Y", showgrid=False, nticks=12),
        yaxis=axis(title=titled(_("days")), rangemode="tozero"),
        margin={"l": 46, "r": 10, "t": 10, "b": 44},
    )


def control_chart(control: Facts, currency: str) -> Figure:
    finished = control["finished"]
    limit = control["p95"]
    beyond = [card for card in finished if limit is not None and card["days"] > limit]
    usual = [card for card in finished if limit is None or card["days"] <= limit]
    lines = [(share, control[name]) for name, share in (("p50", "50 %"), ("p85", "85 %"), ("p95", "95 %"))]
    return figure(
        [_won(usual, OURS, "circle", 7, currency), _won(beyond, ALARM, "diamond", 9, currency)],
        shapes=[
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": value,
                "y1": value,
                "line": {"color": REFERENCE, "width": 1.5, "dash": "dot"},
            }
            for _share, value in lines
            if value is not None
        ],
        annotations=[
            {
                "xref": "paper",
                "x": 1,
                "y": value,
                "xanchor": "left",
                "xshift": 4,
                "text": f"{share}: {value:.0f}",
                "showarrow": False,
                "font": {"size": 11, "color": MUTED},
            }
            for share, value in lines
            if value is not None
        ],
        xaxis=axis(type="date", showgrid=False, nticks=8),
        yaxis=axis(title=titled(_("days")), rangemode="tozero"),
        margin={"l": 46, "r": 62, "t": 10, "b": 30},
    )


def ageing(facts: Facts) -> Figure:
    """Open cards by stage and days there, on a root scale; an area is a value. Bands: the 50, 85 and 95 % lines."""
    stages = [stage for stage in facts["ageing"] if stage["open"]]
    oldest = max((card["days"] for stage in stages for card in stage["waiting"]), default=1)
    top = max([oldest, *(stage["p95"] or 0 for stage in stages), 1]) * 1.05
    largest = max((card["amount"] or 0 for stage in stages for card in stage["waiting"]), default=0)
    names = [stage["stage"] for stage in stages]
    usual, late = [], []
    for place, stage in enumerate(stages):
        for rank, card in enumerate(stage["waiting"]):
            mark = {**card, "stage": stage["stage"], "x": place - 0.38 + 0.76 * (rank * GOLDEN % 1)}
            is_late = stage["p85"] is not None and card["days"] > stage["p85"]
            (late if is_late else usual).append(mark)
    return figure(
        [
            _open(usual, OURS, "circle", largest, facts["currency"]),
            _open(late, ALARM, "diamond", largest, facts["currency"]),
        ],
        shapes=[band for place, stage in enumerate(stages) for band in _bands(place, stage, top)],
        xaxis=axis(tickvals=list(range(len(names))), ticktext=names, showgrid=False, range=[-0.5, len(names) - 0.5]),
        yaxis=axis(
            title=titled(_("days in stage")),
            range=[-0.3, top**0.5],
            tickvals=[tick**0.5 for tick in TICKS if tick <= top],
            ticktext=[str(tick) for tick in TICKS if tick <= top],
        ),
        margin={"l": 46, "r": 8, "t": 8, "b": 34},
    )


def _won(cards: list[Facts], colour: str, symbol: str, size: int, currency: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [card["on"] for card in cards],
        "y": [card["days"] for card in cards],
        "text": [amount(card["amount"], currency) for card in cards],
        "customdata": [_way(card["card"]) for card in cards],
        "marker": {"size": size, "color": colour, "symbol": symbol, "opacity": 0.75},
        "hovertemplate": "%{x|%e %b %Y}: " + _("won after %{y} days, %{text}") + "<extra></extra>",
    }


def _open(cards: list[Facts], colour: str, symbol: str, largest: float, currency: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(card["x"], 3) for card in cards],
        "y": [round(card["days"] ** 0.5, 3) for card in cards],
        "text": [_words(card, currency) for card in cards],
        "customdata": [_way(card["card"]) for card in cards],
        "marker": {
            "size": [_size(card["amount"], largest) for card in cards],
            "color": colour,
            "symbol": symbol,
            "opacity": 0.85,
            "line": {"width": 1, "color": SURFACE},
        },
        "hovertemplate": "%{text}<extra></extra>",
    }


def _words(card: Facts, currency: str) -> str:
    words = _("%(days)s days in %(stage)s") % {"days": card["days"], "stage": card["stage"]}
    return f"{words}<br>{amount(card['amount'], currency)}" if card["amount"] else words


def _size(value: float | None, largest: float) -> float:
    return round(SMALLEST + (LARGEST - SMALLEST) * ((value or 0) / largest) ** 0.5, 1) if largest else 8.0


def _bands(place: int, stage: Facts, top: float) -> list[dict[str, Any]]:
    edges = [0, *(stage[name] for name in ("p50", "p85", "p95") if stage[name] is not None), top]
    return [
        {
            "type": "rect",
            "x0": place - 0.46,
            "x1": place + 0.46,
            "y0": low**0.5,
            "y1": high**0.5,
            "fillcolor": OPEN,
            "opacity": 0.05 + 0.06 * number,
            "line": {"width": 0},
            "layer": "below",
        }
        for number, (low, high) in enumerate(zip(edges, edges[1:], strict=False))
    ]


def _way(card: int) -> Facts:
    """The page of the card: its deal, or the lead of a journey that has none."""
    return {"address": f"/deals/{card}/" if card > 0 else f"/leads/{-card // 1000}/"}


def _began(span: Facts, cohort: Facts, as_of: str) -> Facts:
    """How many began in the month and are open, and what a click asks for."""
    days = {"from": cohort["start"], "to": min(cohort["end"], as_of), "as_of": as_of}
    return {"what": "span", "span": span["key"], **days, "told": {"n": cohort["n"], "open": cohort["open"]}}


def _middle(cohort: Facts) -> str:
    return f"{cohort['start'][:8]}15"
