from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.Model):
    """Where a lead came from."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class DisqualifyReason(models.Model):
    """Why marketing lets a lead go for good."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name
