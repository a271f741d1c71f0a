from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.models import Pipeline


class ImprovementQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        return self.all() if user.is_active else self.none()


class Improvement(models.Model):
    """Something that is done about one stage of the river from a day on. What came of it is in the report `improve`.

    `stage` is the key of a stage of leads or deals, as reports use it. Once given up it stays, and is compared no more.
    """

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="improvements")
    stage = models.CharField(_("stage"), max_length=40)
    what = models.CharField(_("what is done"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    starts_on = models.DateField(_("from"))
    given_up_at = models.DateTimeField(null=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = ImprovementQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "-id"]

    def __str__(self):
        return self.what


class Sighting(models.Model):
    """A bottleneck that was named, from the first day to the last; written by `watching`; at most one lasts."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="sightings")
    stage = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    first_seen = models.DateField()
    last_seen = models.DateField()
    ended_on = models.DateField(null=True)

    class Meta:
        ordering = ["-first_seen", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline"], condition=models.Q(ended_on=None), name="one_bottleneck_lasts_a_pipeline"
            )
        ]

    def __str__(self):
        return self.name
