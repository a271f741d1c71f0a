"""Filters that people keep under a name: links to a page with a query. The address stays the truth."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models.team import Team

LONGEST_QUERY = 2000


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """One's own, and what colleagues share with a team one is in."""
        if not user.is_active or not user.is_authenticated:
            return self.none()
        return self.filter(Q(owner=user.pk) | Q(shared_with_team__in=user.team_ids))


class SavedView(models.Model):
    """A page and a query under a name; written by domain.viewing."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="views")
    page = models.CharField(max_length=80)
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(max_length=LONGEST_QUERY)
    shared_with_team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="views", verbose_name=_("shared with")
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = [
            models.UniqueConstraint("owner", "page", Lower("name"), name="savedview_name_is_used_once_by_a_person"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return f"{self.page}?{self.query}"


class FirstView(models.Model):
    """The view that opens when a person comes to a page without asking for anything."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="first_views")
    page = models.CharField(max_length=80)
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="first_for")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "page"], name="firstview_is_one_per_person_and_page"),
        ]
