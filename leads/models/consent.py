from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .person import Person


class Purpose(models.TextChoices):
    """What somebody is written to about; each is consented to, and withdrawn, on its own."""

    OFFERS = "offers", _("Offers and product news")
    NEWS = "news", _("Articles and newsletters")
    EVENTS = "events", _("Invitations to events")


class Basis(models.TextChoices):
    """On what somebody may be written to, or that they no longer may."""

    CONSENT = "consent", _("Consent")
    INTEREST = "interest", _("Legitimate interest")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Channel(models.TextChoices):
    """How we came to know it."""

    FORM = "form", _("form on a page")
    MAIL = "mail", _("link in a mail")
    HAND = "hand", _("by hand")
    IMPORT = "import", _("import")
    API = "api", _("API")


class Consent(models.Model):
    """One word about one purpose: given, based on our interest, or withdrawn. Written by `consenting`.

    Rows are added, never changed; the newest of a person and a purpose counts. What proves it stands in ConsentProof.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=10, choices=Purpose)
    basis = models.CharField(max_length=10, choices=Basis)
    channel = models.CharField(max_length=10, choices=Channel)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["person", "purpose", "-id"], name="consent_newest")]

    def __str__(self):
        return f"{self.get_purpose_display()}: {self.get_basis_display()}"


class ConsentProof(models.Model):
    """What shows that it was said: the words agreed to, and where they were sent from. Goes when a person is erased."""

    consent = models.OneToOneField(Consent, models.PROTECT, related_name="proof")
    words = models.TextField(max_length=2000)
    page = models.CharField(max_length=500, blank=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300, blank=True)
