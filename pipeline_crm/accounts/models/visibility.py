"""Who sees what, as a query: the one rule for everything that has an owner and a team."""

from __future__ import annotations

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


class SignedInVisible(models.QuerySet):
    """Rows everyone who works here may see."""

    def visible_to(self, user: User | Any) -> Self:
        return self.all() if user.is_active and user.is_authenticated else self.none()
