from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

THE_ONE = 1
AT_LEAST_ONE = [MinValueValidator(1), MaxValueValidator(999)]
DAYS = [MaxValueValidator(365)]


def working_days() -> list[int]:
    return [0, 1, 2, 3, 4]


class DistanceRules(models.Model):
    """How near marketing may come to people: one row, written by `domain.contacting.ruling`. No number, no limit."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    days = ArrayField(models.PositiveSmallIntegerField(), default=working_days)
    opens = models.TimeField(_("from"), default=time(9))
    closes = models.TimeField(_("to"), default=time(17))
    person_gap_days = models.PositiveSmallIntegerField(_("days between two contacts"), default=3, validators=DAYS)
    person_per_week = models.PositiveSmallIntegerField(
        _("in a week"), null=True, blank=True, default=2, validators=AT_LEAST_ONE
    )
    person_per_month = models.PositiveSmallIntegerField(
        _("in a month"), null=True, blank=True, default=4, validators=AT_LEAST_ONE
    )
    person_per_quarter = models.PositiveSmallIntegerField(
        _("in a quarter"), null=True, blank=True, default=9, validators=AT_LEAST_ONE
    )
    organisation_gap_days = models.PositiveSmallIntegerField(_("days between two contacts"), default=1, validators=DAYS)
    organisation_per_week = models.PositiveSmallIntegerField(
        _("in a week"), null=True, blank=True, default=4, validators=AT_LEAST_ONE
    )
    organisation_per_month = models.PositiveSmallIntegerField(
        _("in a month"), null=True, blank=True, default=8, validators=AT_LEAST_ONE
    )
    organisation_per_quarter = models.PositiveSmallIntegerField(
        _("in a quarter"), null=True, blank=True, default=18, validators=AT_LEAST_ONE
    )
    quiet_after_loss_days = models.PositiveSmallIntegerField(
        _("quiet days after a lost deal"), default=30, validators=[MaxValueValidator(1000)]
    )
    open_deal_pauses = models.BooleanField(_("an open deal pauses marketing to its organisation"), default=True)

    counts_clicks = models.BooleanField(_("count who follows a link in a mail"), default=True)

    class Meta:
        verbose_name_plural = "distance rules"
        constraints = [
            models.CheckConstraint(condition=Q(id=THE_ONE), name="distance_rules_are_the_only_ones"),
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="contact_window_opens_before_it_closes"),
            models.CheckConstraint(
                condition=Q(days__len__gt=0, days__contained_by=list(range(7))), name="contact_window_has_a_day"
            ),
        ]

    @classmethod
    def get(cls) -> "DistanceRules":
        """The one row, with the defaults while nobody has set any."""
        return cls.objects.filter(pk=THE_ONE).first() or cls()
