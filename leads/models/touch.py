from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .lead import Lead
from .organisation import Organisation
from .person import Person
from .source import Source

LONGEST_KEY = 200


class TouchKind(models.TextChoices):
    """What they did, or what we did together; that we wrote to them is no touch."""

    FORM = "form", _("Form sent")
    CLICK = "click", _("Link followed")
    REPLY = "reply", _("Reply")
    CALL = "call", _("Call")
    MEETING = "meeting", _("Meeting")
    API = "api", _("Sent by a program of the site")
    JOINED = "joined", _("Came in again")


class TouchQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of leads one sees; what happened on deals alone belongs to everyone who sees the person."""
        return self.filter(Q(lead__in=Lead.objects.visible_to(user)) | Q(lead=None)) if user.is_active else self.none()

    def of(self, lead: Lead):
        """Those of the lead, and of its person wherever they happened."""
        mine = Q(lead=lead)
        return self.filter(mine | Q(person=lead.person_id) if lead.person_id else mine)


class Touch(models.Model):
    """One sign of interest: when, how, through which page and campaign. Rows are added by `domain.touching`, and only
    merging and erasing change them.

    `key` names what it came from (a capture, an activity, a message), so that what is told twice is one touch.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, null=True, related_name="touches")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="touches")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="touches")
    kind = models.CharField(max_length=8, choices=TouchKind)
    at = models.DateTimeField()
    what = models.CharField(max_length=200, blank=True)
    page = models.CharField(max_length=500, blank=True)
    campaign = models.JSONField(default=dict)
    source = models.ForeignKey(Source, models.PROTECT, null=True, related_name="touches")
    key = models.CharField(max_length=LONGEST_KEY, unique=True, null=True)  # noqa: DJ001 - unique where there is one
    recorded_at = models.DateTimeField(auto_now_add=True)

    objects = TouchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "touches"
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["lead", "at"], name="touch_of_lead"),
            models.Index(fields=["person", "at"], name="touch_of_person"),
            models.Index(fields=["organisation", "at"], name="touch_of_organisation"),
            models.Index(fields=["at", "id"], name="touch_by_moment"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lead__isnull=False) | Q(person__isnull=False) | Q(organisation__isnull=False),
                name="touch_is_somebodys",
            ),
        ]

    def __str__(self):
        return self.what or self.get_kind_display()
