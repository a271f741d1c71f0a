"""What came of improvements, in words."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from ..reports import improve
from .words import NOTHING, Facts, Figure, days, percent


def shown(facts: Facts) -> Facts:
    return {"kpis": _kpis(facts), "outcomes": [_row(outcome) for outcome in facts["outcomes"]]}


def _kpis(facts: Facts) -> list[Figure]:
    judged = [outcome for outcome in facts["outcomes"] if outcome["pace_q"] is not None]
    changed = [outcome for outcome in judged if improve.is_changed(outcome)]
    return [
        Figure(_("Under way"), str(len(facts["outcomes"]))),
        Figure(_("Can be judged"), str(len(judged))),
        Figure(_("Clearly changed"), str(len(changed))),
    ]


def _row(outcome: Facts) -> Facts:
    return {
        **{name: outcome[name] for name in ("improvement", "key", "stage", "what", "owner", "left", "left_before")},
        "starts_on": date.fromisoformat(outcome["starts_on"]),
        "verdict": improve.verdict(outcome),
        "is_hot": improve.is_changed(outcome),
        "median": days(outcome["median_days"]),
        "median_before": days(outcome["median_before"]),
        "advance": percent(outcome["advance"]),
        "advance_before": percent(outcome["advance_before"]),
        "pace": NOTHING
        if outcome["pace"] is None
        else _("%(pace)s× (%(low)s to %(high)s)")
        % {name: f"{outcome[key]:.1f}" for name, key in (("pace", "pace"), ("low", "pace_low"), ("high", "pace_high"))},
    }
