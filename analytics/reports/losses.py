"""Why deals are lost, where, and to whom; and whether that has changed."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from .. import days
from ..caveats import warning
from ..estimators import comparison, proportions
from ..plain import plain
from ..river import River
from ..selection import Selection
from ..tables import stage_visits

MONTHS = 12
FEWEST = 10
RATE = 0.10
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Deals lost in the window for one reason, from one stage or to one competitor.

    share: of all lost in the window, with its 95 % interval; before: share in the reference; q: false discovery rate at
    which the two shares differ, None where fewer than ten were lost in either. key and name are empty for "not said".
    """

    key: str
    name: str
    n: int
    amount: float
    share: float | None
    share_low: float | None
    share_high: float | None
    before: float | None
    q: float | None


@dataclass(frozen=True, slots=True)
class Month:
    start: date
    lost: int
    closed: int
    by_reason: dict[str, int]


@dataclass(frozen=True, slots=True)
class LossesReport:
    """lost and won: deals that ended in the window; the share lost with its 95 % interval, and before."""

    pipeline: str
    as_of: date
    currency: str
    window: tuple[date, date]
    reference: tuple[date, date]
    lost: int
    won: int
    lost_amount: float
    share: float | None
    share_low: float | None
    share_high: float | None
    share_before: float | None
    reasons: tuple[Group, ...]
    stages: tuple[Group, ...]
    competitors: tuple[Group, ...]
    crossed: tuple[dict[str, Any], ...]
    months: tuple[Month, ...]
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


def report(river: River, selection: Selection, _rng: Any = None) -> LossesReport:
    today = days.number(selection.as_of)
    ended = _ended(river, today)
    now, before = (
        ended.filter(pl.col("day").is_between(days.number(first), days.number(last)))
        for first, last in (selection.window, selection.reference)
    )
    lost, lost_before = (frame.filter(~pl.col("is_won")) for frame in (now, before))
    share, earlier = (proportions.wilson(of.height, whole.height) for of, whole in ((lost, now), (lost_before, before)))
    return LossesReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        currency=river.currency,
        window=selection.window,
        reference=selection.reference,
        lost=lost.height,
        won=now.height - lost.height,
        lost_amount=float(lost["amount"].sum()),
        share=share.value,
        share_low=share.low,
        share_high=share.high,
        share_before=earlier.value,
        reasons=_groups(lost, lost_before, "reason"),
        stages=_groups(lost, lost_before, "stage_key"),
        competitors=_groups(lost, lost_before, "competitor"),
        crossed=tuple(
            lost.group_by("reason", "stage", "stage_key")
            .agg(n=pl.len())
            .sort("n", "reason", "stage", descending=[True, False, False])
            .to_dicts()
        ),
        months=_months(ended, selection.as_of),
        warnings=tuple(_warnings(river, ended, lost)),
    )


def finding(facts: dict[str, Any]) -> dict[str, str]:
    """The report's finding in the reader's language: head, sentence, and how sure it is."""
    if facts["lost"] < FEWEST:
        return {
            "head": _("Too few losses to say why"),
            "sentence": _("Not enough yet: needs %(needs)s deals lost in the window, has %(has)s.")
            % {"needs": FEWEST, "has": facts["lost"]},
            "certainty": "",
        }
    said = [group for group in facts["reasons"] if group["key"] != UNKNOWN]
    changed = [group for group in said if group["q"] is not None and group["q"] <= RATE]
    words = {"lost": facts["lost"], "ended": facts["lost"] + facts["won"]}
    most, second = ([group["n"] for group in said] + [0, 0])[:2]
    if most - second > 1.96 * (most + second) ** 0.5:
        head = _("Most are lost for one reason: %(reason)s") % {"reason": said[0]["name"]}
    else:
        head = _("No reason for losing stands out")
    sentence = _("%(lost)s of the %(ended)s deals that ended in the window were lost.") % words
    unchanged = _("No reason has become more or less frequent, as far as the data can tell.")
    return {
        "head": head,
        "sentence": " ".join([sentence, *map(_change, changed[:2])]),
        "certainty": "" if changed else unchanged,
    }


