"""The forecast of a part of a pipeline, a team or a person: of their own deals and inflow, with what they have too
little of borrowed from the whole."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from .estimators import borrowing, markov
from .estimators.forecasting import Inflow, Past
from .estimators.recalibration import Tilt
from .estimators.rhythm import Rhythm
from .estimators.survival import Floats
from .known import History, Known, history_of, known
from .outlook import ENOUGH_CLOSED, Fitted, Outlook
from .recalling import Recall, anew
from .river import River

OPEN_CARDS_ONLY = np.array([1.0, 0.0, 0.0])


class Part(Fitted):
    """As `Fitted`, of a part's cards: how many come is its own; hazards, amounts and where cards enter are its own as
    far as there are many; calendar, and how much good and bad times matter, are the whole's."""

    def __init__(self, known: Known, past: History, whole: Fitted):
        began = int(known.entered.min()) if len(known.card) else known.today
        self.known = replace(known, since=max(began, whole.since))
        self._history, self._whole = past, whole
        self.today, self.since = known.today, self.known.since
        self.days = np.arange(self.since, self.today + 1)
        self._nights, self._entered = self.known.nights()
        counts = markov.count(self._nights, states=known.states, ages=whole.hazards.shape[1])
        self.hazards = borrowing.hazards(whole.hazards, borrowing.factors(whole.hazards, counts))
        self.oldest = whole.oldest

    @property
    def winning(self) -> Rhythm:  # type: ignore[override]
        return self._whole.winning

    @property
    def losing(self) -> Rhythm:  # type: ignore[override]
        return self._whole.losing

    @property
    def money_rhythm(self) -> Rhythm:  # type: ignore[override]
        return self._whole.money_rhythm

    @cached_property
    def inflow(self) -> Inflow:
        own, whole = super().inflow, self._whole.inflow
        number = int((self.known.first & self.known.exact).sum())
        shares = (np.append(inflow.entry, inflow.second_tries) for inflow in (own, whole))
        mixed = borrowing.mixed(*shares, number)
        return replace(own, entry=mixed[:-1], second_tries=float(mixed[-1]))

    @cached_property
    def amounts(self) -> Past:
        own, whole = super().amounts, self._whole.amounts
        return Past(
            np.concatenate([own.won, borrowing.standing_for(whole.won)]),
            np.concatenate([own.ratios, borrowing.standing_for(whole.ratios)]),
        )

    def shock(self, length: int) -> float:
        return self._whole.shock(length)

    def _tilt(self, length: int) -> Tilt:
        lent = self._whole.tilt(length)
        own = self._tilted(length, lent)
        return Tilt(
            lent.coefficients + own.coefficients,
            lent.covariance + own.covariance,
            lent.centre,
            lent.scale,
            lent.coming * own.coming,
            lent.coming_variance + own.coming_variance,
        )


class OfPart(Outlook):
    """Forecasts of a part as of any day, beside those of the whole."""

    def __init__(self, past: History, whole: Outlook, *, reach: int = 0, draws: int = 400, recall: Recall = anew):
        super().__init__(past, reach=reach, draws=draws, recall=recall)
        self.whole = whole

    @property
    def grounds(self) -> History:
        return self.whole.history

    def fit(self, day: int) -> Fitted:
        return Part(self.history.as_of(day), self.history, self.whole.fitted(day))

    def _knows_enough(self, day: int) -> bool:
        """Of the whole, and whether there is anything of the part."""
        return super()._knows_enough(day) and len(self.history.as_of(day).card) > 0

    def _record(self, day: int, skip: int, length: int) -> tuple[Floats, float]:
        """The past of few deals is no guide: until enough are closed, what looks at the open ones counts more."""
        weight, widening = super()._record(day, skip, length)
        closed, _won = self.history.closed(day)
        told = closed / (closed + ENOUGH_CLOSED)
        return told * weight + (1 - told) * OPEN_CARDS_ONLY, float(widening**told)


def outlook_of(river: River, *, reach: int = 0) -> Outlook:
    """The forecasts of the river's deals, as of any day."""
    if river.whole is None:
        return Outlook(history_of(river), reach=reach, recall=river.recall)
    whole = Outlook(history_of(river.whole()))
    return OfPart(history_of(river), whole, reach=reach, recall=river.recall)


def journeys_of(river: River, outlook: Outlook, today: int) -> Fitted:
    """Hazards, inflow and calendar of whole journeys, marketing's half included."""
    own = known(river.journeys, today)
    if river.whole is None:
        return Fitted(own, outlook.history)
    return Part(own, outlook.history, Fitted(known(river.whole().journeys, today), outlook.history))
