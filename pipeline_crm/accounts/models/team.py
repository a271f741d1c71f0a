"""Teams, and what each person does in them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models.visibility import SignedInVisible


class Role(models.TextChoices):
    REP = "rep", _("Sales")
    MARKETER = "marketer", _("Marketing")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Administrator")


class Team(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)

    objects = SignedInVisible.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one team; written by domain.membership."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=8, choices=Role.choices, default=Role.REP)

    class Meta:
        ordering = ["team__name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="membership_is_one_per_person_and_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role} in {self.team_id}"
