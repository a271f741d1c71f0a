from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.append_only import amount_is_a_number

from .source import Source


class CampaignQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone who works here may know what marketing does; who changes it is asked elsewhere."""
        return self if user.is_active else self.none()


class Campaign(models.Model):
    """Something done so that people come: an advertisement, a fair, a series of mails. Written by `domain.campaigning`.

    Who comes is recognised by `word`, which its links carry as utm_campaign; a campaign without one by its source and
    its days.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, related_name="campaigns", verbose_name=_("source")
    )
    word = models.CharField(_("utm_campaign in its links"), max_length=100, blank=True)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "name"]
        constraints = [
            models.UniqueConstraint(Lower("word"), condition=~Q(word=""), name="campaign_has_its_word_alone"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="campaign_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=~Q(word="") | Q(source__isnull=False), name="campaign_is_recognised_by_word_or_source"
            ),
        ]

    def __str__(self):
        return self.name


class CampaignCostQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(taken_back_at=None)


class CampaignCost(models.Model):
    """What was spent on a campaign on a day. A wrong one is taken back, never changed: reports know what was known."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="costs")
    on = models.DateField(_("day"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    what = models.CharField(_("what for"), max_length=120, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, editable=False)
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = CampaignCostQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-id"]
        constraints = [
            models.CheckConstraint(condition=amount_is_a_number(), name="campaign_cost_is_a_number"),
        ]

    def __str__(self):
        return f"{self.on}: {self.amount} {self.currency}"
