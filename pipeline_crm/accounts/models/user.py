"""A person who works with Pipeline CRM and signs in by e-mail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models.team import Role
from pipeline_crm.accounts.models.visibility import SignedInVisible

COLOURS = 5


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class UserManager(BaseUserManager.from_queryset(SignedInVisible)):  # type: ignore[misc]
    use_in_migrations = False

    def create_user(self, email: str, password: str | None = None, name: str = "", **facts: Any) -> User:
        """A new person; without a password they cannot sign in until they have set one."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), name=name, **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **facts: Any) -> User:
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **facts})

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Addresses are kept in lower case: ANA@x and ana@x are one person."""
        return (email or "").strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """Answers what a person may lead and see; changed by domain.membership and domain.profile."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Empty: the company's."))
    language = models.CharField(_("language"), max_length=12, blank=True, help_text=_("Empty: the browser's."))
    theme = models.CharField(_("appearance"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    single_keys = models.BooleanField(_("single-key shortcuts on the boards"), default=True)
    told_by_mail = models.BooleanField(_("told by mail as well"), default=True)
    told_weekly = models.BooleanField(_("told each Monday what Insight found"), default=True)
    unread = models.PositiveIntegerField(default=0, editable=False)  # kept by domain.notifying

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        ordering = ["name", "email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_is_one_persons_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self).split(" ")[0]

    @property
    def initials(self) -> str:
        words = (self.name or self.email.split("@")[0].replace(".", " ")).split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def colour(self) -> int:
        """Which of the avatar colours, 0 to 4, the same everywhere."""
        return (self.pk or 0) % COLOURS

    @cached_property
    def roles(self) -> list[tuple[int, str]]:
        """(team id, role) of each membership, asked once a request."""
        return list(self.memberships.values_list("team_id", "role"))

    @property
    def team_ids(self) -> list[int]:
        return [team_id for team_id, _role in self.roles]

    @property
    def is_admin(self) -> bool:
        return self.is_superuser or any(role == Role.ADMIN for _team, role in self.roles)

    def leads_team(self, team_id: int | None) -> bool:
        """A manager or admin of that very team."""
        return any(team == team_id and role in (Role.MANAGER, Role.ADMIN) for team, role in self.roles)

    def has_role(self, role: str, team_id: int | None = None) -> bool:
        """Has the role in that team, or in any team when none is named."""
        return any(own == role and team_id in (None, team) for team, own in self.roles)
