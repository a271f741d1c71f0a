"""The company's own lists: what it sells, and why it loses. What has been used is archived, never deleted."""

from django.db import transaction
from django.utils.translation import gettext as _

from ..models import LostReason, Product
from .shaping import NameTaken


@transaction.atomic
def keep_product(name: str, *, price, currency: str, by, product: Product | None = None) -> Product:
    """Add a product, or change the one given. Deals keep the prices they were made with."""
    _free(Product, name, besides=product)
    product = product or Product()
    product.name, product.price, product.currency = name.strip(), price, currency
    product.save()
    return product


@transaction.atomic
def keep_reason(
    name: str,
    *,
    contact_again_after_days: int | None,
    most_tries: int | None = None,
    by,
    reason: LostReason | None = None,
) -> LostReason:
    """Add a lost reason, or change the one given: its name, after how many days to contact again, and how often."""
    _free(LostReason, name, besides=reason)
    reason = reason or LostReason()
    reason.name, reason.contact_again_after_days = name.strip(), contact_again_after_days
    reason.most_tries = most_tries
    reason.save()
    return reason


@transaction.atomic
def archive(entry: Product | LostReason, *, by, at) -> None:
    """Offer it no more; archived again it is offered again."""
    entry.archived_at = None if entry.archived_at else at
    entry.save(update_fields=["archived_at"])


def _free(model, name: str, *, besides) -> None:
    if model.objects.filter(name__iexact=name.strip()).exclude(pk=besides and besides.pk).exists():
        raise NameTaken(_("%(name)s is in the list already.") % {"name": name.strip()}, fields=["name"])
