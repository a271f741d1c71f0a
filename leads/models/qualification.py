from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .lead import Lead


class Asks(models.TextChoices):
    """What sales must know of a criterion before a lead is handed over."""

    OPTIONAL = "optional", _("Good to know")
    KNOWN = "known", _("Must be known")
    MET = "met", _("Must be met")


class CriterionQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(archived_at=None)


class Criterion(models.Model):
    """One question of the checklist. Written by `domain.checking`; archived, never deleted."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    question = models.CharField(_("question"), max_length=200, blank=True)
    asks = models.CharField(_("before hand-over"), max_length=8, choices=Asks, default=Asks.KNOWN)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = CriterionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "criteria"
        constraints = [
            models.CheckConstraint(condition=Q(asks__in=Asks.values), name="criterion_asks_something_known"),
        ]

    def __str__(self):
        return self.name


class Said(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNKNOWN = "unknown", _("Not known")


class Answer(models.Model):
    """What was found out about a criterion; the newest of a lead stands, the earlier ones stay readable."""

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="answers")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="answers")
    said = models.CharField(max_length=7, choices=Said)
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(said__in=Said.values), name="answer_says_something_known"),
        ]
        indexes = [models.Index(fields=["lead", "criterion", "-id"], name="answer_newest")]

    def __str__(self):
        return f"{self.criterion_id}: {self.said}"
