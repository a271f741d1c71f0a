import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .consent import Consent, Purpose
from .lead import Lead
from .person import Person


def new_token() -> str:
    return secrets.token_urlsafe(24)


class MailTemplate(models.Model):
    """Words for many mails, with placeholders (`domain.contacting.templating`). Written by `wording`."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, default=Purpose.OFFERS)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"), max_length=20_000)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class MailState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Not sent")


class MailQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(lead__in=Lead.objects.visible_to(user))

    def counting(self):
        """Those that have reached somebody, or are about to."""
        return self.filter(state__in=[MailState.WAITING, MailState.SENDING, MailState.SENT])


class Mail(models.Model):
    """One mail to one person, as it is or was sent. Its state changes only in `domain.contacting.mailing`.

    `provider_id`: what the provider that delivers it calls it. `counts_clicks`: its links lead through us, so that
    following one is known. `returned_at`, `complained_at`: it came back, or its reader called it unwanted.
    `may_be_twice`: a worker ended between handing it to the mail server and writing that down, so it was handed over
    once more, under the same Message-ID.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="mails")
    person = models.ForeignKey(Person, models.PROTECT, related_name="mails")
    template = models.ForeignKey(MailTemplate, models.PROTECT, null=True, related_name="mails")
    purpose = models.CharField(max_length=10, choices=Purpose)
    consent = models.ForeignKey(Consent, models.PROTECT, null=True, related_name="+")
    to = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=MailState, default=MailState.WAITING)
    due_at = models.DateTimeField()
    sending_by = models.BigIntegerField(null=True)  # the job that handed it over, or died doing so
    sent_at = models.DateTimeField(null=True)
    may_be_twice = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    counts_clicks = models.BooleanField(default=False)
    returned_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["person", "due_at"], name="mail_of_person"),
            models.Index(fields=["lead", "-id"], name="mail_of_lead"),
            models.Index(fields=["state", "-id"], name="mail_in_state"),
            models.Index(fields=["provider_id"], name="mail_of_provider", condition=~Q(provider_id="")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | Q(~Q(state="sent"), sent_at__isnull=True),
                name="mail_is_sent_if_and_only_if_it_has_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(sending_by__isnull=False), name="mail_is_sent_by_a_job"
            ),
        ]

    def __str__(self):
        return self.subject
