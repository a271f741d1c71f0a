"""What changed between two evenings: every deal's part in it, adding up exactly.

Both evenings are as they were known then: nothing is copied nightly, the log is asked again. Two measures move: what
the open deals are worth (pipeline), and what they are expected to bring together with what was won meanwhile
(expected): each open deal at the chance that its stage had on the first evening. What was learned of the chances since
is a bar of its own, so that the others show what happened to deals. Amounts are whole cents, and every bar is a
difference of the same terms: opening + bars = closing, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pipeline_crm.foundation.money import in_short

from .. import days
from ..caveats import warning
from ..event_log import EventLog
from ..plain import plain
from ..river import River
from ..selection import Selection
from . import norms

USUAL_DAYS = 7
FEWEST_CLOSED = 10
BARS = (
    "new", "reopened", "advanced", "slipped", "value_up", "value_down", "won", "lost", "recycled", "chances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """deals: how many took part; pipeline and expected: by how many cents they moved each measure, expected None where
    too few deals are closed to know chances."""

    key: str
    deals: int
    pipeline: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class MovementReport:
    """opening and closing: cents on the evenings of `since` and `until`. pushed: open deals whose expected close was
    moved to a later day."""

    pipeline: str
    as_of: date
    since: date
    until: date
    currency: str
    opening: Bar
    bars: tuple[Bar, ...]
    closing: Bar
    pushed: int
    warnings: tuple[dict[str, Any], ...]

    def as_facts(self) -> dict[str, Any]:
        return plain(asdict(self))


@dataclass(frozen=True, slots=True)
class Part:
    """What one deal did: to which bar it adds how many cents."""

    card: int
    bar: str
    pipeline: int
    expected: int


@dataclass(frozen=True, slots=True)
class _State:
    """Where a deal stands: the stage's code, cents, and the day it came there. first: the stage where it began."""

    stage: int
    cents: int
    day: int
    first: int


@dataclass(frozen=True, slots=True)
class _Evenings:
    before: Mapping[int, _State]
    after: Mapping[int, _State]
    won: int
    old: list[float]
    new: list[float]
    knows_chances: bool
    recycled: frozenset[int]
    pushed: frozenset[int]
    unknown: int

    def is_open(self, state: _State | None) -> bool:
        return state is not None and state.stage < self.won

    def is_won(self, state: _State | None) -> bool:
        return state is not None and state.stage == self.won

    def worth(self, cents: int, stage: int) -> int:
        """Cents to be expected at an open stage, as chances were on the first evening; nothing of a deal that begins
        closed."""
        return round(cents * self.old[stage]) if stage < self.won else 0


def report(river: River, selection: Selection, rng: np.random.Generator) -> MovementReport:
    first, last = selection.lately(USUAL_DAYS)
    seen = _evenings(river, selection)
    parts = list(_parts(seen))
    opening, closing = (
        Bar(key, len(held), sum(state.cents for state in held), expected if seen.knows_chances else None)
        for key, held, expected in (
            ("opening", _open(seen, seen.before), sum(_expected_before(seen, card) for card in seen.before)),
            ("closing", _open(seen, seen.after), sum(_expected_after(seen, card) for card in seen.after)),
        )
    )
    warnings = [] if seen.knows_chances else [warning("no_chances", needs=FEWEST_CLOSED)]
    if seen.unknown:
        warnings.append(warning("without_amount", n=seen.unknown))
    if river.without_rate:
        warnings.append(warning("without_rate", n=river.without_rate))
    return MovementReport(
        pipeline=river.pipeline,
        as_of=selection.as_of,
        since=first - timedelta(days=1),
        until=last,
        currency=river.currency,
        opening=opening,
        bars=tuple(_bar(key, parts, knows_chances=seen.knows_chances) for key in BARS),
        closing=closing,
        pushed=len(seen.pushed),
        warnings=tuple(warnings),
    )


