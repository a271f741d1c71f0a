"""What people expect to be won, beside what is computed."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation.append_only import LARGEST_AMOUNT

from .forecast_snapshot import OfPeriod


class JudgementQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """One's own, those of the teams that one leads and of their people, the whole pipeline's for whoever leads a
        team; administrators see all."""
        if not (user.is_active and user.is_authenticated):
            return self.none()
        if user.is_admin:
            return self.all()
        led = [team for team in user.team_ids if user.leads_team(team)]
        mine = Q(owner=user) | Q(team__in=led) | Q(owner__memberships__team__in=led)
        if user.has_role(Role.MANAGER):
            mine |= Q(team=None, owner=None)
        return self.filter(mine).distinct()


class Judgement(OfPeriod):
    """What somebody expects to be won in a period in all, what is won already included: `commit` for sure, `best_case`
    if all goes well. Of a person, of a team, or of the whole pipeline; the newest word counts.

    With is_override whoever leads says it, for a reason, beside the figures below, which stay; without amounts it is
    taken back. A word belongs to the week that freezes next after it. Append-only; written by `judging` alone.
    """

    is_override = models.BooleanField(default=False)
    commit = models.DecimalField(_("commit"), max_digits=18, decimal_places=2, null=True)
    best_case = models.DecimalField(_("best case"), max_digits=18, decimal_places=2, null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    freezes_at = models.DateTimeField()

    objects = JudgementQuerySet.as_manager()

    class Meta(OfPeriod.Meta):
        ordering = ["-id"]
        indexes = [models.Index(fields=["pipeline", "starts_on", "ends_on"], name="judgement_of_period")]
        constraints = [
            *OfPeriod.Meta.constraints,
            models.CheckConstraint(
                condition=Q(commit__isnull=True, best_case__isnull=True)
                | Q(
                    commit__isnull=False,
                    best_case__isnull=False,
                    commit__gte=0,
                    best_case__gte=F("commit"),
                    best_case__lte=LARGEST_AMOUNT,
                ),
                name="judgement_best_case_is_no_less_than_commit",
            ),
            models.CheckConstraint(
                condition=Q(is_override=True) | Q(owner__isnull=False, by=F("owner")),
                name="judgement_is_of_who_says_it_or_overrides",
            ),
            models.CheckConstraint(
                condition=Q(is_override=False) | ~Q(reason=""), name="judgement_that_overrides_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(recorded_at__lt=F("freezes_at")), name="judgement_is_said_before_the_freeze"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.commit} to {self.best_case} from {self.starts_on} to {self.ends_on}"
