import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Team

from .consent import Channel, Purpose
from .lead import Lead
from .source import Source


def new_key() -> str:
    return secrets.token_urlsafe(12)


def new_token() -> str:
    return secrets.token_urlsafe(32)


class LeadForm(models.Model):
    """A form on somebody's page, and the door for programs of the same site. Written by `domain.collecting`.

    `key` stands in its address; `token` is the secret with which a program of the site sends leads.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    heading = models.CharField(_("heading"), max_length=120)
    thanks = models.CharField(_("thanks"), max_length=300)
    asks_phone = models.BooleanField(_("asks for a phone number"), default=False)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose, default=Purpose.OFFERS)
    consent_words = models.CharField(_("words of consent"), max_length=500)
    double_opt_in = models.BooleanField(_("confirm by e-mail before anything is kept as a lead"), default=True)
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, verbose_name=_("source"))
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, verbose_name=_("team"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("owner"), related_name="+"
    )
    key = models.CharField(max_length=30, unique=True, default=new_key, editable=False)
    token = models.CharField(max_length=60, unique=True, default=new_token, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Capture(models.Model):
    """One sending of a form: what was said, from where, and the lead it became. Written by `domain.collecting`.

    With double opt-in it becomes a lead only once its `token` has come back.
    """

    form = models.ForeignKey(LeadForm, models.PROTECT, related_name="captures")
    lead = models.ForeignKey(Lead, models.PROTECT, null=True, related_name="captures")
    said = models.JSONField(default=dict)
    campaign = models.JSONField(default=dict)
    page = models.CharField(max_length=500, blank=True)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.FORM)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300, blank=True)
    token = models.CharField(max_length=60, unique=True, default=new_token, editable=False)
    received_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["form", "-received_at"], name="capture_of_form"),
            models.Index(fields=["address", "-received_at"], name="capture_of_address"),
            models.Index(KeyTransform("email", "said"), "received_at", name="capture_of_mailbox"),
            models.Index(fields=["received_at"], name="capture_unconfirmed", condition=models.Q(lead=None)),
        ]