def cards(river: River, selection: Selection, bar: str) -> pl.DataFrame:
    """The deals of a bar on the last evening: card, stage (a code of the deals' stages), entered, amount."""
    seen = _evenings(river, selection)
    found = [card for card in {part.card for part in _parts(seen) if part.bar == bar} if card in seen.after]
    states = [(card, seen.after[card]) for card in found]
    rows = [(card, state.stage, state.day, state.cents / 100) for card, state in states]
    schema = {"card": pl.Int64, "stage": pl.Int64, "entered": pl.Int64, "amount": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def finding(facts: dict[str, Any]) -> dict[str, str]:
    measure = "pipeline" if facts["closing"]["expected"] is None else "expected"
    currency = facts["currency"]
    change = facts["closing"][measure] - facts["opening"][measure]
    most = max(facts["bars"], key=lambda bar: (bar[measure] or 0) * (1 if change >= 0 else -1))
    amount: Any = (most[measure] or 0) / 100
    words = {
        "change": in_short(abs(change) / 100, currency),
        "since": date_format(date.fromisoformat(facts["since"]), "j F Y"),
        "opening": in_short(facts["opening"][measure] / 100, currency),
        "closing": in_short(facts["closing"][measure] / 100, currency),
        "bar": bar_names()[most["key"]],
        "amount": in_short(amount, currency),
    }
    if not any(bar["deals"] for bar in facts["bars"]):
        return {"head": _("Nothing has changed since %(since)s") % words, "sentence": "", "certainty": ""}
    head = _("%(change)s more since %(since)s") if change >= 0 else _("%(change)s less since %(since)s")
    what = _("What is expected") if measure == "expected" else _("What is open")
    return {
        "head": head % words,
        "sentence": _("%(what)s went from %(opening)s to %(closing)s. Most of it: %(bar)s, %(amount)s.")
        % (words | {"what": what}),
        "certainty": _("Every bar adds up to the cent, from the log as it was known on both evenings."),
    }


def bar_names() -> dict[str, str]:
    return {
        "opening": _("opening"),
        "new": _("new"),
        "reopened": _("opened again"),
        "advanced": _("advanced"),
        "slipped": _("slipped back"),
        "value_up": _("value up"),
        "value_down": _("value down"),
        "won": _("won"),
        "lost": _("lost"),
        "recycled": _("recycled"),
        "chances": _("chances learned anew"),
        "closing": _("closing"),
    }


def _evenings(river: River, selection: Selection) -> _Evenings:
    first, last = selection.lately(USUAL_DAYS)
    eve = first - timedelta(days=1)
    now = river if last == selection.as_of else _before(river, last)
    then = _before(river, eve)
    kept = now.deals.steps.select("card").unique()
    then = replace(then, deals=replace(then.deals, steps=then.deals.steps.join(kept, on="card", how="semi")))
    chances = [_chances(log, replace(selection, as_of=day)) for log, day in ((then.deals, eve), (now.deals, last))]
    knows = all(found is not None for found in chances)
    states = len(now.deals.open_stages)
    unlearned = [0.0] * states
    before, after = _states(then.deals), _states(now.deals)
    return _Evenings(
        before=before,
        after=after,
        won=now.deals.won,
        old=chances[0] if knows and chances[0] else unlearned,
        new=chances[1] if knows and chances[1] else unlearned,
        knows_chances=knows,
        recycled=now.recycled() if now.recycled else frozenset(),
        pushed=_pushed(_closes(then), _closes(now), before, after, states),
        unknown=sum(state.cents == 0 and state.stage < states for state in after.values()),
    )


def _before(river: River, day: date) -> River:
    """The same cards as they were known at the end of the day."""
    if river.before:
        return river.before(day)
    steps = river.deals.steps.filter(pl.col("day") <= days.number(day))
    return replace(river, deals=replace(river.deals, steps=steps))


def _states(log: EventLog) -> dict[int, _State]:
    """Each deal after its last step; one without an amount counts as nothing."""
    if log.steps.height == 0:
        return {}
    last = log.steps.group_by("card", maintain_order=True).agg(
        pl.col("stage").last().cast(pl.Int64),
        (pl.col("amount").last().fill_null(0.0) * 100).round().cast(pl.Int64),
        pl.col("day").last().cast(pl.Int64),
        pl.col("stage").first().cast(pl.Int64).alias("first"),
    )
    return {card: _State(*rest) for card, *rest in last.iter_rows()}


def _chances(log: EventLog, selection: Selection) -> list[float] | None:
    """By stage, the chance that a deal entering it is won within a year; None where too few are closed."""
    ended = log.steps.group_by("card").agg(pl.col("stage").last() >= log.won)
    if log.steps.height == 0 or int(ended["stage"].sum()) < FEWEST_CLOSED:
        return None
    found = norms.norms(log, selection)
    return [norm.chance or 0.0 for norm in found] if found else None


def _closes(river: River) -> dict[int, int]:
    return dict(river.expected_close().drop_nulls("day").iter_rows())


def _pushed(
    then: dict[int, int], now: dict[int, int], before: Mapping[int, _State], after: Mapping[int, _State], states: int
) -> frozenset[int]:
    """Deals open on both evenings whose expected close is later than it was."""
    return frozenset(
        card
        for card, day in now.items()
        if card in then and day > then[card] and card in before and card in after
        and before[card].stage < states and after[card].stage < states
    )  # fmt: skip


def _open(seen: _Evenings, states: Mapping[int, _State]) -> list[_State]:
    return [state for state in states.values() if seen.is_open(state)]


def _expected_before(seen: _Evenings, card: int) -> int:
    """What was won by then is not counted: only what was won since."""
    state = seen.before[card]
    return seen.worth(state.cents, state.stage)


def _expected_after(seen: _Evenings, card: int) -> int:
    state, then = seen.after[card], seen.before.get(card)
    had = then.cents if then and seen.is_won(then) else 0
    if seen.is_won(state):
        return state.cents - had
    return (round(state.cents * seen.new[state.stage]) if seen.is_open(state) else 0) - had


def _parts(seen: _Evenings) -> Iterator[Part]:
    """Every deal's way from the first evening to the last, step by step: its value changes where it stood, then its
    stage, then it ends, then the chances are those of the last evening."""
    for card, now in seen.after.items():
        then = seen.before.get(card)
        if seen.is_open(now) or seen.is_open(then) or now != then:
            yield from (part for part in _way(seen, card, then, now) if part.bar != "chances" or part.expected)


def _way(seen: _Evenings, card: int, then: _State | None, now: _State) -> Iterator[Part]:
    stood = then.stage if then else now.first
    cents = then.cents if then else now.cents
    if then is None:
        yield Part(card, "new", now.cents, seen.worth(now.cents, stood))
    elif not seen.is_open(then):
        yield from _closed_before(seen, card, then, now)
        return
    if cents != now.cents:
        bar = "value_up" if now.cents > cents else "value_down"
        yield Part(card, bar, now.cents - cents, seen.worth(now.cents, stood) - seen.worth(cents, stood))
    had = seen.worth(now.cents, stood)
    if seen.is_open(now):
        yield from _stepped(seen, card, stood, now)
        yield _learned(seen, card, now)
    elif seen.is_won(now):
        yield Part(card, "won", -now.cents, now.cents - had)
    else:
        yield Part(card, "recycled" if card in seen.recycled else "lost", -now.cents, -had)


def _stepped(seen: _Evenings, card: int, stood: int, now: _State) -> Iterator[Part]:
    change = seen.worth(now.cents, now.stage) - seen.worth(now.cents, stood)
    if stood < seen.won and now.stage > stood:
        yield Part(card, "advanced", 0, change)
    elif now.stage != stood:
        yield Part(card, "slipped", 0, change)
    elif card in seen.pushed:
        yield Part(card, "slipped", 0, 0)


def _closed_before(seen: _Evenings, card: int, then: _State, now: _State) -> Iterator[Part]:
    """It was won or lost on the first evening, and something was changed about that since."""
    had = then.cents if seen.is_won(then) else 0
    if seen.is_open(now):
        yield Part(card, "reopened", now.cents, seen.worth(now.cents, now.stage) - had)
        yield _learned(seen, card, now)
    elif seen.is_won(now) and not seen.is_won(then):
        yield Part(card, "won", 0, now.cents)
    elif seen.is_won(then) and not seen.is_won(now):
        yield Part(card, "recycled" if card in seen.recycled else "lost", 0, -had)
    elif seen.is_won(now) and now.cents != then.cents:
        yield Part(card, "value_up" if now.cents > then.cents else "value_down", 0, now.cents - then.cents)


def _learned(seen: _Evenings, card: int, now: _State) -> Part:
    change = round(now.cents * seen.new[now.stage]) - seen.worth(now.cents, now.stage)
    return Part(card, "chances", 0, change)


def _bar(key: str, parts: list[Part], *, knows_chances: bool) -> Bar:
    mine = [part for part in parts if part.bar == key]
    expected = sum(part.expected for part in mine) if knows_chances else None
    return Bar(key, len({part.card for part in mine}), sum(part.pipeline for part in mine), expected)
