"""Who sees what, as a query: the one rule for everything that has an owner and a team."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from pipeline_crm.accounts.models.user import User


class TeamVisible(models.QuerySet):
    """Rows with `owner` and `team`: admins see all, others their own and their teams'; nobody inactive sees any."""

    def visible_to(self, user: User | Any) -> Self:
        if not user.is_active or not user.is_authenticated:
            return self.none()
        if user.is_admin:
            return self.all()
        return self.filter(models.Q(owner=user.pk) | models.Q(team__in=user.team_ids))

    def sight_of(self, user: User | Any) -> Hashable:
        """What decides which of these rows a person sees: who have the same sight see the same."""
        if user.is_admin:
            return "everything"
        teams = tuple(sorted(set(user.team_ids)))
        has_own_elsewhere = self.filter(owner=user.pk).exclude(team__in=teams).exists()
        return teams, user.pk if has_own_elsewhere else None


class SignedInVisible(models.QuerySet):
    """Rows everyone who works here may see."""

    def visible_to(self, user: User | Any) -> Self:
        return self.all() if user.is_active and user.is_authenticated else self.none()
