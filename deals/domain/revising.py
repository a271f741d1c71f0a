"""Changing what is known of a deal; each change is written down."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leads.domain import capturing
from leads.domain.recycling import local_date
from leads.models import Person
from pipeline_crm.accounts.domain.rates import to_base
from pipeline_crm.foundation.append_only import LARGEST_AMOUNT, Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.revision import changed_fields, own_changes

from ..models import Deal, DealChange, DealLine, Product
from . import _log
from .seeing import see

REVISABLE = (
    "title",
    "amount",
    "currency",
    "owner",
    "team",
    "expected_close",
    "deal_type",
    "competitor",
    "concerns",
    "organisation",
    "person",
    "tags",
    "marketing_allowed",
)


class AmountTooLarge(Refusal):
    """An amount has sixteen digits before the point at most."""

    status = 422


@transaction.atomic
def revise(
    deal: Deal,
    *,
    by,
    at,
    seen_version: int | None = None,
    seen: Mapping | None = None,
    via: str = Origin.USER,
    **fields,
) -> Deal:
    """Change fields of a deal; a new amount is worth what the rate of the day of `at` says.

    A person may be named: whoever is known by that name or e-mail address, or a new one of the deal's organisation.
    Nothing is written where nothing changes. With `seen`, the values of fields as the sender saw them, only what they
    changed themselves is written.

    Refused: a deal that changed since `seen_version`, a field that somebody else changed since it was `seen`, a
    currency without a dated rate. An unknown field is a programming error (TypeError).
    """
    _log.lock(deal)
    see(deal, seen_version)
    fields = own_changes(deal, fields, seen=seen or {}, log=deal.changes.all())
    if isinstance(fields.get("person"), str):
        fields["person"] = _person(deal, fields["person"])
    changes = changed_fields(deal, fields, allowed=REVISABLE)
    if not changes:
        return deal
    names = [name for name, _before, _after in changes]
    if {"amount", "currency"} & set(names):
        deal.base_amount = in_base(deal.amount, deal.currency, on=local_date(at))
        names.append("base_amount")
    DealChange.objects.bulk_create(
        DealChange(deal=deal, field=name, before=before, after=after, by=by, recorded_at=timezone.now(), source=via)
        for name, before, after in changes
    )
    _log.touch(deal, *names)
    return deal


def _person(deal: Deal, named: str) -> Person | None:
    named = " ".join(named.split())
    if deal.person and named == str(deal.person):
        return deal.person
    if "@" in named:
        return capturing.find_person(email=named, organisation=deal.organisation)
    return capturing.find_person(name=named, organisation=deal.organisation)


def in_base(amount, currency: str, *, on) -> Decimal | None:
    """What the amount is worth in the base currency that day. Refused when it is more than can be kept."""
    worth = to_base(amount, currency, on=on)
    if max(amount or 0, worth or 0) > LARGEST_AMOUNT:
        raise AmountTooLarge(_("That is more than a deal can be worth here."), fields=["amount"])
    return worth


@transaction.atomic
def set_lines(
    deal: Deal,
    *,
    lines: Iterable[tuple[Product, Decimal, Decimal | None]],
    follow: bool,
    by,
    at,
    seen_version: int | None = None,
) -> Deal:
    """Replace the products of a deal: (product, quantity, unit price). With `follow` the amount becomes their sum.

    Refused: a deal that changed since `seen_version`.
    """
    _log.lock(deal)
    see(deal, seen_version)
    before = [_as_written(line) for line in deal.lines.order_by("id")]
    deal.lines.all().delete()
    rows = DealLine.objects.bulk_create(
        DealLine(deal=deal, product=product, quantity=quantity, unit_price=unit_price)
        for product, quantity, unit_price in lines
    )
    after = [_as_written(row) for row in rows]
    if before != after:
        DealChange.objects.create(
            deal=deal, field="lines", before=before, after=after, by=by, recorded_at=timezone.now()
        )
        _log.touch(deal)
    if follow:
        total = sum((row.quantity * row.unit_price for row in rows if row.unit_price is not None), Decimal(0))
        revise(deal, amount=total.quantize(Decimal("0.01")), by=by, at=at)
    return deal


def _as_written(line: DealLine) -> list:
    price = None if line.unit_price is None else f"{line.unit_price:.2f}"
    return [line.product_id, f"{line.quantity:.2f}", price]
