"""What somebody supposed: a question to the forecast, with a name."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ScenarioQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """One's own, and what colleagues share."""
        if not (user.is_active and user.is_authenticated):
            return self.none()
        return self.filter(Q(by=user) | Q(is_shared=True))

    def kept(self) -> Self:
        return self.filter(removed_at=None)


class Scenario(models.Model):
    """Something else than what is expected: so much more or less begins, a stage takes longer or keeps more, deals are
    worth more, from a day on. Only the question is kept; answers are computed from the newest forecast, and none is
    ever part of it. Written by `scenarios` alone.

    inflow, stage_time and value are whole percent more (+) or less (-) than now; conversion is percentage points. stage
    is the key of a stage of the pipeline's deals, empty where neither its time nor its conversion is another.
    """

    pipeline = models.ForeignKey("deals.Pipeline", models.PROTECT, related_name="+")
    team = models.ForeignKey("accounts.Team", models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    inflow = models.SmallIntegerField(default=0)
    stage = models.CharField(max_length=40, blank=True)
    stage_time = models.SmallIntegerField(default=0)
    conversion = models.SmallIntegerField(default=0)
    value = models.SmallIntegerField(default=0)
    starts_on = models.DateField(_("from"))
    is_shared = models.BooleanField(_("colleagues see it"), default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    inflow__range=(-100, 400),
                    stage_time__range=(-90, 400),
                    conversion__range=(-100, 100),
                    value__range=(-100, 400),
                ),
                name="scenario_changes_within_reason",
            ),
            models.CheckConstraint(
                condition=~Q(stage="") | Q(stage_time=0, conversion=0), name="scenario_names_the_stage_it_changes"
            ),
            models.CheckConstraint(
                condition=Q(team__isnull=True) | Q(owner__isnull=True), name="scenario_is_of_a_team_or_of_a_person"
            ),
        ]
        indexes = [
            models.Index(fields=["pipeline", "created_at"], condition=Q(removed_at=None), name="scenario_of_pipeline")
        ]

    def __str__(self) -> str:
        return self.name
