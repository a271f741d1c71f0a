"""What a person's forecast gains by borrowing from the pipeline: `python -m tests.bench.cuts [pipelines of each kind]`.

Six people of one pipeline with few and many deals, who are alike, differ somewhat, or differ much. Each is forecast
from their own deals alone, by the pipeline's rates as if all were alike, and as their page forecasts them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import polars as pl

from analytics.estimators import blending
from analytics.estimators.survival import Floats
from analytics.event_log import EventLog
from analytics.known import Sliced
from analytics.outlook import Fitted, Outlook
from analytics.parts import OfPart
from tests.market import FIRST, people
from tests.simulation import STAGES

PER_DAY = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0)
APART = (0.0, 0.25, 0.5)
ORIGINS = (215, 305)
HORIZONS = (28, 84)
DAYS = max(ORIGINS) + max(HORIZONS) + 11


def main(pipelines: int) -> None:
    """Scores are shares of what came; those of `alone`, and of the others beside it, where it says something at all."""
    print("apart  a day  wins  alike  part  inside | says  alone  alike  part")
    for apart in APART:
        rows: dict[float, list[tuple[float, ...]]] = {}
        for seed in range(pipelines):
            rng = np.random.default_rng([seed, int(100 * apart)])
            for own, row in _asked(people(rng, days=DAYS, per_day=PER_DAY, apart=apart)):
                rows.setdefault(own, []).append(row)
        for own, found in rows.items():
            print(f"{apart:5} {own:6} " + _line(np.array(found)), flush=True)
        print(f"{apart:5}    all " + _line(np.concatenate([np.array(found) for found in rows.values()])), flush=True)


def _line(rows: Floats) -> str:
    wins, came, inside, alone, alike, part = rows.T
    says = ~np.isnan(alone)
    everywhere = (alike.sum() / came.sum(), part.sum() / came.sum(), inside.mean(), says.mean())
    beside = [score[says].sum() / max(came[says].sum(), 1e-9) for score in (alone, alike, part)]
    return "{:5.0f} {:6.3f} {:5.3f} {:7.2f} | {:4.2f} {:6.3f} {:6.3f} {:5.3f}".format(wins.mean(), *everywhere, *beside)


def _asked(logs: list[EventLog]) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Wins so far, what came, whether the range held it, and the scores."""
    whole = Outlook(Sliced(EventLog(STAGES, pl.concat([log.steps for log in logs]))))
    for own, log in zip(PER_DAY, logs, strict=True):
        alone, alike, part = Outlook(Sliced(log)), _Alike(Sliced(log), whole), OfPart(Sliced(log), whole)
        for day, horizon in ((FIRST + origin, horizon) for origin in ORIGINS for horizon in HORIZONS):
            if not part.can_say(day):
                continue
            came = part.history.as_of(day + horizon).won_between(day + 1, day + horizon)
            said, alikes = (way.forecast(day, skip=0, length=horizon) for way in (part, alike))
            own_says = alone.forecast(day, skip=0, length=horizon).quantiles if alone.can_say(day) else None
            answers = (own_says, alikes.quantiles, said.quantiles)
            scores = (np.nan if answer is None else blending.crps(answer, came) for answer in answers)
            inside = said.quantile(0.1) <= came <= said.quantile(0.9)
            yield own, (part.history.closed(day)[1], came, inside, *scores)


class _Alike(OfPart):
    """Everybody by the pipeline's rates."""

    def fit(self, day: int) -> Fitted:
        part, whole = super().fit(day), self.whole.fitted(day)
        part.hazards, part.tilt = whole.hazards, whole.tilt  # type: ignore[method-assign]
        return part


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
