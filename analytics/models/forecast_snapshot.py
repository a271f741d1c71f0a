"""What was forecast on an evening, and what came: the record by which forecasts are judged."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class OfPeriod(models.Model):
    """Something said of what a pipeline, or in it a team or a person, wins in these days, both included."""

    pipeline = models.ForeignKey("deals.Pipeline", models.PROTECT, related_name="+")
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="%(class)s_starts_before_it_ends"),
            models.CheckConstraint(
                condition=Q(team__isnull=True) | Q(owner__isnull=True), name="%(class)s_is_of_a_team_or_of_a_person"
            ),
        ]


class ForecastQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """As the pages of the forecast: everyone signed in."""
        return self.all() if user.is_active and user.is_authenticated else self.none()


class ForecastSnapshot(OfPeriod):
    """What one method said on the evening of `as_of` of a period that had not ended then. Append-only, kept so by the
    database; written by `recording` alone.

    quantiles: at the levels of `estimators.history` of all that is won in the period, or one number for a mere figure;
    won: what of it was won by then. target and chance: of the forecast that pages show, where a target stood.
    """

    as_of = models.DateField()
    method = models.CharField(max_length=40)
    won = models.FloatField()
    point = models.FloatField()
    quantiles = ArrayField(models.FloatField())
    target = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    chance = models.FloatField(null=True)

    objects = ForecastQuerySet.as_manager()

    class Meta(OfPeriod.Meta):
        ordering = ["as_of", "id"]
        constraints = [
            *OfPeriod.Meta.constraints,
            models.CheckConstraint(condition=Q(as_of__lt=F("ends_on")), name="%(class)s_is_said_before_the_end"),
            models.CheckConstraint(
                condition=Q(target__isnull=True, chance__isnull=True)
                | Q(target__isnull=False, chance__isnull=False, target__gt=0, chance__gte=0, chance__lte=1),
                name="%(class)s_has_a_chance_if_and_only_if_a_target",
            ),
            models.UniqueConstraint(
                fields=["pipeline", "team", "owner", "as_of", "starts_on", "ends_on", "method"],
                nulls_distinct=False,
                name="%(class)s_is_said_once_an_evening",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} on {self.as_of} of {self.starts_on} to {self.ends_on}"


class ForecastOutcome(OfPeriod):
    """What was won in a period of which something had been forecast, as it was known on the evening of its last day.
    Append-only: what is voided or dated otherwise later changes no grade. Written by `recording` alone."""

    won = models.FloatField()

    objects = ForecastQuerySet.as_manager()

    class Meta(OfPeriod.Meta):
        ordering = ["ends_on", "id"]
        constraints = [
            *OfPeriod.Meta.constraints,
            models.UniqueConstraint(
                fields=["pipeline", "team", "owner", "starts_on", "ends_on"],
                nulls_distinct=False,
                name="%(class)s_is_known_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.won} from {self.starts_on} to {self.ends_on}"
