import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from .lead import Lead
from .mail import Mail
from .person import Person


class ReplyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of leads one sees; of people without a lead, everyone's who sees the person."""
        return self.filter(Q(lead__in=Lead.objects.visible_to(user)) | Q(lead=None)) if user.is_active else self.none()


class Reply(models.Model):
    """A mail that somebody we know wrote to us, filed on them and on their lead. Written by `contacting.filing`.

    `text` is what they wrote, `quoted` what they repeated of an earlier mail. An automatic one, as from somebody who is
    on holiday, says nothing about their interest.
    """

    message_id = models.CharField(max_length=300, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="replies")
    lead = models.ForeignKey(Lead, models.PROTECT, null=True, related_name="replies")
    mail = models.ForeignKey(Mail, models.PROTECT, null=True, related_name="replies")
    sender = models.EmailField()
    sender_name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=False)
    written_at = models.DateTimeField()
    received_at = models.DateTimeField()

    objects = ReplyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "replies"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["lead", "-id"], name="reply_of_lead"),
            models.Index(fields=["person", "-id"], name="reply_of_person"),
        ]

    def __str__(self):
        return self.subject or str(_("No subject"))


class AttachmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(reply__in=Reply.objects.visible_to(user))


def place_of(attachment: "Attachment", name: str) -> str:
    """Where the file lies: nothing of the name that others chose is in it."""
    return f"replies/{attachment.reply.received_at:%Y/%m}/{secrets.token_hex(16)}"


class Attachment(models.Model):
    """A file that came with a mail, or why it was not kept. It is only ever handed out as a download."""

    reply = models.ForeignKey(Reply, models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    file = models.FileField(upload_to=place_of, blank=True)
    left_out_because = models.CharField(max_length=200, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(file="", left_out_because__gt="") | Q(file__gt="", left_out_because=""),
                name="attachment_is_kept_or_says_why_not",
            ),
        ]

    def __str__(self):
        return self.name


class Undeliverable(models.Model):
    """An address to which mails come back, since when and why; nothing is sent there until that has ended.

    Written by `contacting.returning`.
    """

    address = models.EmailField()
    because = models.CharField(max_length=300)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "undeliverable"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(Upper("address"), condition=Q(ended_at=None), name="address_is_undeliverable_once")
        ]

    def __str__(self):
        return self.address


class MailboxPlace(models.Model):
    """How far a mailbox has been read. Written by `contacting.fetching`."""

    mailbox = models.CharField(max_length=300, unique=True)
    validity = models.BigIntegerField()
    last_uid = models.BigIntegerField(default=0)
    read_at = models.DateTimeField()

    def __str__(self):
        return self.mailbox