def _change(group: dict[str, Any]) -> str:
    told = {
        "reason": group["name"],
        "now": f"{group['share'] * 100:.0f}",
        "before": f"{group['before'] * 100:.0f}",
    }
    if group["share"] > group["before"]:
        return _("%(reason)s is said more often: %(now)s %% of losses, it was %(before)s %%.") % told
    return _("%(reason)s is said less often: %(now)s %% of losses, it was %(before)s %%.") % told


def _ended(river: River, today: int) -> pl.DataFrame:
    """Deals that are won or lost on the day: card, day, is_won, stage and stage_key they left, reason, competitor."""
    log = river.deals
    visited = stage_visits.visits(log.steps, today)
    names = pl.DataFrame(
        [(code, stage.name, stage.key) for code, stage in enumerate(log.stages)],
        schema={"from": pl.Int16, "stage": pl.String, "stage_key": pl.String},
        orient="row",
    )
    same = pl.col("card") == pl.col("card").shift()
    return (
        visited.with_columns(**{"from": pl.when(same).then(pl.col("stage").shift())})
        .filter(pl.col("left").is_null() & (pl.col("stage") >= log.won))
        .select("card", "from", "amount", day="entered", is_won=pl.col("stage") == log.won)
        .join(names, on="from", how="left")
        .join(river.lost(), on="card", how="left")
        .with_columns(pl.col("stage", "stage_key", "reason", "competitor").fill_null(UNKNOWN))
        .sort("day", "card")
    )


def _groups(lost: pl.DataFrame, before: pl.DataFrame, column: str) -> tuple[Group, ...]:
    """The largest first. A comparison of each share with before, at most one in ten of those that hold by chance."""
    name = "stage" if column == "stage_key" else column
    counted = (
        lost.group_by(column)
        .agg(pl.col(name).first().alias("name"), n=pl.len(), amount=pl.col("amount").sum())
        .sort(["n", column], descending=[True, False])
    )
    earlier = dict(before.group_by(column).agg(pl.len()).iter_rows())
    rows = counted.select(column, "name", "n", "amount").rows()
    enough = min(lost.height, before.height) >= FEWEST
    p = [proportions.differ(n, lost.height, earlier.get(key, 0), before.height) for key, _name, n, _amount in rows]
    q = comparison.false_discovery(np.array(p))[1]
    groups = []
    for place, (key, words, n, amount) in enumerate(rows):
        share = proportions.wilson(n, lost.height)
        groups.append(
            Group(
                key=key,
                name=words,
                n=n,
                amount=float(amount),
                share=share.value,
                share_low=share.low,
                share_high=share.high,
                before=earlier.get(key, 0) / before.height if before.height >= FEWEST else None,
                q=float(q[place]) if enough else None,
            )
        )
    return tuple(groups)


def _months(ended: pl.DataFrame, as_of: date) -> tuple[Month, ...]:
    """The month of the day and the eleven before it, oldest first."""
    months = []
    start = as_of.replace(day=1)
    for _number in range(MONTHS):
        end = start.replace(day=monthrange(start.year, start.month)[1])
        inside = ended.filter(pl.col("day").is_between(days.number(start), days.number(end)))
        lost = inside.filter(~pl.col("is_won"))
        by_reason = dict(lost.group_by("reason").agg(pl.len()).sort("reason").iter_rows())
        months.append(Month(start, lost.height, inside.height, by_reason))
        start = (start - timedelta(days=1)).replace(day=1)
    return tuple(reversed(months))


def _warnings(river: River, ended: pl.DataFrame, lost: pl.DataFrame) -> list[dict[str, Any]]:
    warnings = [] if ended.height else [warning("empty")]
    unsaid = lost.filter(pl.col("reason") == UNKNOWN).height
    if unsaid:
        warnings.append(warning("no_reason", n=unsaid, of=lost.height))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    return warnings
