"""The distance rules as an administrator sets them, and as `distancing` reads them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import holidays, settings
from pipeline_crm.foundation.errors import Refusal

from ...models import DistanceRules
from .distancing import MONTH, QUARTER, WEEK, Limit, Rules, Window

RULED_BY = frozenset(field.name for field in DistanceRules._meta.fields if field.name != "id")


class WindowNeverOpens(Refusal):
    """People can only be contacted in a window with a day and some time in it."""

    status = 422


@transaction.atomic
def revise(*, by, at: datetime, **facts) -> list[str]:
    """Change the rules; which of them differed. They hold for whatever is sent from now on.

    Refused with WindowNeverOpens without a day, or when the hours end before they begin.
    """
    if unknown := facts.keys() - RULED_BY:
        raise TypeError(f"not a rule of distance: {', '.join(sorted(unknown))}")
    rules = DistanceRules.objects.select_for_update().first() or DistanceRules()
    if not facts.get("days", rules.days):
        raise WindowNeverOpens(_("Choose at least one day."), fields=["days"])
    if facts.get("opens", rules.opens) >= facts.get("closes", rules.closes):
        raise WindowNeverOpens(_("The hours must end after they begin."), fields=["closes"])
    return settings.revise(rules, by=by, at=at, **facts)


def current(country: str = "") -> Rules:
    """The rules as they are now, with the holidays of that country."""
    set_by_admin = DistanceRules.get()
    return Rules(
        window=Window(
            days=frozenset(set_by_admin.days),
            opens=set_by_admin.opens,
            closes=set_by_admin.closes,
            holidays=holidays.days_off(country),
        ),
        person=_limits(set_by_admin, "person"),
        organisation=_limits(set_by_admin, "organisation"),
        quiet_after_loss=timedelta(days=set_by_admin.quiet_after_loss_days),
        open_deal_pauses=set_by_admin.open_deal_pauses,
    )


def _limits(rules: DistanceRules, whose: str) -> tuple[Limit, ...]:
    counts = [
        (1, timedelta(days=getattr(rules, f"{whose}_gap_days"))),
        (getattr(rules, f"{whose}_per_week"), WEEK),
        (getattr(rules, f"{whose}_per_month"), MONTH),
        (getattr(rules, f"{whose}_per_quarter"), QUARTER),
    ]
    return tuple(Limit(most, span) for most, span in counts if most and span)
