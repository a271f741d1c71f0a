"""What a part of a pipeline, a team or a person, borrows from the whole: few deals say little of a pace of their own.

In each stage the part's moves on and its losses are set against those that the whole pipeline's hazards expect of its
own cards, and believed as far as there are many: gamma-Poisson factors, (seen + prior) / (expected + prior). Who has
three wins is forecast by the pipeline's rates, who has five hundred by their own.
"""

from __future__ import annotations

import numpy as np

from .markov import CERTAIN, Counts
from .survival import Floats

PRIOR_MOVES = 10.0  # people differ by a third or so
BORROWED_WINS = 20
BORROWED_CARDS = 20


def factors(whole: Floats, counts: Counts) -> Floats:
    """(S, 2): how many times as often the part's cards go on, and are lost, as the whole's hazards would have it.

    whole: (S, A, S+2) hazards; counts: of the part's stays, of the same ages.
    """
    lost = counts.states + 1
    expected = counts.exposure[:, :, None] * whole
    due = np.stack([expected[:, :, :lost].sum(axis=(1, 2)), expected[:, :, lost].sum(axis=1)], axis=1)
    seen = np.stack([counts.events[:, :lost].sum(axis=(1, 2)), counts.events[:, lost].sum(axis=1)], axis=1)
    return (seen + PRIOR_MOVES) / (due + PRIOR_MOVES)


def hazards(whole: Floats, factor: Floats) -> Floats:
    """The whole's hazards at the part's pace. factor: (S, 2) as `factors` says."""
    own = whole * np.concatenate([np.repeat(factor[:, :1], whole.shape[2] - 1, axis=1), factor[:, 1:]], axis=1)[:, None]
    total = own.sum(axis=2, keepdims=True)
    return own * np.where(total > CERTAIN, CERTAIN / np.maximum(total, 1e-12), 1.0)


def standing_for(values: Floats, number: int = BORROWED_WINS) -> Floats:
    """So few values, of the same mean, that stand for all of these: the means of so many equal parts of them."""
    known = np.sort(values[~np.isnan(values)])
    return np.array([part.mean() for part in np.array_split(known, min(number, len(known)))]) if len(known) else known


def mixed(own: Floats, whole: Floats, number: int) -> Floats:
    """Shares seen among so many cards of the part, beside those of the whole."""
    return (own * number + whole * BORROWED_CARDS) / (number + BORROWED_CARDS)


__all__ = ["factors", "hazards", "mixed", "standing_for"]
