"""How likely an amount is reached, read off a forecast's quantiles."""

from __future__ import annotations

import numpy as np

from .history import LEVELS
from .survival import Floats

CERTAIN = 0.995


def chance(quantiles: Floats, needed: float) -> float:
    """P(coming ≥ needed), of what is to come at LEVELS. Nothing needed is certain; of what lies beyond the quantiles
    nothing finer than half a percent is said."""
    if needed <= 0:
        return 1.0
    margin = max(float(quantiles[-1] - quantiles[0]) / 20, 1e-9)
    ladder = np.concatenate([[quantiles[0] - margin], quantiles, [quantiles[-1] + margin]])
    return 1 - float(np.interp(needed, ladder, np.concatenate([[1 - CERTAIN], LEVELS, [CERTAIN]])))
