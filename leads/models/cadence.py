from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .activity import LeadActivity
from .lead import Lead
from .mail import Mail, MailTemplate


class Cadence(models.Model):
    """A named sequence of steps with waits between them. Written by `domain.contacting.shaping`."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class StepKind(models.TextChoices):
    MAIL = "email", _("E-mail")
    CALL = "call", _("Call")
    TASK = "task", _("Task")


class CadenceStep(models.Model):
    """What is done `wait_days` after the step before: a mail from a template, or a call or task for the lead's owner.

    A step that has been taken is retired, never deleted.
    """

    cadence = models.ForeignKey(Cadence, models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("kind"), max_length=5, choices=StepKind)
    wait_days = models.PositiveSmallIntegerField(_("days after the step before"), default=3)
    template = models.ForeignKey(MailTemplate, models.PROTECT, null=True, blank=True, related_name="+")
    subject = models.CharField(_("what"), max_length=200, blank=True)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["cadence", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["cadence", "position"], condition=Q(retired_at=None), name="cadence_has_one_step_per_position"
            ),
            models.CheckConstraint(
                condition=Q(kind="email", template__isnull=False) | Q(~Q(kind="email"), template__isnull=True),
                name="cadence_step_has_a_template_if_and_only_if_it_is_a_mail",
            ),
        ]

    def __str__(self):
        return self.subject or str(self.template or self.get_kind_display())


class EnrolmentState(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    STOPPED = "stopped", _("Stopped")


class EnrolmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def active(self):
        return self.filter(state__in=[EnrolmentState.RUNNING, EnrolmentState.PAUSED])

    def due(self, at):
        return self.filter(state=EnrolmentState.RUNNING, due_at__lte=at)


class Enrolment(models.Model):
    """A lead on its way through a cadence; in at most one. Changes only in `domain.contacting.sequencing`.

    `next_step` is taken at `due_at`, or later when that would come too near: then `due_at` is when it is looked at
    again, and `waits_because` says why.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="enrolments")
    cadence = models.ForeignKey(Cadence, models.PROTECT, related_name="enrolments")
    state = models.CharField(max_length=8, choices=EnrolmentState, default=EnrolmentState.RUNNING)
    next_step = models.ForeignKey(CadenceStep, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    waits_because = models.CharField(max_length=300, blank=True)
    ended_because = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_at"], name="enrolment_due", condition=Q(state="running"))]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(state__in=["running", "paused"]), name="lead_is_in_one_cadence_at_most"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "paused"], next_step__isnull=False, ended_at__isnull=True)
                | Q(state__in=["finished", "stopped"], next_step__isnull=True, ended_at__isnull=False),
                name="enrolment_has_a_next_step_if_and_only_if_active",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(due_at__isnull=False), name="enrolment_that_runs_is_due_some_day"
            ),
        ]

    @property
    def is_active(self) -> bool:
        return self.state in (EnrolmentState.RUNNING, EnrolmentState.PAUSED)


class StepTaken(models.Model):
    """A step that was taken, or skipped: what came of it. One for each step of an enrolment, at most."""

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="taken")
    step = models.ForeignKey(CadenceStep, models.PROTECT, related_name="taken")
    at = models.DateTimeField()
    skipped_because = models.CharField(max_length=300, blank=True)
    mail = models.OneToOneField(Mail, models.PROTECT, null=True, related_name="step_taken")
    activity = models.OneToOneField(LeadActivity, models.SET_NULL, null=True, related_name="step_taken")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="cadence_step_is_taken_once")]
