"""The company whose pipeline this is, and what other currencies were worth to it, day by day."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation import within_request

THE_ONE = 1


class Company(models.Model):
    """One row; written by domain.company."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    name = models.CharField(_("name"), max_length=120, blank=True)
    base_currency = models.CharField(_("base currency"), max_length=3, default="EUR")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Berlin")
    fiscal_year_start_month = models.PositiveSmallIntegerField(
        _("fiscal year starts in"), default=1, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    freeze_weekday = models.PositiveSmallIntegerField(  # 0 is Monday
        _("judgements freeze on"), default=0, validators=[MaxValueValidator(6)]
    )
    freeze_hour = models.PositiveSmallIntegerField(
        _("judgements freeze at"), default=9, validators=[MaxValueValidator(23)]
    )

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=THE_ONE), name="company_is_the_only_one"),
            models.CheckConstraint(
                condition=models.Q(fiscal_year_start_month__range=(1, 12)), name="company_fiscal_year_starts_in_a_month"
            ),
            models.CheckConstraint(
                condition=models.Q(freeze_weekday__range=(0, 6), freeze_hour__range=(0, 23)),
                name="company_judgements_freeze_in_an_hour_of_the_week",
            ),
        ]

    def __str__(self) -> str:
        return self.name or "Pipeline CRM"

    def save(self, *args, **kwargs) -> None:
        super().save(*args, **kwargs)
        within_request.forget(Company)

    @classmethod
    def get(cls) -> "Company":
        """The one company, created with the defaults on first demand; within a request it is read once."""
        return within_request.kept(cls, lambda: cls.objects.get_or_create(pk=THE_ONE)[0])


class ExchangeRate(models.Model):
    """From `on` until the next dated rate, one unit of `currency` is worth `rate` units of the base currency."""

    currency = models.CharField(_("currency"), max_length=3)
    on = models.DateField(_("from"))
    rate = models.DecimalField(
        _("rate"), max_digits=18, decimal_places=8, validators=[MinValueValidator(Decimal("0.00000001"))]
    )

    class Meta:
        ordering = ["currency", "-on"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "on"], name="exchange_rate_is_one_per_currency_and_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate.normalize():f} ({self.on})"
