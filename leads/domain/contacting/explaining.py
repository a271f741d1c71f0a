"""Why somebody is not contacted sooner, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .distancing import Limit, Moment, Wait, Why


def in_words(wait: Wait, zone: ZoneInfo) -> str:
    """One reason as a sentence, its days by the clock of the person."""
    match wait.why:
        case Why.UNSUBSCRIBED:
            return _("They have unsubscribed.")
        case Why.OPEN_DEAL:
            return _("Sales has an open deal with them; its owner has not allowed marketing.")
        case Why.NEVER_OPEN:
            return _("No day and hour is left on which people may be contacted.")
        case Why.HOURS:
            return _("Outside the hours in which people are contacted, where they are.")
        case Why.DAY:
            return _("Not a day on which people are contacted.")
        case Why.HOLIDAY:
            return _("A holiday.")
        case Why.LOSS:
            return _("A deal with them was lost; it is quiet until %(day)s.") % {"day": day(wait.until, zone)}
        case Why.PERSON | Why.ORGANISATION:
            return _too_near(wait, zone)
    raise AssertionError(f"no words for {wait.why}")


def reasons(moment: Moment, zone: ZoneInfo) -> list[str]:
    """Why not sooner: of each kind the reason that holds longest, those of the calendar only when no other holds."""
    calendar = {Why.HOURS, Why.DAY, Why.HOLIDAY}
    weighty = [wait for wait in moment.waits if wait.why not in calendar]
    longest = {wait.why: wait for wait in (weighty or moment.waits)}
    return [in_words(wait, zone) for wait in longest.values()]


def day(moment: datetime | None, zone: ZoneInfo) -> str:
    return date_format(moment.astimezone(zone), "j M Y") if moment else "–"


def _too_near(wait: Wait, zone: ZoneInfo) -> str:
    contact, limit = wait.contact, wait.limit
    if contact is None or limit is None:
        raise AssertionError("a wait for distance names its contact and its limit")
    facts = {"how": contact.how or _("a contact"), "day": day(contact.at, zone), "limit": _limit_in_words(limit)}
    if wait.why == Why.PERSON:
        return _("%(limit)s with a person; the last was %(how)s on %(day)s.") % facts
    return _("%(limit)s with an organisation; the last was %(how)s on %(day)s.") % facts


def _limit_in_words(limit: Limit) -> str:
    days = limit.span.days
    if limit.most == 1:
        return ngettext("At least %(n)s day between contacts", "At least %(n)s days between contacts", days) % {
            "n": days
        }
    return _("At most %(most)s contacts in %(n)s days") % {"most": limit.most, "n": days}
