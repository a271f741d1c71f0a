"""The ways to forecast, by name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

Facts = dict[str, Any]
OURS = "blend"  # the forecast of the pages
WEIGHTED = "stage_weighted"


def name_of(method: str) -> str:
    return {
        OURS: _("this forecast"),
        "hazard": _("open deals and those to come"),
        "rhythm": _("past periods with the calendar"),
        "history": _("past periods"),
        "mean3": _("mean of the last three"),
        "naive": _("the same as last time"),
        WEIGHTED: _("stage-weighted, the best of 8 ways"),
    }[WEIGHTED if method.startswith(WEIGHTED) else method]


def only_the_best_weighted(record: list[Facts]) -> list[Facts]:
    """The grades, of the many ways to weigh stages only the best: they stand in order, so that is the first."""
    weighted = [grade for grade in record if grade["method"].startswith(WEIGHTED)]
    return [grade for grade in record if grade not in weighted[1:]]
