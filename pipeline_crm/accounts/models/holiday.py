from django.db import models
from django.utils.translation import gettext_lazy as _


class Holiday(models.Model):
    """A day on which nobody is contacted, in one country or everywhere. Written by domain.holidays."""

    on = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=80)
    country = models.CharField(_("country"), max_length=100, blank=True, help_text=_("Empty: everywhere."))

    class Meta:
        ordering = ["on", "country"]
        constraints = [
            models.UniqueConstraint(fields=["on", "country"], name="holiday_is_one_per_day_and_country"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.on.isoformat()})"
