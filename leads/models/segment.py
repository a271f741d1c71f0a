from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from .cadence import Cadence, Enrolment
from .lead import Lead
from .mail import Mail, MailTemplate


class Segment(models.Model):
    """Leads that have something in common: a filter of the board under a name. Written by `contacting.segmenting`.

    It is looked at with the eyes of its owner, who kept it last. With a cadence it puts those in who come to belong to
    it, each once in an attempt; if it `removes`, whoever belongs to it no longer comes out again.
    """

    name = models.CharField(_("name"), max_length=80)
    query = models.TextField(max_length=2000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    cadence = models.ForeignKey(Cadence, models.PROTECT, null=True, blank=True, related_name="segments")
    removes = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="segment_has_a_name_of_its_own")]

    def __str__(self):
        return self.name


class WhyNot(models.TextChoices):
    """Why somebody is left out."""

    NOBODY = "nobody", _("no e-mail address")
    RETURNED = "returned", _("mails to the address come back")
    NO_BASIS = "no_basis", _("no consent or legitimate interest")
    NOT_KNOWN = "not_known", _("something the template needs is not known")
    NEVER = "never", _("the rules of distance name no day")
    TWICE = "twice", _("has it already, on another lead")
    BUSY = "busy", _("is in another cadence, or not with marketing")


class SegmentEntry(models.Model):
    """A lead that came to belong to a segment with a cadence: the enrolment it got, or why it got none. Once an
    attempt of the lead."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="entries")
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+")
    attempt = models.PositiveIntegerField()
    enrolment = models.OneToOneField(Enrolment, models.PROTECT, null=True, related_name="segment_entry")
    why_not = models.CharField(max_length=10, choices=WhyNot, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "lead", "attempt"], name="segment_puts_a_lead_in_once_an_attempt"
            ),
            models.CheckConstraint(
                condition=Q(~Q(why_not=""), enrolment__isnull=True) | Q(why_not="", enrolment__isnull=False),
                name="segment_entry_is_enrolled_or_says_why_not",
            ),
        ]


class Mailing(models.Model):
    """One mail to everyone in a segment at once; each goes out at the moment that is appropriate for its reader."""

    segment = models.ForeignKey(Segment, models.PROTECT, related_name="mailings")
    template = models.ForeignKey(MailTemplate, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.template} · {self.segment}"


class MailingLine(models.Model):
    """What became of one lead in a mailing: the mail that was written, or why there is none."""

    mailing = models.ForeignKey(Mailing, models.CASCADE, related_name="lines")
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+")
    mail = models.OneToOneField(Mail, models.PROTECT, null=True, related_name="mailing_line")
    why_not = models.CharField(max_length=10, choices=WhyNot, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["mailing", "lead"], name="mailing_reaches_a_lead_once"),
            models.CheckConstraint(
                condition=Q(~Q(why_not=""), mail__isnull=True) | Q(why_not="", mail__isnull=False),
                name="mailing_line_is_a_mail_or_says_why_not",
            ),
        ]
