from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.append_only import amount_is_a_number

from .deal import Deal


class Product(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="EUR")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=amount_is_a_number("price"), name="product_price_is_a_number")]

    def __str__(self):
        return self.name


class DealLine(models.Model):
    """A product in a deal."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="lines")
    quantity = models.DecimalField(max_digits=12, decimal_places=2, default=1)
    unit_price = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0, quantity__lte=9_999_999_999), name="dealline_has_a_quantity"
            ),
            models.CheckConstraint(condition=amount_is_a_number("unit_price"), name="dealline_price_is_a_number"),
        ]
