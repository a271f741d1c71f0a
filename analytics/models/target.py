"""What is to be won in a period, and every word that was ever said about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class TargetQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """What is aimed at is no secret among colleagues."""
        return self.all() if user.is_active and user.is_authenticated else self.none()

    def said_before(self, moment: datetime) -> Self:
        """The newest word about each period of each pipeline, team and person before the moment, withdrawn ones too."""
        whose = ("pipeline_id", "team_id", "owner_id", "starts_on", "ends_on")
        return self.filter(recorded_at__lt=moment).order_by(*whose, "-id").distinct(*whose)


class Target(models.Model):
    """A pipeline, or in it a team or a person, is to win so much in these days. The newest word counts; without an
    amount the target was withdrawn. Append-only, kept so by the database; written by `targeting` alone."""

    pipeline = models.ForeignKey("deals.Pipeline", models.PROTECT, related_name="+")
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    base_amount = models.DecimalField(_("target"), max_digits=18, decimal_places=2, null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="target_starts_before_it_ends"),
            models.CheckConstraint(
                condition=Q(team__isnull=True) | Q(owner__isnull=True), name="target_is_of_a_team_or_of_a_person"
            ),
            models.CheckConstraint(
                condition=Q(base_amount__isnull=True) | Q(base_amount__gt=0, base_amount__lte="9999999999999999.99"),
                name="target_amount_is_above_zero",
            ),
        ]
        indexes = [models.Index(fields=["pipeline", "starts_on", "ends_on"], name="target_of_period")]

    def __str__(self) -> str:
        return f"{self.base_amount} from {self.starts_on} to {self.ends_on}"
