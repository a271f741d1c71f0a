from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .lead import Lead
from .person import Person


class ActivityKind(models.TextChoices):
    CALL = "call", _("Call")
    EMAIL = "email", _("E-mail")
    MEETING = "meeting", _("Meeting")
    TASK = "task", _("Task")
    NOTE = "note", _("Note")


class ActivityQuerySet(models.QuerySet):
    def planned(self):
        return self.filter(done_at=None).order_by("due_on", "id")


class Activity(models.Model):
    """Something planned with a date, or done with an outcome. A note is an activity that is done at once."""

    kind = models.CharField(_("kind"), max_length=8, choices=ActivityKind)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    due_on = models.DateField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(_("outcome"), blank=True, max_length=10_000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ActivityQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(due_on__isnull=False) | Q(done_at__isnull=False), name="%(class)s_is_planned_or_done"
            ),
        ]

    def __str__(self):
        return self.subject or self.get_kind_display()


class LeadActivity(Activity):
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="activities")

    class Meta(Activity.Meta):
        verbose_name_plural = _("activities with marketing")
        indexes = [models.Index(fields=["lead", "due_on"], name="lead_next_step", condition=Q(done_at=None))]
