"""Campaigns: what was done so that people come, what it cost, and how one knows who came because of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import settings
from pipeline_crm.foundation.errors import Refusal

from ..models import Campaign, CampaignCost, Source

WORD = "utm_campaign"
Known = Callable[[str, int | None, date], Campaign | None]


class NameTaken(Refusal):
    """Two campaigns with one name are told apart by nobody."""

    status = 422


class WordTaken(Refusal):
    """A word in a link leads to one campaign."""

    status = 422


class NotRecognisable(Refusal):
    """Without a word in its links and without a source nobody could be said to have come by it."""

    status = 422


class EndsTooEarly(Refusal):
    """The last day comes before the first."""

    status = 422


class Overlaps(Refusal):
    """Campaigns that are known by their source only must not run together, or who came would belong to both."""

    status = 422


class CostsNothing(Refusal):
    """A cost is more than nothing."""

    status = 422


@transaction.atomic
def keep(
    campaign: Campaign | None = None,
    *,
    by,
    at: datetime,
    name: str,
    starts_on: date,
    ends_on: date | None = None,
    source: Source | None = None,
    word: str = "",
) -> Campaign:
    """Add a campaign, or change the one given.

    Refused: a name or a word that another has, a last day before the first, one that nobody could be recognised by,
    and one without a word that runs while another of its source does (Overlaps).
    """
    name, word = name.strip(), word.strip()
    others = Campaign.objects.exclude(pk=campaign.pk) if campaign else Campaign.objects.all()
    if others.filter(name__iexact=name).exists():
        raise NameTaken(_("There is a campaign called %(name)s already.") % {"name": name}, fields=["name"])
    if word and (other := others.filter(word__iexact=word).first()):
        words = {"name": other.name, "word": word}
        raise WordTaken(_("“%(word)s” leads to %(name)s already.") % words, fields=["word"])
    if ends_on and ends_on < starts_on:
        raise EndsTooEarly(_("The first day comes after the last."), fields=["ends_on"])
    if not word:
        _check_source(others, source, starts_on, ends_on)
    facts = {"name": name, "word": word, "source_id": source and source.pk, "starts_on": starts_on, "ends_on": ends_on}
    if campaign is None:
        return Campaign.objects.create(created_at=at, **facts)
    settings.revise(campaign, by=by, at=at, **facts)
    return campaign


@transaction.atomic
def archive(campaign: Campaign, *, by, at: datetime) -> None:
    """It stands aside; who came by it still did. Archived again it is back."""
    settings.revise(campaign, by=by, at=at, archived_at=None if campaign.archived_at else at)


@transaction.atomic
def spend(campaign: Campaign, *, on: date, amount: Decimal, currency: str, what: str = "", by, at: datetime):
    """Write down what the campaign cost on a day. Refused: nothing (CostsNothing)."""
    if amount <= 0:
        raise CostsNothing(_("Say how much it was."), fields=["amount"])
    return CampaignCost.objects.create(
        campaign=campaign, on=on, amount=amount, currency=currency, what=what.strip(), by=by, recorded_at=at
    )


@transaction.atomic
def take_back(cost: CampaignCost, *, by, at: datetime) -> None:
    """It was not spent after all. What was said of earlier days stays as it was said."""
    cost.refresh_from_db(from_queryset=CampaignCost.objects.select_for_update(of=("self",)))
    if cost.taken_back_at is None:
        cost.taken_back_at, cost.taken_back_by = at, by
        cost.save(update_fields=["taken_back_at", "taken_back_by"])


def recognising() -> Known:
    """The one rule by which a touch belongs to a campaign: word in the link, source and day → campaign, or none.

    A word that no campaign has leads nowhere. Without a word it is the campaign without one that the source had then.
    """
    by_word: dict[str, Campaign] = {}
    by_source: dict[int, list[Campaign]] = {}
    for campaign in Campaign.objects.all():
        if campaign.word:
            by_word[campaign.word.casefold()] = campaign
        elif campaign.source_id:
            by_source.setdefault(campaign.source_id, []).append(campaign)

    def known(word: str, source: int | None, on: date) -> Campaign | None:
        if word.strip():
            return by_word.get(word.strip().casefold())
        running = by_source.get(source, []) if source else []
        return next((one for one in running if one.starts_on <= on and (not one.ends_on or on <= one.ends_on)), None)

    return known


def word_of(utm: Mapping[str, str]) -> str:
    """The word by which the address of a page named its campaign; empty where it did not."""
    return str(utm.get(WORD) or "").strip()


def _check_source(others, source: Source | None, starts_on: date, ends_on: date | None) -> None:
    if source is None:
        raise NotRecognisable(
            _("Say by which word in its links, or by which source, people are known to have come."), fields=["word"]
        )
    Source.objects.select_for_update().get(pk=source.pk)  # one of its campaigns after the other
    together = others.filter(source=source, word="").filter(Q(ends_on=None) | Q(ends_on__gte=starts_on))
    if ends_on:
        together = together.filter(starts_on__lte=ends_on)
    if other := together.first():
        raise Overlaps(
            _("%(name)s runs then and is known by its source, too. Give one of them a word, or other days.")
            % {"name": other.name},
            fields=["starts_on"],
        )
