from django.db import models
from django.utils.translation import gettext_lazy as _


class LostReason(models.Model):
    """Why a deal was lost, and how long to wait before asking again."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    contact_again_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.name
