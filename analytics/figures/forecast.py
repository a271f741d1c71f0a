"""What was won period by period, and the range of what comes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from .theme import ALARM, MUTED, NURTURING, OURS, REFERENCE, SURFACE, Figure, axis, figure, money_axis

Facts = dict[str, Any]


def figures(facts: Facts) -> dict[str, Figure]:
    return {"periods": periods(facts), "parts": parts(facts)}


DAY = 86_400_000
TICKS = {"week": "%-d %b<br>%Y", "month": "%b<br>%Y", "quarter": "%b<br>%Y", "year": "%Y"}
NAMES = {"week": "%-d %b %Y", "month": "%b %Y", "quarter": "%b %Y", "year": "%b %Y"}


def periods(facts: Facts) -> Figure:
    """Bars for the past; for what is ahead a dot at the median, a thick line for 50 %, a thinner one for 80 % and the
    thinnest for 95 %."""
    named = NAMES[facts["unit"]]
    past, ahead = facts["past_won"], [period for period in facts["periods"] if period["q50"] is not None]
    weighted = [period for period in facts["periods"] if period["stage_weighted"] is not None]
    currency = facts["currency"]
    return figure(
        [
            {
                "type": "bar",
                "x": [_middle(period) for period in past],
                "y": [period["won"] for period in past],
                "width": [0.55 * DAY * _length(period) for period in past],
                "marker": {"color": OURS},
                "opacity": 0.85,
                "customdata": [_won_in(period, facts) for period in past],
                "hovertemplate": f"%{{x|{named}}}: " + _("won") + f" {currency} %{{y:,.0f}}<extra></extra>",
            },
            _range(ahead, "q025", "q975", 1.5, 0.45),
            _range(ahead, "q10", "q90", 5, 0.45),
            _range(ahead, "q25", "q75", 13, 0.75),
            {
                "type": "scatter",
                "mode": "markers",
                "x": [_middle(period) for period in ahead],
                "y": [period["q50"] for period in ahead],
                "marker": {"size": 11, "color": OURS, "line": {"width": 2, "color": SURFACE}},
                "customdata": [
                    [period[share] for share in ("q025", "q10", "q25", "q75", "q90", "q975")] for period in ahead
                ],
                "hovertemplate": f"%{{x|{named}}}: %{{y:,.0f}}<br>50 %: %{{customdata[2]:,.0f}}–%{{customdata[3]:,.0f}}"
                "<br>80 %: %{customdata[1]:,.0f}–%{customdata[4]:,.0f}"
                "<br>95 %: %{customdata[0]:,.0f}–%{customdata[5]:,.0f}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [_middle(period) for period in weighted],
                "y": [period["stage_weighted"] for period in weighted],
                "marker": {"size": 10, "symbol": "diamond-open", "color": ALARM, "line": {"width": 2}},
                "hovertemplate": _("Stage-weighted:") + " %{y:,.0f}<extra></extra>",
            },
        ],
        xaxis=axis(type="date", tickformat=TICKS[facts["unit"]], showgrid=False, nticks=12),
        yaxis=money_axis(currency),
        margin={"l": 52, "r": 10, "t": 10, "b": 44},
        shapes=[_today(facts["as_of"])],
        annotations=[
            {
                "x": facts["as_of"],
                "y": 1,
                "yref": "paper",
                "yanchor": "top",
                "xanchor": "right",
                "xshift": -5,
                "text": _("now"),
                "showarrow": False,
                "font": {"size": 11, "color": MUTED},
            }
        ],
    )


def parts(facts: Facts) -> Figure:
    """What each period's expected amount consists of."""
    ahead = [period for period in facts["periods"] if period["point"] is not None]
    layers = (
        ("won", _("won already"), OURS, "", 1.0),
        ("open", _("open deals"), OURS, "/", 0.55),
        ("new", _("not there yet"), REFERENCE, ".", 0.45),
        ("recycled", _("second tries not there yet"), NURTURING, "x", 0.9),
    )
    return figure(
        [
            {
                "type": "bar",
                "x": [_middle(period) for period in ahead],
                "y": [period[part] for period in ahead],
                "marker": {"color": colour, "pattern": {"shape": shape, "size": 5, "fillmode": "overlay"}},
                "opacity": opacity,
                "hovertemplate": f"%{{y:,.0f}} {label}<extra></extra>",
            }
            for part, label, colour, shape, opacity in layers
        ],
        barmode="stack",
        bargap=0.4,
        xaxis=axis(type="date", tickformat=TICKS[facts["unit"]], showgrid=False, nticks=6),
        yaxis=money_axis(facts["currency"]),
        margin={"l": 52, "r": 10, "t": 10, "b": 44},
    )


def _range(periods: list[Facts], low: str, high: str, width: int, opacity: float) -> dict[str, Any]:
    middles = [_middle(period) for period in periods]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for middle in middles for x in (middle, middle, None)],
        "y": [y for period in periods for y in (period[low], period[high], None)],
        "line": {"color": OURS, "width": width},
        "opacity": opacity,
        "hoverinfo": "skip",
    }


def _won_in(period: Facts, facts: Facts) -> Facts:
    """The deals behind a bar."""
    days = {"from": period["start"], "to": period["end"], "as_of": facts["as_of"]}
    return {"what": "ended", "outcome": "won", **days}


def _middle(period: Facts) -> str:
    """So that marks stand in the middle of their period."""
    start, end = (date.fromisoformat(period[day]) for day in ("start", "end"))
    return (start + (end - start) / 2).isoformat()


def _length(period: Facts) -> int:
    start, end = (date.fromisoformat(period[day]) for day in ("start", "end"))
    return (end - start).days + 1


def _today(day: str) -> dict[str, Any]:
    line = {"color": "var(--line2)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": day, "x1": day, "y0": 0, "y1": 1, "yref": "paper", "line": line}
