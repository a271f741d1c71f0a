"""Carries the learned chance of each open lead down to leads, or why there is none yet."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from leads.domain import norming

from . import sources
from .estimators import chances
from .tables import prospects

HORIZON_DAYS = 90
SEED = 6  # which moment of an attempt is looked at is drawn, the same each night


def learn(*, at: datetime) -> int:
    """Learn from all leads whose outcome is known, write the chance of those that are open; answers how many."""
    now, horizon = int(at.timestamp() * 1e6), HORIZON_DAYS * prospects.DAY
    told = sources.prospects(at)
    stays = prospects.visits(told.steps)
    moments = prospects.drawn(stays, until=now, horizon=horizon, rng=np.random.default_rng(SEED))
    past = prospects.known(moments, told.touches, told.fits, told.sources)
    usual = prospects.usual_sources(past)
    x, y = prospects.matrix(past, usual), prospects.outcomes(past)
    learned = chances.learn(x, y, past["moment"].cast(float).to_numpy(), horizon=float(horizon))
    open_now = prospects.known(prospects.now(stays, now), told.touches, told.fits, told.sources)
    rows: list[norming.Chance] = []
    if learned.is_enough and open_now.height:
        said = learned.of(prospects.matrix(open_now, usual))
        ids = open_now["lead"].to_list()
        rows = [norming.Chance(*row) for row in zip(ids, said.value, said.low, said.high, strict=True)]
    norming.write_chances(
        rows,
        n=learned.n,
        events=learned.events,
        needed=chances.NEEDED,
        skill=learned.skill,
        is_enough=learned.is_enough,
        horizon_days=HORIZON_DAYS,
        as_of=at,
    )
    return len(rows)
