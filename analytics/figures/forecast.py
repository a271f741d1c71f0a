"""What was won month by month, and the range of what comes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from pipeline_crm.foundation.money import CURRENCIES

from .theme import ALARM, MUTED, NURTURING, OURS, REFERENCE, SURFACE, Figure, axis, figure

Facts = dict[str, Any]


def figures(facts: Facts) -> dict[str, Figure]:
    return {"months": months(facts), "parts": parts(facts)}


def months(facts: Facts) -> Figure:
    """Bars for the past; for the months ahead a dot at the median, a thick line for 50 % and a thin one for 80 %."""
    past, ahead = facts["months_won"], [period for period in facts["periods"] if period["q50"] is not None]
    weighted = [period for period in facts["periods"] if period["stage_weighted"] is not None]
    currency = facts["currency"]
    return figure(
        [
            {
                "type": "bar",
                "x": [_middle(month["start"]) for month in past],
                "y": [month["won"] for month in past],
                "width": 17 * 86_400_000,
                "marker": {"color": OURS},
                "opacity": 0.85,
                "hovertemplate": "%{x|%b %Y}: " + _("won") + f" {currency} %{{y:,.0f}}<extra></extra>",
            },
            _range(ahead, "q10", "q90", 5, 0.45),
            _range(ahead, "q25", "q75", 13, 0.75),
            {
                "type": "scatter",
                "mode": "markers",
                "x": [_middle(period["start"]) for period in ahead],
                "y": [period["q50"] for period in ahead],
                "marker": {"size": 11, "color": OURS, "line": {"width": 2, "color": SURFACE}},
                "customdata": [[period[share] for share in ("q10", "q25", "q75", "q90")] for period in ahead],
                "hovertemplate": "%{x|%b %Y}: %{y:,.0f}<br>50 %: %{customdata[1]:,.0f}–%{customdata[2]:,.0f}"
                "<br>80 %: %{customdata[0]:,.0f}–%{customdata[3]:,.0f}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [_middle(period["start"]) for period in weighted],
                "y": [period["stage_weighted"] for period in weighted],
                "marker": {"size": 10, "symbol": "diamond-open", "color": ALARM, "line": {"width": 2}},
                "hovertemplate": _("Stage-weighted:") + " %{y:,.0f}<extra></extra>",
            },
        ],
        xaxis=axis(type="date", tickformat="%b<br>%Y", showgrid=False, nticks=12),
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
    """What each month's expected amount consists of."""
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
                "x": [_middle(period["start"]) for period in ahead],
                "y": [period[part] for period in ahead],
                "marker": {"color": colour, "pattern": {"shape": shape, "size": 5, "fillmode": "overlay"}},
                "opacity": opacity,
                "hovertemplate": f"%{{y:,.0f}} {label}<extra></extra>",
            }
            for part, label, colour, shape, opacity in layers
        ],
        barmode="stack",
        bargap=0.4,
        xaxis=axis(type="date", tickformat="%b<br>%Y", showgrid=False, nticks=6),
        yaxis=money_axis(facts["currency"]),
        margin={"l": 52, "r": 10, "t": 10, "b": 44},
    )


def _range(periods: list[Facts], low: str, high: str, width: int, opacity: float) -> dict[str, Any]:
    middles = [_middle(period["start"]) for period in periods]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for middle in middles for x in (middle, middle, None)],
        "y": [y for period in periods for y in (period[low], period[high], None)],
        "line": {"color": OURS, "width": width},
        "opacity": opacity,
        "hoverinfo": "skip",
    }


def _middle(month: str) -> str:
    """The fifteenth, so that marks stand in the middle of their month."""
    return f"{month[:8]}15"


def _today(day: str) -> dict[str, Any]:
    line = {"color": "var(--line2)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": day, "x1": day, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def money_axis(currency: str) -> dict[str, Any]:
    symbol = CURRENCIES[currency].symbol if currency in CURRENCIES else currency
    return axis(rangemode="tozero", tickprefix=symbol, tickformat=".3~s")
