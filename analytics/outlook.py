"""What will be won in any stretch of days to come: the one forecast that pages show and the record grades.

Three forecasts are made of the same history: of the periods before (`history`), of the same with the calendar's rhythm
(`rhythm`), and of the open deals and those to come (`hazard`). Each is asked again as of past weeks, from what was
known then; how good they were decides how much each counts now, and how wide the range must be.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .estimators import blending, forecasting, history, markov, recalibration, rhythm
from .estimators.forecasting import Draws
from .estimators.history import LEVELS
from .estimators.recalibration import Tilt
from .estimators.rhythm import Rhythm
from .estimators.survival import Floats, Ints
from .known import History, Known
from .recalling import Arrays, Recall, anew

OLDEST = 400
HALF_YEAR = 27  # weeks, in which any six months lie
FITTED_KEPT = 4
WEEK = 7
FEWEST_CLOSED = 10
ENOUGH_CLOSED = 30
RECENT_WINS_DAYS = 365
FEWEST_RECENT_WINS = 20
FIRST_LANDMARK = 21
MOST_LANDMARKS = 26
LANDMARKS_OF_TILT = 10
SHORTEST_TILT, LONGEST_TILT = 14, 91
SHOCK_DAYS = 28
PARTS = ("hazard", "rhythm", "history")
OPEN_CARDS_FIRST = np.array([4.0, 1.0])  # before anything is graded, who looks at the open deals counts four times


@dataclass(frozen=True, slots=True)
class Forecast:
    """quantiles: at LEVELS, of what is won in the stretch; methods: those of each part; weights: how much each counts;
    widening: of the range. open, new, recycled: expected amounts, adding up to `point`."""

    quantiles: Floats
    methods: dict[str, Floats]
    weights: dict[str, float]
    widening: float
    open: float
    new: float
    recycled: float

    @property
    def point(self) -> float:
        return self.open + self.new + self.recycled

    def quantile(self, level: float) -> float:
        return blending.quantile(self.quantiles, level)


class Fitted:
    """The pipeline's hazards, calendar, inflow and amounts as known on one day."""

    def __init__(self, known: Known, past: History):
        self.known, self._history = known, past
        self.today, self.since = known.today, known.since
        self.days = np.arange(self.since, self.today + 1)
        nights, entered = known.nights()
        counts = markov.count(nights, states=known.states, ages=OLDEST)
        pseudo_events = 1.0 if known.closed >= ENOUGH_CLOSED else 5.0
        hazards = markov.fit(counts, pseudo_events=pseudo_events, tail_is_apart=True)
        self.hazards = markov.without_equal_ages(hazards.mean())
        self.oldest = self.hazards.shape[1] - 1
        self._nights, self._entered = nights, entered

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        """Wins and losses seen, and expected by these hazards, on each day; both (2, days)."""
        return forecasting.ends_by_day(self._nights, self._entered, self.hazards, first=self.since, today=self.today)

    @cached_property
    def _wins(self) -> tuple[Ints, Ints]:
        """The cards that are won, rising, and on which day each was."""
        won = self.known.is_won
        return self.known.card[won], self.known.entered[won]

    @cached_property
    def _begun(self) -> tuple[Ints, Ints]:
        """All cards, rising, and on which day each came."""
        return self.known.card[self.known.first], self.known.entered[self.known.first]

    @cached_property
    def winning(self) -> Rhythm:
        seen, expected = self._ends
        return rhythm.rhythm(self.days, seen[0], expected[0])

    @cached_property
    def losing(self) -> Rhythm:
        seen, expected = self._ends
        return rhythm.rhythm(self.days, seen[1], expected[1])

    @cached_property
    def money_per_day(self) -> Floats:
        return self.known.won_per_day(self.since)

    @cached_property
    def money_rhythm(self) -> Rhythm:
        """Of amounts: in units of a usual win, so that they count as events."""
        won = self.known.amount[self.known.is_won]
        won = won[won > 0]
        if not len(won):
            return rhythm.EVEN
        events = self.money_per_day / (float((won**2).sum()) / float(won.sum()))
        return rhythm.rhythm(self.days, events, np.full(len(events), events.mean()))

    @cached_property
    def inflow(self) -> forecasting.Inflow:
        known = self.known
        begun = known.first & known.exact
        return forecasting.inflow(
            known.entered[begun],
            known.state[begun],
            known.again[begun],
            today=self.today,
            since=self.since,
            states=known.states,
        )

    @cached_property
    def amounts(self) -> forecasting.Past:
        known = self.known
        won = known.is_won & ~np.isnan(known.amount)
        recent = won & (known.entered > self.today - RECENT_WINS_DAYS)
        chosen = recent if recent.sum() >= FEWEST_RECENT_WINS else won
        both = won & (known.before > 0)
        return forecasting.Past(known.amount[chosen], known.amount[both] / known.before[both])

    def shock(self, length: int) -> float:
        seen, expected = self._ends
        return forecasting.period_shock(seen[0], expected[0] * self.winning.on(self.days), length)

    def prospects(self, period_of_day: Ints) -> markov.Prospects:
        """Chances to be won on the coming days, by these hazards and the calendar."""
        coming = np.arange(self.today + 1, self.today + len(period_of_day) + 1)
        factors = np.stack([self.winning.on(coming), self.losing.on(coming)], axis=1)
        return markov.prospects(self.hazards, period_of_day, factors=factors)

    def tilt(self, ahead: int) -> Tilt:
        """Chances of the cards that were open on past days, by these hazards, against what became of them."""
        length = int(np.clip(min(ahead, (self.today - self.since) // 3), SHORTEST_TILT, LONGEST_TILT))
        if length not in self._tilts:
            self._tilts[length] = self._tilt(length)
        return self._tilts[length]

    @cached_property
    def _tilts(self) -> dict[int, Tilt]:
        return {}

    def _tilt(self, length: int) -> Tilt:
        """As seen in stretches of so many days."""
        return self._tilted(length, recalibration.untilted(self.known.amount[self.known.is_won]))

    def _tilted(self, length: int, before: Tilt) -> Tilt:
        """By how much to lean beside `before`."""
        step = max(length // 2, WEEK)
        marks = [self.today - length - step * number for number in range(LANDMARKS_OF_TILT)]
        marks = [mark for mark in marks if mark >= self.since + 14]
        if not marks:
            return recalibration.undecided(before)
        chain = markov.prospects(self.hazards, np.zeros(length, dtype=np.int64))  # landmarks lie all over the calendar
        entry = self.inflow.entry
        per_card = chain.at_entry[1:, :, 0] @ entry[: self.known.states] + entry[self.known.states]
        seen = [self._landmark(mark, length, chain.now[:, :, 0], per_card) for mark in marks]
        expected, observed, amounts = (np.concatenate([mark[i] for mark in seen]) for i in range(3))
        features = before.features(amounts)
        expected = expected * np.exp(features @ before.coefficients)
        coming, came = before.coming * sum(mark[3] for mark in seen), sum(mark[4] for mark in seen)
        shock, overlap = self.shock(length), min(1.0, step / length)
        shared = 1 / (1 + shock * expected.sum() / len(marks))
        coefficients, covariance = recalibration.tilted(features, expected, observed, overlap=overlap, shared=shared)
        told = overlap / (1 + shock * coming / len(marks))  # how much one of these wins tells
        weight = recalibration.LEVEL_SPREAD**-2
        factor = (came * told + weight) / (coming * told + weight)
        return Tilt(coefficients, covariance, before.centre, before.scale, factor, 1 / (came * told + weight))

    def _landmark(
        self, mark: int, length: int, chances: Floats, per_card: Floats
    ) -> tuple[Floats, Floats, Floats, float, float]:
        """Of the cards open then: expected wins, wins, amounts; of those that came after: expected wins, and wins.

        chances: (S, A) to be won within the length; per_card: (length,) those of a card that came u days after.
        """
        then = self._history.evening(mark)
        expected = chances[then.state, np.minimum(mark - then.entered, self.oldest)]
        won, begun = (
            (cards[inside], entered[inside])
            for cards, entered in (self._wins, self._begun)
            for inside in [(entered > mark) & (entered <= mark + length)]
        )
        observed = np.isin(then.card, won[0]).astype(float)
        coming = float(per_card[begun[1] - mark - 1].sum())
        came = float(np.isin(begun[0], won[0]).sum())
        return expected, observed, then.amount, coming, came


@dataclass(frozen=True, slots=True)
class _Past:
    """What was won on each day that is known whole, the same without the calendar's rhythm, and that rhythm."""

    money: Floats
    even: Floats
    beat: Rhythm

    @classmethod
    def of(cls, today: int, money: Floats, beat: Rhythm) -> _Past:
        on = beat.on(np.arange(today - len(money) + 1, today + 1))
        return cls(money, money / np.maximum(on, 1e-6), beat)


class Outlook:
    """Forecasts as of any day. Whatever is answered for a day rests on what was known on that day alone."""

    def __init__(self, past: History, *, reach: int = 0, draws: int = 400, recall: Recall = anew):
        """reach: how many days ahead will be asked about, so that one look back serves every stretch; recall: knows
        what was worked out before."""
        self.history, self.draws, self.recall = past, draws, recall
        self._weeks_ahead = -(-reach // (WEEK * HALF_YEAR)) * HALF_YEAR
        self._fitted: OrderedDict[int, Fitted] = OrderedDict()
        self._can_say: dict[int, bool] = {}
        self._looks: dict[tuple[int, int], tuple[Floats, _Past]] = {}
        self._draws: dict[tuple[int, ...], Draws] = {}

    def fitted(self, day: int) -> Fitted:
        if day not in self._fitted:
            self._fitted[day] = self.fit(day)
            if len(self._fitted) > FITTED_KEPT:
                self._fitted.popitem(last=False)
        return self._fitted[day]

    @property
    def grounds(self) -> History:
        """On what it rests whether something can be said."""
        return self.history

    def fit(self, day: int) -> Fitted:
        return Fitted(self.history.as_of(day), self.history)

    def can_say(self, day: int) -> bool:
        """Whether enough was known for a forecast."""
        if day not in self._can_say:
            self._can_say[day] = self._knows_enough(day)
        return self._can_say[day]

    def _knows_enough(self, day: int) -> bool:
        closed, won = self.grounds.closed(day)
        return closed >= FEWEST_CLOSED and won > 0

    def forecast(self, day: int, *, skip: int, length: int) -> Forecast:
        """Of what is won on days day+skip+1 … day+skip+length."""
        bounds = (skip, skip + length) if skip else (length,)
        if (day, *bounds) not in self._draws:
            self._draws[day, *bounds] = self._simulate(day, bounds, is_shared=False)
        draws, column = self._draws[day, *bounds], len(bounds) - 1
        fitted = self.fitted(day)
        past = _Past.of(day, fitted.money_per_day, fitted.money_rhythm)
        methods = self._methods(past, day, skip, length, draws.total[:, column])
        weight, widening = self._record(day, skip, length)
        blended = blending.widened(blending.blend(np.stack([methods[name] for name in PARTS]), weight), widening)
        means = [float(part[:, column].mean()) for part in (draws.open, draws.new, draws.recycled)]
        scale = float(blended.mean()) / sum(means) if sum(means) > 0 else 0.0
        return Forecast(
            blended,
            methods,
            dict(zip(PARTS, weight.tolist(), strict=True)),
            widening,
            *(mean * scale for mean in means),
        )

    def described(self, skip: int, length: int) -> str:
        """What `forecast` is asked, and what its answer depends on beside the history."""
        return f"days {skip + 1} to {skip + length}, {self._weeks_ahead} weeks ahead, {self.draws} draws"

    def _methods(self, past: _Past, day: int, skip: int, length: int, sums: Floats) -> dict[str, Floats]:
        ahead = np.arange(day + skip + 1, day + skip + length + 1)
        return {
            "hazard": np.quantile(sums, LEVELS),
            "rhythm": history.student(past.even, length) * float(past.beat.on(ahead).mean()),
            "history": history.student(past.money, length),
        }

    def _record(self, day: int, skip: int, length: int) -> tuple[Floats, float]:
        """How much each part counts, and by how much to widen, from what was said in past weeks and has come since.

        A window that has not ended yet is graded as far as it has come, and counts so much less.
        """
        fitted = self.fitted(day)
        weeks, after = max(round(length / WEEK), 1), round(skip / WEEK)
        scores, counts, blends = [], [], []
        for mark in self._landmarks(day, after):
            elapsed = min((day - mark) // WEEK - after, weeks)
            said = self._said(mark, after, elapsed, weeks)
            first = mark + WEEK * after + 1 - fitted.since
            came = float(fitted.money_per_day[max(first, 0) : max(first + WEEK * elapsed, 0)].sum())
            usual = max(float(np.mean(said, axis=1).mean()), came / 4, 1e-9)
            scores.append([blending.crps(quantiles, came) / usual for quantiles in said])
            counts.append(elapsed / weeks)
            blends.append((said, came))
        weight = _counting(np.array(scores).reshape(-1, len(PARTS)), np.array(counts))
        if not scores:
            return weight, 1.0
        misses = [
            blending.miss(blending.blend(said, weight), came)
            for (said, came), count in zip(blends, counts, strict=True)
            if count >= 0.5
        ]
        return weight, blending.width(np.array(misses), 1 + (len(misses) - 1) / weeks)

    def _landmarks(self, day: int, after: int) -> list[int]:
        """The last days of past weeks, on the calendar's grid so that forecasts of neighbouring days share them."""
        newest = (day - WEEK * (after + 1)) // WEEK * WEEK
        marks = [newest - WEEK * number for number in range(MOST_LANDMARKS)]
        since = self.history.as_of(day).since
        return [mark for mark in marks if mark >= since + FIRST_LANDMARK and self.can_say(mark)]

    def _said(self, mark: int, after: int, elapsed: int, weeks: int) -> Floats:
        """(parts, levels) what each part said on that day of the window's weeks that have come."""
        totals, past = self._look(mark, max(self._weeks_ahead, after + weeks))
        sums = totals[:, after : after + elapsed].sum(axis=1, dtype=float)
        methods = self._methods(past, mark, WEEK * after, WEEK * elapsed, sums)
        return np.stack([methods[name] for name in PARTS])

    def _look(self, mark: int, weeks: int) -> tuple[Floats, _Past]:
        """What was seen on that day: draws of each of so many weeks ahead, (draws, weeks), and the past."""
        if (mark, weeks) not in self._looks:
            found = self.recall(mark, f"{weeks} weeks, {self.draws} draws", lambda: self._seen(mark, weeks))
            beat = Rhythm(found["of_month"], *found["of_day"].tolist())
            self._looks[mark, weeks] = found["totals"], _Past.of(mark, found["money"], beat)
        return self._looks[mark, weeks]

    def _seen(self, mark: int, weeks: int) -> Arrays:
        draws = self._simulate(mark, tuple(WEEK * number for number in range(1, weeks + 1)), is_shared=True)
        fitted = self.fitted(mark)
        beat = fitted.money_rhythm
        return {
            "totals": draws.total.astype(np.float32),
            "money": fitted.money_per_day,
            "of_month": beat.of_month,
            "of_day": np.array([beat.of_end, beat.of_rest]),
        }

    def _simulate(self, day: int, bounds: tuple[int, ...], *, is_shared: bool) -> Draws:
        """Draws of the stretches that end `bounds` days ahead, the first beginning tomorrow."""
        fitted, known = self.fitted(day), self.history.as_of(day)
        ahead = bounds[-1]
        period_of_day: Ints = np.searchsorted(np.array(bounds), np.arange(1, ahead + 1))
        chain = fitted.prospects(period_of_day)
        standing = known.is_open
        age = np.minimum(day - known.entered[standing], fitted.oldest)
        length = min(SHOCK_DAYS, ahead) if is_shared else int(np.diff((0, *bounds)).max())
        return forecasting.simulate(
            chain.now[known.state[standing], age],
            known.amount[standing],
            forecasting.wins_per_arrival(chain.at_entry, fitted.inflow.entry, period_of_day),
            fitted.inflow,
            fitted.amounts,
            fitted.tilt(ahead),
            np.random.default_rng([day, ahead, len(bounds)]),
            shock=fitted.shock(length),
            is_shared=is_shared,
            draws=self.draws,
        )


def _counting(scores: Floats, counts: Floats) -> Floats:
    """How much each of PARTS counts: the two that look at past periods only share what falls to their kind."""
    periods = blending.weights(scores[:, 1:], counts, np.ones(2))
    kinds = blending.weights(np.column_stack([scores[:, 0], scores[:, 1:] @ periods]), counts, OPEN_CARDS_FIRST)
    return np.concatenate([kinds[:1], kinds[1] * periods])


__all__ = ["Forecast", "Outlook"]
