"""What a report must say beside its numbers: kept as facts, put into words when shown."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _


def warning(code: str, **facts: Any) -> dict[str, Any]:
    return {"code": code, **facts}


def sentence(warned: dict[str, Any]) -> str:
    """The warning in the reader's language."""
    facts = {name: _shown(value) for name, value in warned.items()}
    return _sentences()[warned["code"]] % facts


def _shown(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        return date_format(date.fromisoformat(value), "j M Y")
    return value


def _sentences() -> dict[str, str]:
    return {
        "empty": _("Nothing is known of this pipeline on that day."),
        "not_enough_stays": _(
            "%(stage)s: not enough yet: needs %(needs)s stays watched from their beginning, has %(has)s."
        ),
        "median_not_reached": _("%(stage)s: the median is not estimable: fewer than half of those waiting have left."),
        "p85_not_reached": _("%(stage)s: the 85 %% line is not estimable: fewer than that have left."),
        "no_follow_up": _("%(stage)s: nothing has been watched for a whole day yet."),
        "no_reference": _("No comparison yet: needs %(needs)s days of history before the window, has %(has)s."),
        "few_to_compare": _("%(stage)s: too few to compare with before: needs %(needs)s who left, has %(has)s."),
        "inexact": _("%(n)s entries have no known day; they are counted, and left out of the times."),
        "truncated": _("History is complete only from %(since)s; longer waits are counted from that day on."),
        "stale": _("The last step is from %(last)s. Ask as of that day to see how it was then."),
        "bulk": _(
            "On %(n)s days far more was booked than usual, as if in one go (%(steps)s steps, the last of those days "
            "%(last)s): times are only as exact as that."
        ),
        "not_enough_followed": _(
            "Not enough yet to hold other things alike: needs %(needs)s deals followed to their end, has %(has)s. "
            "Shares are shown as they are."
        ),
        "not_enough_of_each": _(
            "Not enough yet to compare: needs %(needs)s deals won and as many not, has %(won)s and %(others)s."
        ),
        "shared": _(
            "%(n)s cards are in both selections; what differs is told of the second against the others of the first."
        ),
        "same": _("Every card of the first selection is in the second, so there is nothing to compare."),
        "no_reason": _("Of %(n)s of the %(of)s lost deals nobody said why."),
        "without_rate": _("%(n)s amounts are in a currency without a rate and count as of unknown value."),
        "costs_of_a_part": _(
            "Costs belong to no team, owner, product or size: they are not set against a part of those who came."
        ),
        "costs_not_known_yet": _(
            "%(n)s costs of the window were written down after that day and are not counted: ask as of a later day."
        ),
        "unpriced_orders": _("%(n)s orders have no amount; they count as orders, not in the revenue."),
        "no_amounts": _("No amounts are known: the gain is in won deals."),
        "not_enough_closed": _("Not enough yet: a forecast needs %(needs)s closed deals, has %(has)s."),
        "no_chances": _(
            "What is expected is not shown: chances need %(needs)s closed deals on the first evening already."
        ),
        "without_amount": _("%(n)s open deals have no value; they count as nothing here."),
        "no_target": _("No target is set for these deals that is still to be reached."),
        "no_wins": _("No deal has been won yet: how much will be won, and when, cannot be forecast."),
        "not_enough_graded": _(
            "Not enough yet: a record needs %(needs)s months that are over and could be forecast, has %(has)s."
        ),
        "corrected_since": _(
            "%(n)s periods would come out otherwise by what was corrected or written down later; grades stay by what "
            "was known on their last evening."
        ),
        "borrowed": _(
            "Only %(has)s of these deals are closed: pace, chances and amounts are mostly those of the whole pipeline."
        ),
        "pooled": _("Only %(has)s deals are closed; below %(needs)s all stages lend each other their rates."),
        "unknown_amounts": _("%(n)s open deals have no value; they count with that of a usual win."),
    }
