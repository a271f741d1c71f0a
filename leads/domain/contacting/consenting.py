"""Who may be written to about what, on which basis, and how we know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ...models import Basis, Channel, Consent, ConsentProof, Lead, LeadStage, Person, Purpose
from .. import qualifying
from .persons import erased_at, same_person

WITH_MARKETING = (LeadStage.WAITING, LeadStage.GENERATION, LeadStage.NURTURING, LeadStage.QUALIFICATION)


class ProofNeeded(Refusal):
    """A basis counts only with what proves it."""

    status = 422


@transaction.atomic
def record(
    person: Person,
    purposes: Iterable[str],
    *,
    basis: str = Basis.CONSENT,
    words: str,
    channel: str = Channel.HAND,
    page: str = "",
    address: str | None = None,
    agent: str = "",
    by=None,
    at: datetime,
) -> list[Consent]:
    """Write down that the person may be written to about these purposes, and what proves it.

    Refused without words (ProofNeeded): those agreed to, or why our interest outweighs theirs.
    """
    if basis == Basis.WITHDRAWN:
        raise TypeError("withdraw() withdraws")
    if not words.strip():
        raise ProofNeeded(_("Say what was agreed to, or why our interest outweighs theirs."), fields=["words"])
    consents = _write(person, purposes, basis=basis, channel=channel, by=by, at=at)
    for consent in consents:
        ConsentProof.objects.create(
            consent=consent, words=words.strip()[:2000], page=page[:500], address=address, agent=agent[:300]
        )
    return consents


@transaction.atomic
def withdraw(
    person: Person, *, purposes: Iterable[str] | None = None, channel: str = Channel.HAND, by=None, at: datetime
) -> None:
    """From now on the person is not written to about these purposes; without any named, not at all.

    Whoever wants nothing any more leaves the board of marketing for Unsubscribed; what sales is at stays with sales.
    Said twice it changes nothing.
    """
    said = standing(person)
    wanted = [
        purpose
        for purpose in (purposes if purposes is not None else Purpose.values)
        if purpose not in said or said[purpose].basis != Basis.WITHDRAWN
    ]
    _write(person, wanted, basis=Basis.WITHDRAWN, channel=channel, by=by, at=at)
    if has_left(person):
        for lead in Lead.objects.unmerged().filter(same_person(person), stage__in=WITH_MARKETING).order_by("pk"):
            qualifying.unsubscribe(lead, by=by, at=at)


def standing(person: Person) -> dict[str, Consent]:
    """{purpose: the newest word about it}, of everyone recorded with the person's address."""
    return {one.purpose: one for one in Consent.objects.filter(same_person(person)).order_by("id")}


def basis_for(person: Person, purpose: str) -> Consent | None:
    """On what the person may be written to about this, or None."""
    newest = standing(person).get(purpose)
    return None if newest is None or newest.basis == Basis.WITHDRAWN or has_left(person) else newest


def has_left(person: Person | None) -> bool:
    """Whether they want no more of us: everything they ever spoke of is withdrawn, or they ended as Unsubscribed or
    were erased, and have not consented to anything since."""
    if person is None:
        return False
    said = standing(person)
    if said and all(one.basis == Basis.WITHDRAWN for one in said.values()):
        return True
    gone = Lead.objects.filter(same_person(person), stage=LeadStage.UNSUBSCRIBED)
    given = [one.at for one in said.values() if one.basis == Basis.CONSENT]
    erased = erased_at(person)
    if erased and not any(at > erased for at in given):
        return True
    return (gone.filter(stage_entered_at__gte=max(given)) if given else gone).exists()


def _write(person: Person, purposes: Iterable[str], *, basis: str, channel: str, by, at: datetime) -> list[Consent]:
    return [
        Consent.objects.create(person=person, purpose=Purpose(purpose), basis=basis, channel=channel, by=by, at=at)
        for purpose in purposes
    ]
