from datetime import time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Team
from pipeline_crm.foundation.append_only import AmendmentKind

from .distance import THE_ONE, working_days
from .lead import Lead
from .transition import LeadAmendment


class HandOverRules(models.Model):
    """Within how many working hours sales accepts or hands back, and when it works: one row, no hours, no clock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    agreed_hours = models.PositiveSmallIntegerField(
        _("working hours to accept or hand back"),
        null=True,
        blank=True,
        default=8,
        validators=[MinValueValidator(1), MaxValueValidator(400)],
    )
    days = ArrayField(models.PositiveSmallIntegerField(), default=working_days)
    opens = models.TimeField(_("from"), default=time(9))
    closes = models.TimeField(_("to"), default=time(17))

    class Meta:
        verbose_name_plural = "hand-over rules"
        constraints = [
            models.CheckConstraint(condition=Q(id=THE_ONE), name="handover_rules_are_the_only_ones"),
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="working_day_begins_before_it_ends"),
            models.CheckConstraint(
                condition=Q(days__len__gt=0, days__contained_by=list(range(7))), name="working_week_has_a_day"
            ),
        ]

    @classmethod
    def get(cls) -> "HandOverRules":
        """The one row, with the defaults while nobody has set any."""
        return cls.objects.filter(pk=THE_ONE).first() or cls()


class Share(models.TextChoices):
    TURNS = "turns", _("By turns")
    LOAD = "load", _("To whoever has least open")


class TerritoryQuerySet(models.QuerySet):
    def in_order(self):
        """As they are asked; the one that takes everything else comes last."""
        is_rest = Q(country="", sector="")
        return self.annotate(is_rest=Case(When(is_rest, then=1), default=0)).order_by("is_rest", "position", "pk")


class Territory(models.Model):
    """Which team takes the leads of a country or sector, and who in it: the first that fits decides."""

    position = models.PositiveSmallIntegerField(default=0)
    country = models.CharField(_("country"), max_length=100, blank=True, help_text=_("Empty: any."))
    sector = models.CharField(_("sector"), max_length=100, blank=True, help_text=_("Empty: any."))
    team = models.ForeignKey(Team, models.PROTECT, related_name="territories", verbose_name=_("team"))
    share = models.CharField(_("to whom"), max_length=5, choices=Share, default=Share.TURNS)
    most_open = models.PositiveSmallIntegerField(
        _("at most open at once"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(9999)],
        help_text=_("Leads waiting for their answer and open deals of one person; empty: no limit."),
    )

    objects = TerritoryQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "territories"
        constraints = [
            models.UniqueConstraint("country", "sector", name="territory_is_one_per_country_and_sector"),
        ]

    def __str__(self):
        return " · ".join(part for part in (self.country, self.sector) if part) or str(_("Everything else"))


class HandOverQuerySet(models.QuerySet):
    def standing(self):
        """Those whose step has not been taken back."""
        voided = LeadAmendment.objects.filter(
            card=models.OuterRef("lead"), seq=models.OuterRef("seq"), kind=AmendmentKind.VOID
        )
        return self.filter(~models.Exists(voided))


class HandOver(models.Model):
    """One offer of a lead to sales: to whom, by which rule, until when, and who had it before.

    `seq` is the lead's step to Ready for sales that it belongs to; when that step is voided, so is this.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="handovers")
    seq = models.PositiveIntegerField()
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="handovers")
    territory = models.ForeignKey(Territory, models.SET_NULL, null=True, related_name="handovers")
    owner_before = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    team_before = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = HandOverQuerySet.as_manager()

    class Meta:
        ordering = ["lead", "seq"]
        constraints = [models.UniqueConstraint(fields=["lead", "seq"], name="handover_happens_once_per_step")]
        indexes = [models.Index(fields=["territory", "to", "-id"], name="handover_turns")]


class HandBackReason(models.Model):
    """Why sales hands a lead back."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name
