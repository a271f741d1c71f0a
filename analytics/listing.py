"""The cards behind a number as rows of a page: those the reader may see, and how many others there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deals.models import Deal
from leads.models import Lead

from . import behind, days, sources, told_facts
from .behind import Question, What
from .reports import movement
from .selection import Selection
from .tables.journeys import MOST_ATTEMPTS

MOST_ROWS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One stay. `card` is the deal, or the lead that has none; left is None while it lasts."""

    card: Any
    address: str
    stage: str
    entered: date
    left: date | None
    onward: str
    days: int
    amount: float | None


@dataclass(frozen=True, slots=True)
class Listing:
    """counted: all stays behind the number; hidden: those of cards the reader may not see; rows: at most 300."""

    title: str
    currency: str
    counted: int
    hidden: int
    rows: tuple[Row, ...]
    amount: float


def listing(selection: Selection, asked: Question, *, user) -> Listing:
    """NoSuchStage where the river has no stage of that key."""
    river = sources.river(selection)
    found = behind.stays(river, selection, asked)
    numbers = found["card"].to_list()
    deals = _by_number(Deal, {card for card in numbers if card > 0}, user)
    leads = _by_number(Lead, {-card // MOST_ATTEMPTS for card in numbers if card < 0}, user)
    names = [stage.name for stage in river.journeys.stages]
    today = days.number(selection.as_of)
    ways = river.origins().names.get(asked.way, {}) if asked.way and river.origins else {}
    rows = []
    for card, stage, entered, left, following, amount in found.iter_rows():
        shown = deals.get(card) if card > 0 else leads.get(-card // MOST_ATTEMPTS)
        if shown is None:
            continue
        address = f"/deals/{shown.pk}/" if card > 0 else f"/leads/{shown.pk}/"
        onward = "" if following is None else names[following]
        stayed = (today if left is None else left) - entered
        left_on = None if left is None else days.day(left)
        rows.append(Row(shown, address, names[stage], days.day(entered), left_on, onward, stayed, amount))
    return Listing(
        title=_title(asked, {stage.key: stage.name for stage in river.journeys.stages}, ways, found.height),
        currency=river.currency,
        counted=found.height,
        hidden=found.height - len(rows),
        rows=tuple(rows[:MOST_ROWS]),
        amount=sum(row.amount or 0.0 for row in rows),
    )


def _by_number(model, numbers: set[int], user) -> dict[int, Any]:
    visible = model.objects.visible_to(user).filter(pk__in=numbers).select_related("organisation", "person", "owner")
    return {card.pk: card for card in visible}


def _title(asked: Question, names: dict[str, str], ways: dict[str, str], counted: int) -> str:
    facts = {
        "n": counted,
        "stage": names.get(asked.stage or "", ""),
        "to": names.get(asked.to or "", ""),
        "days": asked.older,
    }
    if asked.what == What.OPEN and asked.stage is None:
        return ngettext("%(n)s open card", "%(n)s open cards", counted) % facts
    if asked.what == What.OPEN:
        return ngettext("%(n)s open card in %(stage)s", "%(n)s open cards in %(stage)s", counted) % facts
    if asked.what == What.OVERDUE:
        return (
            ngettext(
                "%(n)s card in %(stage)s for more than %(days)s days",
                "%(n)s cards in %(stage)s for more than %(days)s days",
                counted,
            )
            % facts
        )
    if asked.what == What.MOVED and asked.to is None:
        return ngettext("%(n)s card left %(stage)s", "%(n)s cards left %(stage)s", counted) % facts
    if asked.what == What.MOVED:
        return ngettext("%(n)s step from %(stage)s to %(to)s", "%(n)s steps from %(stage)s to %(to)s", counted) % facts
    if asked.what == What.LOST:
        why = [asked.reason, asked.competitor, names.get(asked.stage or "")]
        told = ", ".join(_("not said") if word == "" else word for word in why if word is not None)
        if not told:
            return ngettext("%(n)s deal lost", "%(n)s deals lost", counted) % facts
        return ngettext("%(n)s deal lost: %(why)s", "%(n)s deals lost: %(why)s", counted) % (facts | {"why": told})
    if asked.what == What.CHANGED:
        bar = movement.bar_names().get(asked.fact, "")
        return ngettext("%(n)s deal: %(bar)s", "%(n)s deals: %(bar)s", counted) % (facts | {"bar": bar})
    if asked.what == What.FACT:
        told = told_facts.label({"fact": asked.fact, "level": asked.level})
        return ngettext("%(n)s deal: %(told)s", "%(n)s deals: %(told)s", counted) % (facts | {"told": told})
    if asked.what == What.BROUGHT:
        return _brought(asked, ways, counted)
    if asked.what in (What.SPAN, What.SPAN_OPEN):
        return _spanned(asked, names, counted)
    if asked.what == What.THERE:
        words = ngettext("%(n)s card was in %(stage)s at the end", "%(n)s cards were in %(stage)s at the end", counted)
        return words % facts
    if asked.what == What.ENDED and asked.outcome == "lost":
        return ngettext("%(n)s deal that was lost", "%(n)s deals that were lost", counted) % facts
    if asked.what == What.ENDED:
        return ngettext("%(n)s deal that was won", "%(n)s deals that were won", counted) % facts
    if asked.what == What.OPEN_BEFORE:
        return _("%(n)s cards that were in %(stage)s before the window") % facts
    if asked.what == What.BEGUN:
        return _("%(n)s cards that began in %(stage)s") % facts
    return ngettext("%(n)s stay begun in %(stage)s", "%(n)s stays begun in %(stage)s", counted) % facts


def _spanned(asked: Question, names: dict[str, str], counted: int) -> str:
    """Those of one month: from where they are counted, and whether only those still on their way."""
    told = {
        "journey": ngettext("%(n)s card that began", "%(n)s cards that began", counted),
        "sales": ngettext("%(n)s card that came to sales", "%(n)s cards that came to sales", counted),
    }.get(asked.span, ngettext("%(n)s stay begun in %(stage)s", "%(n)s stays begun in %(stage)s", counted))
    words = told % {"n": counted, "stage": names.get(asked.span, "")}
    return _("%(words)s, still open") % {"words": words} if asked.what == What.SPAN_OPEN else words


def _brought(asked: Question, ways: dict[str, str], counted: int) -> str:
    """Those that marketing brought: how many, what became of them, and by what they came."""
    told = {
        "leads": ngettext("%(n)s lead that came", "%(n)s leads that came", counted),
        "handed": ngettext("%(n)s lead handed over", "%(n)s leads handed over", counted),
        "won": ngettext("%(n)s lead with an order", "%(n)s leads with an order", counted),
        "orders": ngettext("%(n)s order", "%(n)s orders", counted),
        "open": ngettext("%(n)s lead still open", "%(n)s leads still open", counted),
        "lost": ngettext("%(n)s lead lost", "%(n)s leads lost", counted),
    }[asked.outcome] % {"n": counted}
    if asked.way is None or asked.key is None:
        return told
    by = ways.get(asked.key, asked.key) or _("not said")
    touch = {"first": _("first touch: %(by)s"), "last": _("last touch: %(by)s")}[asked.touch] % {"by": by}
    return f"{told}, {touch}"
