from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .lead import ENDED_STAGES, Lead


class Sign(models.TextChoices):
    """By what two leads look like one; the surest first."""

    EMAIL = "email", _("same e-mail address")
    PHONE = "phone", _("same phone number")
    NAME = "name", _("similar name at the same company")
    COMPANY = "company", _("similar company")


class LikenessQuerySet(models.QuerySet):
    def open(self):
        """Those nobody has decided about, as long as both leads go on and neither was merged into another."""
        goes_on = ~Q(lead__stage__in=ENDED_STAGES) & ~Q(like__stage__in=ENDED_STAGES)
        return self.filter(goes_on, told_apart_at=None, lead__merged_into=None, like__merged_into=None)

    def visible_to(self, user):
        """Whoever sees both leads may compare them."""
        seen = Lead.objects.visible_to(user)
        return self.filter(lead__in=seen, like__in=seen)

    def of(self, lead: Lead):
        return self.filter(Q(lead=lead) | Q(like=lead))


class Likeness(models.Model):
    """A lead that is perhaps the same as an older one. Written by `domain.recognising`.

    Whoever has looked at both either merges them, or tells them apart, which is remembered.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="likenesses")
    like = models.ForeignKey(Lead, models.PROTECT, related_name="likened")
    signs = ArrayField(models.CharField(max_length=10, choices=Sign))
    found_at = models.DateTimeField()
    told_apart_at = models.DateTimeField(null=True)
    told_apart_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = LikenessQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "likenesses"
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], name="likeness_undecided", condition=Q(told_apart_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["lead", "like"], name="likeness_is_written_once"),
            models.CheckConstraint(condition=Q(like__lt=F("lead")), name="likeness_is_to_an_older_lead"),
        ]

    def __str__(self):
        return f"{self.lead} ~ {self.like}"

    @property
    def words(self) -> list[str]:
        """The signs in words, the surest first."""
        return [str(sign.label) for sign in Sign if sign in self.signs]

    @property
    def is_about_companies(self) -> bool:
        """Whether only the companies look like one: the people are colleagues then, and their leads two."""
        return self.signs == [Sign.COMPANY] and None not in (self.lead.person_id, self.like.person_id)

    def other_than(self, lead: Lead) -> Lead:
        return self.like if self.lead_id == lead.pk else self.lead
